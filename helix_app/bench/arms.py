"""An arm writes one reply to a task and gives its record. Here: Helix itself, with and without speculation."""

from __future__ import annotations

import copy
import statistics
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from helix_app.base.errors import HelixError
from helix_app.bench.config import HELIX, BenchConfig
from helix_app.bench.machine import peak_memory, reset_peak_memory
from helix_app.bench.records import RunRecord
from helix_app.bench.workloads import Prompt
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import Event, Finished, PrefillDone, RoundDone, RunMetrics, known
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, Mode, SamplingParams


@dataclass(frozen=True)
class Task:
    """One prompt, ready to be sent. Every arm and repeat gets the same request but for mode and seed."""

    prompt: Prompt
    request: GenerateRequest
    prompt_tokens: int


class Arm(Protocol):
    """One way of writing replies.

    Attributes:
        name: as in ``records.RunRecord.arm``.
    """

    name: str

    def run(self, task: Task, seed: int, cancel: threading.Event) -> RunRecord:
        """Write the reply from a cold cache and give its record (index and repeat 0).

        Raises:
            HelixError: an expected failure.
            RuntimeError: the device's own errors.
        """
        ...


def make_request(session: Session, prompt: Prompt, config: BenchConfig) -> GenerateRequest:
    """The request that a prompt becomes: a chat message, or plain text for a model without a chat template."""
    raw = not session.tokenizer.info.chat_template
    return GenerateRequest(
        request_id="bench",
        messages=() if raw else (ChatMessage("user", prompt.text),),
        prompt=prompt.text if raw else "",
        raw=raw,
        k=config.k,
        max_tokens=config.max_tokens,
        sampling=SamplingParams(temperature=config.temperature),
        grammar=Grammar("json_schema", prompt.schema) if prompt.schema else None,
    )


class EngineArm:
    """Helix in one mode. What it learns about speed (the controller's figures) is its own, not another arm's."""

    def __init__(self, name: str, session: Session, mode: Mode, device: str) -> None:
        self.name, self._mode, self._device = name, mode, device
        # what holds weights or caches is shared
        shared = (session.runner, session.tokenizer, session.draft, session.draft_runner)
        self._session: Session = copy.deepcopy(session, {id(part): part for part in shared if part is not None})

    def run(self, task: Task, seed: int, cancel: threading.Event) -> RunRecord:
        request, sampling = task.request, task.request.sampling
        # with a seed to keep, a sampled reply's k looks at no clock; ``auto`` is what is to be measured
        free = self._mode == "speculative" and sampling.temperature > 0 and request.k == "auto"
        request = replace(request, mode=self._mode, sampling=replace(sampling, seed=None if free else seed))
        self._session.clear_caches()
        reset_peak_memory(self._device)
        record = record_of(self.name, task, write_reply(self._session, request, cancel))
        return replace(record, peak_memory_bytes=peak_memory(self._device))


def record_of(arm: str, task: Task, events: Iterator[Event]) -> RunRecord:
    """Read one reply's events into a record."""
    rounds: list[RoundDone] = []
    first: PrefillDone | None = None
    for event in events:
        if isinstance(event, RoundDone):
            rounds.append(event)
        elif isinstance(event, PrefillDone):
            first = event
        elif isinstance(event, Finished):
            return _record(arm, task, first, rounds, event)
    raise HelixError("engine_died")


def _record(
    arm: str, task: Task, first: PrefillDone | None, rounds: Sequence[RoundDone], finished: Finished
) -> RunRecord:
    m = finished.metrics
    drafted = [r for r in rounds if r.k]
    reached, accepted = by_position((r.k, r.accepted) for r in drafted)
    start = [(m.time_to_first_token, len(first.emitted))] if first and m.time_to_first_token is not None else []
    points = [*start, *((r.elapsed_seconds, r.tokens_generated) for r in rounds)]
    timeline = [(round(seconds, 4), tokens) for seconds, tokens in points]
    return replace(
        plain_record(arm, task, m, known(m.prompt_tokens), finished.token_ids, finished.reason, timeline),
        tokens=known(m.tokens_generated),
        acceptance_rate=m.acceptance_rate,
        drafted_tokens=known(m.drafted_tokens),
        accepted_tokens=known(m.accepted_tokens),
        cached_tokens=known(m.cached_tokens),
        reached_by_position=reached,
        accepted_by_position=accepted,
        draft_ms=_median_ms(r.draft_seconds for r in drafted),
        verify_ms=_median_ms(r.verify_seconds for r in drafted),
        plain_ms=_median_ms(r.verify_seconds for r in rounds if not r.k),
        k_mean=m.k_mean,
        k_counts=tuple(sorted(Counter(r.k for r in rounds).items())) if arm == HELIX else (),
    )


def plain_record(
    arm: str,
    task: Task,
    metrics: RunMetrics,
    prompt_tokens: int,
    token_ids: Sequence[int],
    reason: str,
    timeline: Sequence[tuple[float, int]],
) -> RunRecord:
    """The record of a reply that another program wrote, whose drafts are not known.

    Args:
        metrics: of a ``RunRecorder``.
        timeline: seconds and how many tokens there were then.
    """
    return RunRecord(
        index=0,
        arm=arm,
        kind=task.prompt.kind,
        prompt_id=task.prompt.id,
        repeat=0,
        seed=known(metrics.seed),
        prompt_tokens=prompt_tokens,
        tokens=len(token_ids),
        finish_reason=reason,
        time_seconds=metrics.time_seconds,
        time_to_first_token=metrics.time_to_first_token,
        tokens_per_second=metrics.tokens_per_second,
        decode_tokens_per_second=metrics.decode_tokens_per_second,
        mean_accepted_length=metrics.mean_accepted_length,
        target_passes=known(metrics.target_passes),
        token_ids=tuple(token_ids),
        timeline=tuple(timeline),
    )


def by_position(rounds: Iterator[tuple[int, int]]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """From (k, accepted) of rounds: how often draft position j was reached, and how often it was accepted.

    Position j is reached when all before it were accepted: what lies behind a rejection was never judged.
    """
    reached: Counter[int] = Counter()
    accepted: Counter[int] = Counter()
    for k, kept in rounds:
        reached.update(range(min(k, kept + 1)))
        accepted.update(range(kept))
    return tuple(reached[j] for j in range(len(reached))), tuple(accepted[j] for j in range(len(reached)))


def _median_ms(seconds: Iterator[float]) -> float | None:
    values = list(seconds)
    return round(1000 * statistics.median(values), 4) if values else None
