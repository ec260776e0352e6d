"""``bench --remote``: what a server's replies take, seen from here: one after the other, and eight at once.

Times are measured here, with the network in them; counts are the server's own, and unknown where it tells none.
"""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Sequence

from helix_app.base.errors import HelixError
from helix_app.base.messages import fill, notice_text
from helix_app.base.sizes import percent_text
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.experiment import Experiment, OnProgress, spread
from helix_app.bench.reference import TEXT
from helix_app.bench.workloads import Prompt
from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.events import Event, Failed, Finished, Notice, RunMetrics
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest, SamplingParams

AT_ONCE = 8
UNKNOWN = "unknown"
_WARM_UP = Prompt("reference", "reference", TEXT)  # none of those measured, which the server would then know


def run(
    config: BenchConfig, client: RemoteClient, load: LoadRequest, on_progress: OnProgress, cancel: threading.Event
) -> tuple[Experiment, ModelReady]:
    """Measure; what was measured until ``cancel`` is kept.

    Raises:
        HelixError: the server cannot be used, or refuses a reply.
    """
    ready = _loaded(client, load, cancel)
    prompts = config.chosen_prompts()
    alone: dict[str, list[RunMetrics]] = defaultdict(list)
    together: list[float] = []
    notices: list[Notice] = []
    seeds = itertools.count(config.seed)  # one for each reply, so that no server answers with one that it has kept
    on_progress("warm-up")
    _write(client, [_request(config, ready, _WARM_UP, next(seeds))], cancel, notices)
    for repeat in range(config.repeats):
        for prompt in prompts:
            if not cancel.is_set():
                on_progress(f"{prompt.kind}, round {repeat + 1}")
                alone[prompt.kind] += _write(client, [_request(config, ready, prompt, next(seeds))], cancel, notices)
        if not cancel.is_set():
            on_progress(f"{AT_ONCE} at once, round {repeat + 1}")
            chosen = [prompts[index % len(prompts)] for index in range(AT_ONCE)]
            requests = [_request(config, ready, prompt, next(seeds), index) for index, prompt in enumerate(chosen)]
            replies = _write(client, requests, cancel, notices)
            counts, seconds = [m.tokens_generated for m in replies], max((m.time_seconds for m in replies), default=0.0)
            if seconds and None not in counts and not cancel.is_set():
                together.append(sum(count or 0 for count in counts) / seconds)
    return _report(config, ready, alone, together, notices), ready


def _loaded(client: RemoteClient, load: LoadRequest, cancel: threading.Event) -> ModelReady:
    *_, last = client.stream(load, cancel)
    if isinstance(last, Failed):
        raise _error(last)
    if not isinstance(last, ModelReady):
        raise HelixError("load_cancelled")
    return last


def _request(config: BenchConfig, ready: ModelReady, prompt: Prompt, seed: int, index: int = 0) -> GenerateRequest:
    """A chat message, or plain text for a model without a chat template, as on this computer."""
    sampling = SamplingParams(temperature=config.temperature, top_k=0, top_p=1.0, seed=seed)
    name, most = f"bench-{index}", config.max_tokens
    if not ready.chat_template:
        return GenerateRequest(name, prompt=prompt.text, raw=True, max_tokens=most, sampling=sampling)
    return GenerateRequest(name, (ChatMessage("user", prompt.text),), max_tokens=most, sampling=sampling)


def _write(
    client: RemoteClient, requests: Sequence[GenerateRequest], cancel: threading.Event, notices: list[Notice]
) -> list[RunMetrics]:
    """The figures of these replies, written together; none of one that was stopped. Raises HelixError."""
    others, found = Intake(), []
    for request in requests[1:]:
        others.put(Joining(request, cancel))
    failed: Event | None = None
    for event in client.stream(requests[0], cancel, others):
        if isinstance(event, Failed):
            failed = failed or event
        elif isinstance(event, Notice):
            notices.append(event)
        elif isinstance(event, Finished) and event.reason != "cancelled":
            found.append(event.metrics)
    if isinstance(failed, Failed):
        raise _error(failed)
    return found


def _error(failed: Failed) -> HelixError:
    return HelixError(failed.code, detail=failed.detail, **dict(failed.fields))


def _report(
    config: BenchConfig,
    ready: ModelReady,
    alone: dict[str, list[RunMetrics]],
    together: list[float],
    notices: Sequence[Notice],
) -> Experiment:
    found = Experiment(
        "remote",
        f"{ready.target_name} at {ready.remote}: one reply after the other",
        ("Kind", "TTFT ms", "Decode tokens/s", "Tokens/s", "Accepted"),
    )
    for kind, replies in alone.items():
        first = [1000 * m.time_to_first_token for m in replies if m.time_to_first_token is not None]
        decode = [m.decode_tokens_per_second for m in replies if m.decode_tokens_per_second is not None]
        whole = [m.tokens_per_second for m in replies if m.tokens_per_second is not None]
        drafted = [m for m in replies if m.drafted_tokens is not None and m.accepted_tokens is not None]
        accepted = UNKNOWN
        if drafted and len(drafted) == len(replies):
            scored = sum(m.drafted_tokens or 0 for m in drafted)
            accepted = (
                percent_text(sum(m.accepted_tokens or 0 for m in drafted) / scored) if scored else "nothing drafted"
            )
        cells = [spread(first, 0), *(spread(values) if values else UNKNOWN for values in (decode, whole))]
        found.rows.append((kind, *cells, accepted))
        found.data[kind] = [
            {"ttft": m.time_to_first_token, "tokens": m.tokens_generated, "seconds": m.time_seconds} for m in replies
        ]
    found.data["together"] = together
    if together:
        found.notes.append(f"{AT_ONCE} at once: {spread(together)} tokens/s of all together.")
    else:
        found.notes.append(f"{AT_ONCE} at once: {UNKNOWN}, for the server tells no counts of tokens.")
    if not ready.chat_template:
        found.notes.append("The model has no chat template, so the prompts are plain text that it goes on with.")
    found.notes.append(
        fill("{n:token|tokens} each at most, ", n=config.max_tokens)
        + f"temperature {config.temperature:g}. Times are measured here, over the network; counts are the server's. "
        "A remote engine does not tell its blocks and rounds."
    )
    found.notes.append(
        "A server may have prompts of before in its cache: all from the second round on, "
        f"those of {AT_ONCE} at once from the first."
    )
    found.notes += sorted({notice_text(notice.code, notice.fields) for notice in notices})
    return found
