"""``bench batch``: tokens a second of all replies together, for 1, 2, 4, 8 and 16 replies at once."""

from __future__ import annotations

import time
from collections import defaultdict

from helix_app.base.messages import fill
from helix_app.bench.experiments.experiment import Bench, Experiment, spread
from helix_app.bench.figures.statistics import median
from helix_app.bench.workloads import built_in
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.protocol.events import Finished
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Mode, SamplingParams

SIZES = (1, 2, 4, 8, 16)
CACHE_TOKENS = 16 * 1024
_KINDS = ("chat", "story", "code", "list")
MODES: tuple[Mode, ...] = ("autoregressive", "speculative")


def run(bench: Bench) -> Experiment:
    """Measure; sizes and modes take turns."""
    prompts = [prompt.text for prompt in built_in(_KINDS)]
    speeds: dict[tuple[int, str], list[float]] = defaultdict(list)
    preempted = 0
    together(bench, prompts, 2, "autoregressive", 0)  # warm-up
    for repeat in range(bench.config.repeats):
        for size, mode in bench.shuffled([(size, mode) for size in SIZES for mode in MODES]):
            if bench.stopped:
                break
            bench.on_progress(f"{size} at once, {mode}, round {repeat + 1}")
            speed, more = together(bench, prompts, size, mode, repeat)
            if not bench.cancel.is_set():  # otherwise it was cut short
                speeds[size, mode].append(speed)
                preempted += more
    found = Experiment(
        "batch",
        "Tokens a second of all replies together: median (lowest to highest round)",
        ("Replies at once", "Plain", "Speculative", "Plain / one plain", "Speculative / plain"),
    )
    one = median(speeds[1, "autoregressive"])
    for size in SIZES:
        plain, drafted = speeds[size, "autoregressive"], speeds[size, "speculative"]
        if plain and drafted:
            gain = f"{median(plain) / one:.2f}x" if one else "–"
            found.rows.append(
                (str(size), spread(plain), spread(drafted), gain, f"{median(drafted) / median(plain):.2f}x")
            )
    found.notes.append(
        fill("{n:token|tokens} each, greedy, ", n=bench.config.max_tokens)
        + f"{bench.ready.dtype} on {bench.ready.device_name}; "
        f"prompts and their first token are part of the time; {fill('{n:preemption|preemptions}', n=preempted)}."
    )
    found.data = {f"{size} {mode}": values for (size, mode), values in speeds.items()}
    return found


def together(bench: Bench, prompts: list[str], size: int, mode: Mode, repeat: int) -> tuple[float, int]:
    """Tokens a second of ``size`` replies at once from a cold cache, and how many were preempted."""
    bench.session.clear_caches()
    scheduler = Scheduler(bench.session)
    for i in range(size):
        request = GenerateRequest(
            f"bench-{i}",
            (ChatMessage("user", prompts[(i + repeat) % len(prompts)]),),
            mode=mode,
            k=bench.config.k,
            max_tokens=bench.config.max_tokens,
            sampling=SamplingParams(temperature=0.0),
        )
        scheduler.add(request, bench.cancel)
    tokens, begin = 0, time.perf_counter()
    try:
        while scheduler.busy:
            for event in scheduler.step():
                if isinstance(event, Finished):
                    tokens += len(event.token_ids)
    finally:
        scheduler.close()
    return tokens / (time.perf_counter() - begin), scheduler.preemptions
