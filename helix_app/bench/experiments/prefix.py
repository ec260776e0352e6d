"""``bench prefix``: time to the first token of a chat's next turn, with and without its beginning in the cache."""

from __future__ import annotations

import threading
from collections import defaultdict

from helix_app.bench.experiments.experiment import Bench, Experiment, spread
from helix_app.bench.figures.statistics import median
from helix_app.bench.workloads import built_in
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import Failed, Finished, known
from helix_app.protocol.requests import GenerateRequest, SamplingParams

SHARES = (25, 50, 90)
LENGTH = 1024  # tokens of the second turn's prompt


def run(bench: Bench) -> Experiment:
    """Measure; cold and warm take turns."""
    session = bench.session
    words = " ".join(prompt.text for prompt in built_in(("long_context", "summarise", "story")))
    ids = session.tokenizer.encode(words * 3, add_bos=False)
    length = min(LENGTH, session.runner.max_tokens - 8)
    whole = session.tokenizer.decode(ids[:length])
    seconds: dict[tuple[int, str], list[float]] = defaultdict(list)
    cached: dict[int, int] = {}
    *_, total = _first_token(bench, whole)  # warm-up
    for repeat in range(bench.config.repeats):
        for share, arm in bench.shuffled([(share, arm) for share in SHARES for arm in ("cold", "warm")]):
            if bench.stopped:
                break
            bench.on_progress(f"{share} % shared, {arm}, round {repeat + 1}")
            session.runner.pool.clear_cache()
            if arm == "warm":
                _first_token(bench, session.tokenizer.decode(ids[: length * share // 100]))
            ttft, hit, _ = _first_token(bench, whole)
            seconds[share, arm].append(1000 * ttft)
            if arm == "warm":
                cached[share] = hit
    found = Experiment(
        "prefix",
        f"Time to first token of a {total:,}-token prompt in ms: median (lowest to highest round)",
        ("Shared", "Cold", "Warm", "Found in the cache", "Cold / warm"),
    )
    for share in SHARES:
        cold, warm = seconds[share, "cold"], seconds[share, "warm"]
        if cold and warm:
            found.rows.append(
                (
                    f"{share} %",
                    spread(cold),
                    spread(warm),
                    f"{cached[share]:,} tokens",
                    f"{median(cold) / median(warm):.1f}x",
                )
            )
    found.notes.append("Warm: a prompt with the shared beginning was answered just before. Greedy, one token each.")
    found.data = {f"{share} {arm}": values for (share, arm), values in seconds.items()}
    return found


def _first_token(bench: Bench, prompt: str) -> tuple[float, int, int]:
    """Seconds to the first token, prompt tokens found in the cache, and prompt tokens."""
    request = GenerateRequest("bench", prompt=prompt, raw=True, max_tokens=1, sampling=SamplingParams(temperature=0.0))
    for event in write_reply(bench.session, request, threading.Event()):
        assert not isinstance(event, Failed), event
        m = event.metrics if isinstance(event, Finished) else None
        if m is not None and m.time_to_first_token is not None:
            return m.time_to_first_token, known(m.cached_tokens), known(m.prompt_tokens)
    raise RuntimeError("no first token")
