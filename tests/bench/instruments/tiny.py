"""A tiny model loaded for a sub-benchmark, and a machine whose caches are small, so that little is enough."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import context, kernels
from helix_app.bench.experiments.experiment import Bench, open_bench
from helix_app.bench.profile import bandwidth, layer_times, operators


def opened(target: Path, stop_at: str = "", **options: object) -> Bench:
    """A bench on the CPU; it is cancelled when it tells a text that begins with ``stop_at``."""
    cancel = threading.Event()

    def told(text: str) -> None:
        if stop_at and text.startswith(stop_at):
            cancel.set()

    config = BenchConfig(str(target), "none", **{"device": "cpu", "dtype": "float32", "repeats": 1, **options})  # type: ignore[arg-type]
    return open_bench(config, told, cancel)


class Clock:
    """Time that passes only where a test says so: put in a module's ``time``."""

    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


def small_machine(patch: pytest.MonkeyPatch) -> None:
    """Few rounds over little memory."""
    for owner, name, value in (
        (bandwidth, "_MIN", 2**16),
        (bandwidth, "_MAX", 2**16),
        (bandwidth, "_ROUNDS", 2),
        (bandwidth, "cache_bytes", lambda: 2**14),
        (context, "_TURNS", 1),
        (context, "_STEPS", 1),
        (kernels, "_STEPS", 2),
        (kernels, "_WALKS", 1),
        (layer_times, "_MAX_COPIES", 3),
        (operators, "_TRIED", 5),
        (operators, "_TRIALS", 2),
    ):
        patch.setattr(owner, name, value)
