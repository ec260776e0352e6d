"""``bench serve``: what clients of the local API see, one and eight at once, and a crowd half of which leaves.

A server is started as a person would, and read over HTTP: what is measured is all that lies between.
"""

from __future__ import annotations

import random
import statistics
import threading
from collections import defaultdict
from collections.abc import Sequence

from helix_app.base.messages import fill
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import Experiment, OnProgress, Table, spread
from helix_app.bench.figures.statistics import median
from helix_app.bench.processes import serving
from helix_app.bench.processes.serving import Load

CLIENTS = (1, 8)
MODES = ("autoregressive", "speculative")
CROWD, CROWD_SECONDS = 32, 120.0
_KINDS = ("chat", "story", "code", "list")
_NAMES = {"autoregressive": "plain", "speculative": "with drafts"}


def run(config: BenchConfig, on_progress: OnProgress, cancel: threading.Event) -> Experiment:
    """Measure.

    Raises:
        HelixError: the server did not start.
    """
    order = random.Random(config.seed)
    prompts = [prompt.text for prompt in config.chosen_prompts(_KINDS)]
    loads: dict[tuple[int, str], list[Load]] = defaultdict(list)
    with serving.served(config, max(CLIENTS), cancel) as url:
        if not cancel.is_set():
            serving.read_streams(url, [[_body(config, prompts[0], mode) for mode in MODES]], cancel)  # warm-up
        arms = [(clients, mode) for clients in CLIENTS for mode in MODES]
        for repeat in range(config.repeats):
            for clients, mode in order.sample(arms, len(arms)):
                if cancel.is_set():
                    break
                on_progress(f"{clients} at once, {_NAMES[mode]}, round {repeat + 1}")
                mine = [_rotated(prompts, index + repeat) for index in range(clients)]
                bodies = [[_body(config, text, mode) for text in texts] for texts in mine]
                load = serving.read_streams(url, bodies, cancel)
                if not cancel.is_set():  # otherwise it was cut short
                    loads[clients, mode].append(load)
        found = _report(config, loads)
        if not cancel.is_set():
            on_progress(f"{CROWD} at once, half of whom leave")
            found.more.append(_crowd(config, url, prompts[0], cancel, found))
    return found


def _body(config: BenchConfig, prompt: str, mode: str) -> dict[str, object]:
    told = {"prompt": prompt, "mode": mode, "k": config.k, "max_tokens": config.max_tokens}
    return {**told, "temperature": config.temperature, "seed": config.seed}


def _rotated(prompts: Sequence[str], by: int) -> list[str]:
    at = by % len(prompts)
    return [*prompts[at:], *prompts[:at]]


def percentile(values: Sequence[float], percent: int) -> float:
    """The value under which so many per cent of at least one value lie."""
    if len(values) < 2:
        return values[0] if values else 0.0
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _report(config: BenchConfig, loads: dict[tuple[int, str], list[Load]]) -> Experiment:
    found = Experiment(
        "serve",
        "Clients of the local API: tokens a second of all together, and ms to the first text",
        ("Clients", "Tokens/s", "Over one client", "TTFT p50", "p95", "p99", "Errors"),
    )
    for (clients, mode), ran in sorted(loads.items()):
        speeds, first = [load.speed for load in ran], [1000 * t for load in ran for t in load.first]
        one = median([load.speed for load in loads.get((CLIENTS[0], mode), [])])
        gain = f"{(median(speeds) or 0.0) / one:.2f}x" if one else "–"
        times = [f"{percentile(first, p):.0f}" for p in (50, 95, 99)]
        errors = str(sum(len(load.errors) for load in ran))
        found.rows.append((f"{clients}, {_NAMES[mode]}", spread(speeds), gain, *times, errors))
        found.data[f"{clients} {mode}"] = [{"tokens_per_second": load.speed, "first": load.first} for load in ran]
    found.notes.append(
        fill("{n:token|tokens} each at most, ", n=config.max_tokens)
        + f"temperature {config.temperature:g}; over HTTP, with prompts and their first token."
    )
    return found


def _crowd(config: BenchConfig, url: str, prompt: str, cancel: threading.Event, found: Experiment) -> Table:
    """Clients of which half leave in the middle, and what is left of them afterwards."""
    body = _body(config, prompt, "speculative")
    load = serving.crowd(url, body, CROWD, CROWD_SECONDS, config.seed, cancel)
    idle = serving.wait_until_idle(url, cancel)
    most, least = max(load.tokens[::2]), min(load.tokens[::2])  # of those that stay
    counts = (len(load.first), load.left, len(load.errors))
    fairness = f"{most / least:.2f}" if least else "–"
    row = (f"{CROWD_SECONDS:.0f}", *map(str, counts), fairness, "yes" if idle else "no")
    found.data["crowd"] = {"tokens": load.tokens, "left": load.left, "errors": load.errors[:100], "blocks_free": idle}
    columns = ("Seconds", "Replies begun", "Left", "Errors", "Most / least tokens", "All blocks free after")
    return Table(f"{CROWD} clients, half of which leave at random", columns, [row])
