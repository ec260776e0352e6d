"""Whether a load would fit into memory, and what would make it fit: told before anything takes memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["fits", "tight", "short", "unknown"]  # green, yellow, red; nobody says how much is free
WayKind = Literal["context", "pool", "draft", "quantisation"]


@dataclass(frozen=True)
class MemoryNeed:
    """Bytes that a load takes beside what its process holds already, once its context is full.

    Attributes:
        weights: of the target, as they will lie in memory: a file's own blocks, or unpacked.
        draft_weights: of a draft model, or of a copy of the target in fewer bits.
        cache: keys and values of the target for all tokens of its pool.
        draft_cache: the same for a draft model.
        workspace: of a pass over a piece of a prompt, rotary tables, and what is there only while loading.
    """

    weights: int = 0
    draft_weights: int = 0
    cache: int = 0
    draft_cache: int = 0
    workspace: int = 0

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.draft_weights + self.cache + self.draft_cache + self.workspace


@dataclass(frozen=True)
class Way:
    """One change that makes a load fit.

    Attributes:
        kind: what is changed.
        value: to what: tokens of the context or of the pool, ``none`` for the draft, the path of another file.
        total: bytes that the load takes then.
    """

    kind: WayKind
    value: str
    total: int


@dataclass(frozen=True)
class Fit:
    """What a load takes, beside what is free where it goes.

    Attributes:
        level: ``fits`` leaves room, ``tight`` leaves little, ``short`` does not fit.
        format: of the weights, as ``ModelReady.dtype``.
        context: tokens of one sequence; ``pool``: of all sequences together.
        free: bytes of the device that can be had, those of what is loaded now and would go among them; None where
            nobody says.
        total: bytes of the device.
        held: bytes that the engine's process holds apart from models.
        ways: what would make it fit, the least change first; empty where it fits.
    """

    level: Level
    target_name: str
    draft_name: str
    format: str
    device: str
    device_name: str
    context: int
    pool: int
    need: MemoryNeed
    free: int | None = None
    total: int | None = None
    held: int = 0
    ways: tuple[Way, ...] = ()
