"""Results made by hand, so that every figure is known."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from helix_app.bench.config import BASELINE, HELIX, BenchConfig
from helix_app.bench.records import BenchNotice, BenchResult, PromptRecord, RunRecord

Speed = Callable[[str, str, int], float]  # of an arm, prompt and repeat


def record(arm: str = BASELINE, prompt: str = "chat-1", repeat: int = 0, **changes: Any) -> RunRecord:
    """A reply of 32 tokens at 10 tokens/s; the kind is the prompt's name up to its dash."""
    speed = changes.pop("speed", 10.0)
    basic = RunRecord(
        index=0,
        arm=arm,
        kind=prompt.rsplit("-", 1)[0],
        prompt_id=prompt,
        repeat=repeat,
        seed=7,
        prompt_tokens=20,
        tokens=32,
        finish_reason="length",
        time_seconds=0.2 + 31 / speed,
        time_to_first_token=0.2,
        tokens_per_second=32 / (0.2 + 31 / speed),
        decode_tokens_per_second=speed,
        mean_accepted_length=1.0,
        target_passes=31,
        peak_memory_bytes=2**30,
        token_ids=tuple(range(32)),
        timeline=((0.2, 1), (0.2 + 31 / speed, 32)) if repeat == 0 else (),
    )
    if arm == HELIX:
        basic = replace(
            basic,
            acceptance_rate=0.5,
            mean_accepted_length=2.0,
            target_passes=16,
            drafted_tokens=40,
            accepted_tokens=20,
            reached_by_position=(16, 10),
            accepted_by_position=(12, 8),
            draft_ms=0.5,
            verify_ms=20.0,
            plain_ms=15.0,
            k_mean=2.5,
            k_counts=((0, 4), (2, 12)),
        )
    return replace(basic, **changes)


def noisy(speedup: float = 1.5, noise: float = 0.02, seed: int = 0) -> Speed:
    """Speeds with independent noise; Helix is ``speedup`` times as fast as all others."""
    random = np.random.default_rng(seed)

    def speed(arm: str, prompt: str, repeat: int) -> float:
        return float(10 * (speedup if arm == HELIX else 1.0) * np.exp(random.normal(0, noise)))

    return speed


def alike(speed: Speed) -> Speed:
    """The same speeds in every kind: what the first of them draws for a prompt's number and a repeat."""
    drawn: dict[tuple[str, str, int], float] = {}

    def same(arm: str, prompt: str, repeat: int) -> float:
        key = arm, prompt.rsplit("-", 1)[1], repeat
        if key not in drawn:
            drawn[key] = speed(arm, prompt, repeat)
        return drawn[key]

    return same


def result(
    kinds: Sequence[str] = ("chat", "code"),
    arms: Sequence[str] = (BASELINE, HELIX),
    speed: Speed | None = None,
    *,
    prompts: int = 3,
    repeats: int = 3,
    text: str = "Tell me about {}.",
    **changes: Any,
) -> BenchResult:
    """A whole run without loading anything."""
    speed = speed or noisy()
    names = [f"{kind}-{n}" for kind in kinds for n in range(1, prompts + 1)]
    runs = [
        record(arm, name, repeat, speed=speed(arm, name, repeat))
        for repeat in range(repeats)
        for name in names
        for arm in arms
    ]
    texts = {name: text.format(name) for name in names}
    config = BenchConfig(target="tiny", repeats=repeats, prompts_per_kind=prompts)
    basic = BenchResult(
        created="2026-01-02T03:04:05+00:00",
        complete=True,
        command=config.command(),
        settings={**vars(config), "prompts": ()},
        machine={
            "cpu": "Some CPU",
            "cores": 4,
            "threads": 4,
            "memory_bytes": 2**34,
            "system": "Linux 6",
            "environment": {},
        },
        versions={"helix": "0.1.0", "torch": "2.9.0"},
        models={
            "target": {"name": "Tiny", "architecture": "llama", "files": ({"name": "t.gguf", "sha256": "ab" * 32},)}
        },
        model={
            "target_name": "Tiny",
            "draft": "ngram",
            "draft_name": "",
            "device": "cpu",
            "device_name": "Some CPU",
            "dtype": "float32",
            "context_length": 256,
        },
        arms=tuple(arms),
        prompts=tuple(
            PromptRecord(name, name.rsplit("-", 1)[0], words, hashlib.sha256(words.encode()).hexdigest(), 20)
            for name, words in texts.items()
        ),
        runs=tuple(replace(run, index=i) for i, run in enumerate(runs)),
        planned=len(runs),
        seconds=100.0,
    )
    return replace(basic, **changes)


def aborted(whole: BenchResult, kept: int) -> BenchResult:
    """What is left of a run that was stopped after so many replies."""
    runs = whole.runs[:kept]
    arms = tuple(arm for arm in whole.arms if any(run.arm == arm for run in runs))
    notice = BenchNotice("bench_incomplete", (("done", str(kept)), ("planned", str(whole.planned))))
    return replace(whole, complete=False, runs=runs, arms=arms, notices=(notice,))
