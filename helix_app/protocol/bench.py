"""Benchmarks across the border between the window and the process that measures: request, progress, result."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BenchRequest:
    """Run a benchmark; the fields are those of ``bench.config.BenchConfig``."""

    target: str
    draft: str = "auto"
    k: str = "auto"
    device: str = "auto"
    dtype: str = "auto"
    kinds: tuple[str, ...] = ()
    prompts_per_kind: int = 3
    max_tokens: int = 128
    repeats: int = 3
    temperature: float = 0.0
    seed: int = 0
    peers: tuple[str, ...] = ()
    context: int | None = None


@dataclass(frozen=True)
class BenchProgressed:
    """A step of a benchmark; see ``bench.config.BenchProgress``.

    Attributes:
        stage: ``load``, ``peer``, ``warm_up``, ``measure``, ``compare`` or ``done``.
        detail: code of the loading stage while ``stage`` is ``load``.
        done, total: measured replies.
        seconds_left: None while unknown.
    """

    stage: str
    detail: str = ""
    done: int = 0
    total: int = 0
    arm: str = ""
    kind: str = ""
    seconds_left: float | None = None
    decode_tokens_per_second: float | None = None


@dataclass(frozen=True)
class BenchDone:
    """A benchmark is over, or was stopped after at least one reply.

    Attributes:
        document: the result as the JSON that ``bench --json`` writes.
    """

    document: str
