"""``bench start``: how long it takes from a command to the first token, where that time goes, and how much memory.

Each reply is written by a program of its own (``helix_app.cli.benching.starting``): once as ``generate`` does it, with
the engine in its process, and once as the window does it, whose engine is a child process; one right after the other,
in an order drawn anew. The window's own start is not in its times: they begin when it asks for a model. Each kind of
program has a new folder of settings and caches; its first one fills it, and is told apart: all others start warm.
"""

from __future__ import annotations

import os
import random
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from helix_app.base.process import paths
from helix_app.base.process.program import module_command
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import Experiment, OnProgress, Table, spread
from helix_app.bench.processes.programs import Program, generate_options

ARMS = {"process": "generate", "child": "the window's engine"}
PROMPT = "Say hello."
MAX_TOKENS = 16
LIMIT_MB = 350  # beyond file and cache
PARTS = ("libraries", "header", "tokenizer", "kernels", "weights", "measuring", "prompt")
_STAGES = {  # of loading, by the part that they belong to
    "header": ("read_header",),
    "tokenizer": ("tokenizer",),
    "kernels": ("devices", "cpu", "gpu", "kernels"),
    "weights": ("weights", "draft_weights", "allocate_cache"),
    "measuring": ("warm_up",),
}
_MB = 1_000_000


@dataclass(frozen=True)
class Start:
    """One start.

    Attributes:
        first: seconds to the first token.
        ended: to the end of the reply.
        parts: seconds of each of ``PARTS``; together they are ``first``.
        peak: most bytes that the engine's process held at once; None where the system does not say.
        file, cache: bytes of the model's files and of its whole cache.
        dtype: number format.
    """

    first: float
    ended: float
    parts: Mapping[str, float]
    peak: int | None
    file: int
    cache: int
    dtype: str

    @property
    def beyond(self) -> float | None:
        """Megabytes beyond file and cache."""
        return None if self.peak is None else (self.peak - self.file - self.cache) / _MB


def run(config: BenchConfig, on_progress: OnProgress, cancel: threading.Event) -> Experiment:
    """Measure.

    Raises:
        HelixError: a program could not write its reply.
    """
    order = random.Random(config.seed)
    cold: dict[str, Start] = {}
    warm: dict[str, list[Start]] = {arm: [] for arm in ARMS}
    with tempfile.TemporaryDirectory(prefix="helix-start-") as folder:
        environments = {arm: _environment(Path(folder) / arm) for arm in ARMS}
        for repeat in range(config.repeats + 1):
            for arm in order.sample(list(ARMS), len(ARMS)):
                on_progress(f"{ARMS[arm]}, {f'round {repeat}' if repeat else 'the first time'}")
                start = None if cancel.is_set() else _start(config, environments[arm], arm, cancel)
                if start is None:
                    return _report(config, cold, warm)
                if repeat:
                    warm[arm].append(start)
                else:
                    cold[arm] = start
    return _report(config, cold, warm)


def _environment(home: Path) -> dict[str, str]:
    """That of a kind of program, which knows nothing at first: its machine code is kept in its folder, too."""
    home.mkdir()
    environment = {**os.environ, "HELIX_HOME": str(home), "HELIX_MODELS": str(paths.models_dir())}
    environment.pop("HELIX_KERNELS", None)
    return environment


def _start(config: BenchConfig, environment: Mapping[str, str], arm: str, cancel: threading.Event) -> Start | None:
    """Start a program, have it write its reply, and end it; None when it was stopped."""
    short = replace(config, max_tokens=min(config.max_tokens, MAX_TOKENS))
    asked = {"where": arm, "generate": generate_options(short, PROMPT)}
    errors = Path(environment["HELIX_HOME"]) / "errors.txt"
    begin = time.perf_counter()
    with Program(module_command("helix_app.cli.benching.starting"), environment, errors, cancel) as program:
        said = program.ask(asked)
    return said and start_of(said, said["asked"] if arm == "child" else begin)


def start_of(said: Mapping[str, Any], begin: float) -> Start:
    """What a program told of its start, which began then."""
    stages: Sequence[tuple[str, float]] = said["stages"]
    ends = [at for _, at in stages[1:]] + [said["ready"]]
    parts = dict.fromkeys(PARTS, 0.0)
    parts["prompt"] = said["first"] - said["ready"]
    parts["libraries"] = (stages[0][1] if stages else said["ready"]) - begin
    for (stage, at), end in zip(stages, ends):
        part = next((part for part, names in _STAGES.items() if stage in names), "libraries")
        parts[part] += end - at
    return Start(
        said["first"] - begin, said["ended"] - begin, parts, said["peak"], said["file"], said["cache"], said["dtype"]
    )


def _report(config: BenchConfig, cold: Mapping[str, Start], warm: Mapping[str, Sequence[Start]]) -> Experiment:
    found = Experiment(
        "start",
        "From the command to the first token, warm, s: median (range) over the starts",
        ("Where", "first token", "end of reply", *PARTS),
    )
    memory = Table(
        "Main memory of the engine's process at its highest, MB: median (range)",
        ("Where", "at its highest", "file", "whole cache", "beyond both"),
    )
    for arm, name in ARMS.items():
        starts = warm[arm]
        parts = (spread([start.parts[part] for start in starts], 2) for part in PARTS)
        first, ended = ([start.first for start in starts], [start.ended for start in starts])
        found.rows.append((name, spread(first, 2), spread(ended, 2), *parts))
        peaks = [start.peak / _MB for start in starts if start.peak is not None]
        sizes = [f"{size / _MB:.0f}" for size in (starts[0].file, starts[0].cache)] if starts else ["–", "–"]
        beyond = [start.beyond for start in starts if start.beyond is not None]
        memory.rows.append((name, spread(peaks, 0), *sizes, spread(beyond, 0)))
        if beyond and max(beyond) > LIMIT_MB:
            found.notes.append(f"{name}: more than {LIMIT_MB} MB beyond file and cache.")
    found.more.append(memory)
    if cold:
        told = ", ".join(f"{ARMS[arm]} {start.first:.1f} s" for arm, start in cold.items())
        found.notes.append(f"The very first time, with nothing kept of this machine and model: {told}.")
    dtype = next((start.dtype for starts in warm.values() for start in starts), config.dtype)
    tokens = min(config.max_tokens, MAX_TOKENS)
    found.notes.append(f"Replies of at most {tokens} tokens, {dtype}; every one by a program of its own.")
    found.notes.append("The system gives pages of the cache only as they are written: it may be held in part.")
    found.data = {
        "cold": {arm: _figures(start) for arm, start in cold.items()},
        "warm": {arm: [_figures(start) for start in starts] for arm, starts in warm.items()},
    }
    return found


def _figures(start: Start) -> dict[str, Any]:
    sizes = {"peak_bytes": start.peak, "file_bytes": start.file, "cache_bytes": start.cache, "dtype": start.dtype}
    return {"first_token_seconds": start.first, "end_seconds": start.ended, "parts": dict(start.parts), **sizes}
