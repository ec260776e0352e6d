"""What drafts of a model with another tokenizer would bring, if they went through their text.

Such a draft reads the target's text with its own tokenizer, writes on, and the target's tokenizer cuts what it wrote.
Measured here: the target writes replies; at points of them the draft continues its text; counted are the target's own
next tokens that the draft's text gives right.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from helix_app.bench.workloads import built_in
from helix_app.doctor.pair_trial import KINDS, SECONDS, Clock, speedup_of_calls, write
from helix_app.engine.engine import Engine
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.pairs import KindProbe, PairProbe

CALL = 5  # tokens that the draft writes a call
_STRIDE = 5  # tokens between the points
_REPLY = 40  # tokens of a reply of the target
_TARGET_PART = 0.4  # of the time
_DRAWS, _SEED, _LEVEL = 400, 7, 0.95


@dataclass(frozen=True)
class _Reply:
    kind: str
    prompt: str
    ids: tuple[int, ...]


@dataclass(frozen=True)
class _Call:
    """One continuation by the draft: the target's tokens that it gave right, and the seconds of its steps."""

    kind: str
    right: int
    seconds: float


def try_by_text(
    load: Callable[[bool], Engine],
    cancel: threading.Event,
    on_progress: Callable[[float], None],
    seconds: float = SECONDS,
) -> PairProbe:
    """Try two models of different vocabularies.

    Args:
        load: an engine with the target (True) or with the draft alone (False); only one is there at a time.

    Raises:
        TrialFailed: a reply failed.
    """
    begin = time.perf_counter()
    engine = load(True)
    clock = Clock(time.perf_counter(), seconds, cancel, on_progress)
    replies, steps, verify = _target_writes(engine, clock)
    assert engine.session is not None
    words = engine.session.tokenizer
    engine.close()
    engine = load(False)
    clock.begin = time.perf_counter() - _TARGET_PART * seconds  # loading is not of the trial
    calls = _draft_continues(engine, words, replies, clock)
    engine.close()
    return _told(calls, steps, verify, time.perf_counter() - begin)


def _target_writes(engine: Engine, clock: Clock) -> tuple[list[_Reply], list[float], float]:
    """Replies, seconds of plain steps, and what a verification of ``CALL`` tokens costs in those."""
    replies: list[_Reply] = []
    steps: list[float] = []
    for prompt in built_in(KINDS, per_kind=1):
        if replies and clock.share() > _TARGET_PART:
            break
        for event in write(engine, prompt.text, "autoregressive", "auto", clock, _TARGET_PART, _REPLY):
            if isinstance(event, RoundDone) and event.index:
                steps.append(event.verify_seconds)
            elif isinstance(event, Finished):
                replies.append(_Reply(prompt.kind, prompt.text, event.token_ids))
    assert engine.session is not None
    costs = engine.session.costs
    single = costs.expect(1, 0) or 1.0
    return replies, steps, (costs.expect(CALL + 1, 0) or single) / single


def _draft_continues(engine: Engine, words: Tokenizer, replies: list[_Reply], clock: Clock) -> list[_Call]:
    calls: list[_Call] = []
    points = [(reply, at) for at in range(_STRIDE, _REPLY, _STRIDE) for reply in replies if at < len(reply.ids)]
    for reply, at in points:
        if clock.cancel.is_set() or (calls and clock.share() >= 1.0):
            break
        begun = words.decode(reply.ids[:at])
        if not begun.strip() or begun.endswith("\ufffd"):
            continue
        text, seconds = "", 0.0
        for event in write(engine, reply.prompt, "autoregressive", "auto", clock, 2.0, CALL, begun):
            if isinstance(event, RoundDone):
                seconds += event.verify_seconds
            elif isinstance(event, Finished):
                text = event.text
        calls.append(_Call(reply.kind, right_tokens(words, reply.ids, at, begun + text), seconds))
    return calls


def right_tokens(words: Tokenizer, ids: tuple[int, ...], at: int, text: str) -> int:
    """How many tokens of a reply after the first ``at`` a text gives right."""
    right = 0
    while at + right < len(ids):
        so_far = words.decode(ids[: at + right + 1])
        if so_far.endswith("\ufffd") or not text.startswith(so_far):
            break
        right += 1
    return right


def _told(calls: list[_Call], steps: list[float], verify: float, seconds: float) -> PairProbe:
    kinds: dict[str, list[int]] = {}
    for call in calls:
        counts = kinds.setdefault(call.kind, [0, 0])
        counts[0] += CALL
        counts[1] += min(CALL, call.right)
    step = float(np.median(steps)) if steps else 0.0
    right = np.array([call.right for call in calls], dtype=float)
    took = np.array([call.seconds for call in calls], dtype=float)
    if not calls or not step:
        right, took, step = np.zeros(1), np.zeros(1), 1.0
    draws = np.random.default_rng(_SEED)
    picks = [draws.integers(len(right), size=len(right)) for _ in range(_DRAWS)]
    values = [speedup_of_calls(right[p].mean(), took[p].mean() / step, verify) for p in picks]
    edges = (100 * (1 - _LEVEL) / 2, 100 * (1 + _LEVEL) / 2)
    low, high = np.percentile(values, edges)
    share_low, share_high = np.percentile([right[p].clip(max=CALL).mean() / CALL for p in picks], edges)
    return PairProbe(
        kinds=tuple(KindProbe(kind, drafted, accepted) for kind, (drafted, accepted) in kinds.items()),
        acceptance=float(right.clip(max=CALL).mean() / CALL),
        acceptance_low=float(share_low),
        acceptance_high=float(share_high),
        k=CALL,
        draft_cost=float(took.mean() / step / CALL),
        verify_cost=verify,
        expected=speedup_of_calls(float(right.mean()), float(took.mean() / step), verify),
        expected_low=float(low),
        expected_high=float(high),
        plain_tokens_per_second=1 / step if steps else None,
        seconds=seconds,
        by_text=True,
        tokens_a_call=float(right.mean()),
    )
