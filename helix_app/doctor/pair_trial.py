"""A short trial of two models as a pair: what is accepted on prompts of several kinds, and what that is worth.

First the target writes with the draft, and alone, in turn: from the rounds come acceptance and costs, and from those
the expected speed (Leviathan et al. 2023, theorem 3.8, with costs as measured), with an interval by the bootstrap over
rounds. Then the policy ``auto`` writes the same prompts beside plain decoding: that is the measured speed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from helix_app.bench.figures.statistics import estimate
from helix_app.bench.workloads import built_in
from helix_app.engine.drafts.reencoded import ReencodedDraft
from helix_app.engine.engine import Engine
from helix_app.protocol.events import Event, Failed, Finished, RoundDone
from helix_app.protocol.pairs import KindProbe, PairProbe
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Mode, SamplingParams

SECONDS = 30.0
KINDS = ("code", "chat", "rewrite", "list", "story")
_TOKENS = 32  # of a reply
_K = 4  # tokens of a draft in the first part
_MOST_K = 8
_FIRST_PART = 0.5  # of the time
_DRAWS, _SEED = 400, 7
_LEVEL = 0.95


class TrialFailed(Exception):
    """A reply of the trial failed; carries the engine's event."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(failed.code)
        self.failed = failed


@dataclass
class Seen:
    """What the rounds of the first part said.

    Attributes:
        rounds: (drafted, accepted, seconds of drafting, seconds of verifying) of each round.
        kinds: (drafted, accepted) by kind of prompt.
        plain: seconds of each plain step.
    """

    rounds: list[tuple[int, int, float, float]] = field(default_factory=list)
    kinds: dict[str, list[int]] = field(default_factory=dict)
    plain: list[float] = field(default_factory=list)


def try_pair(
    engine: Engine, cancel: threading.Event, on_progress: Callable[[float], None], seconds: float = SECONDS
) -> PairProbe:
    """Try the loaded pair.

    Raises:
        TrialFailed: a reply failed.
    """
    begin = time.perf_counter()
    clock = Clock(begin, seconds, cancel, on_progress)
    seen = Seen()
    prompts = built_in(KINDS, per_kind=2)
    ordered = sorted(prompts, key=lambda p: (prompts.index(p) % 2, KINDS.index(p.kind)))
    for prompt in ordered:
        if seen.plain and clock.share() > _FIRST_PART:
            break
        for event in write(engine, prompt.text, "speculative", f"fixed:{_K}", clock, _FIRST_PART):
            if isinstance(event, RoundDone) and event.k:
                _note(seen, prompt.kind, event)
        for event in write(engine, prompt.text, "autoregressive", "auto", clock, _FIRST_PART):
            if isinstance(event, RoundDone) and event.index:
                seen.plain.append(event.verify_seconds)
    ratios: dict[str, list[float]] = {}
    speeds: list[float] = []
    turn = 0
    while clock.share() < 1.0 and not cancel.is_set():
        prompt = ordered[turn % len(ordered)]
        pair = [_speed(engine, prompt.text, mode, clock) for mode in _order(turn)]
        plain, drafted = pair if turn % 2 else pair[::-1]
        if plain and drafted:
            ratios.setdefault(prompt.id, []).append(drafted / plain)
            speeds.append(plain)
        turn += 1
    found = estimate(list(ratios.values()), _SEED, _LEVEL)
    told = _expected(engine, seen)
    return PairProbe(
        **told,
        measured=found.value,
        measured_low=found.low,
        measured_high=found.high,
        by_text=_is_by_text(engine),
        tokens_a_call=float(np.mean([accepted for _, accepted, _, _ in seen.rounds])) if seen.rounds else 0.0,
        plain_tokens_per_second=float(np.median(speeds)) if speeds else None,
        seconds=time.perf_counter() - begin,
    )


@dataclass
class Clock:
    """The time of a trial."""

    begin: float
    seconds: float
    cancel: threading.Event
    on_progress: Callable[[float], None]

    def share(self) -> float:
        """Of the time that is gone."""
        share = min(1.0, (time.perf_counter() - self.begin) / self.seconds)
        self.on_progress(share)
        return share


def write(engine: Engine, text: str, mode: Mode, k: str, clock: Clock, until: float) -> Iterator[Event]:
    """The events of a reply at temperature 0, which is stopped at this share of the time.

    Raises:
        TrialFailed: it failed.
    """
    greedy = SamplingParams(temperature=0.0)
    request = GenerateRequest(
        "trial", (ChatMessage("user", text),), mode=mode, k=k, max_tokens=_TOKENS, sampling=greedy, cold=True
    )
    stop = threading.Event()
    for event in engine.stream(request, stop):
        if isinstance(event, Failed):
            if event.code == "no_chat_template":
                yield from _raw(engine, request, text, stop)
                return
            raise TrialFailed(event)
        if clock.cancel.is_set() or clock.share() > until:
            stop.set()
        yield event


def _raw(engine: Engine, request: GenerateRequest, text: str, stop: threading.Event) -> Iterator[Event]:
    for event in engine.stream(replace(request, messages=(), prompt=text, raw=True), stop):
        if isinstance(event, Failed):
            raise TrialFailed(event)
        yield event


def _note(seen: Seen, kind: str, event: RoundDone) -> None:
    if event.index:  # in the first round the draft reads the prompt
        seen.rounds.append((event.k, event.accepted, event.draft_seconds, event.verify_seconds))
    counts = seen.kinds.setdefault(kind, [0, 0])
    counts[0] += event.k
    counts[1] += event.accepted


def _order(turn: int) -> tuple[Mode, Mode]:
    """Who goes first, in turn: whatever slows the machine down meets both."""
    return ("autoregressive", "speculative") if turn % 2 else ("speculative", "autoregressive")


def _speed(engine: Engine, text: str, mode: Mode, clock: Clock) -> float | None:
    """Tokens a second after the first one; None for a reply that was cut short."""
    for event in write(engine, text, mode, "auto", clock, 1.0):
        if isinstance(event, Finished) and event.reason != "cancelled":
            return event.metrics.decode_tokens_per_second
    return None


# ------------------------------------------------------------------------ what it is worth


def _expected(engine: Engine, seen: Seen) -> dict[str, Any]:
    """The fields of a PairProbe that come from the first part."""
    kinds = tuple(KindProbe(kind, drafted, accepted) for kind, (drafted, accepted) in seen.kinds.items())
    if not seen.rounds or not seen.plain:
        nothing = dict.fromkeys(("acceptance", "acceptance_low", "acceptance_high", "draft_cost", "verify_cost"), 0.0)
        return {"kinds": kinds, "k": 0, **nothing, "expected": 1.0, "expected_low": 0.0, "expected_high": 0.0}
    rounds, plain = np.array(seen.rounds), np.array(seen.plain)
    times = _row_times(engine)
    acceptance, draft_cost, verify_cost = _figures(rounds, plain)
    best = max(range(1, _MOST_K + 1), key=lambda k: speedup(acceptance, k, draft_cost, _verify(verify_cost, times, k)))
    draws = np.random.default_rng(_SEED)
    values, shares = [], []
    for _ in range(_DRAWS):
        a, c, v = _figures(
            rounds[draws.integers(len(rounds), size=len(rounds))], plain[draws.integers(len(plain), size=len(plain))]
        )
        shares.append(a)
        values.append(speedup(a, best, c, _verify(v, times, best)))
    edges = (100 * (1 - _LEVEL) / 2, 100 * (1 + _LEVEL) / 2)
    low, high = np.percentile(values, edges)
    share_low, share_high = np.percentile(shares, edges)
    return {
        "kinds": kinds,
        "acceptance": acceptance,
        "acceptance_low": float(share_low),
        "acceptance_high": float(share_high),
        "k": best,
        "draft_cost": draft_cost,
        "verify_cost": _verify(verify_cost, times, best),
        "expected": speedup(acceptance, best, draft_cost, _verify(verify_cost, times, best)),
        "expected_low": float(low),
        "expected_high": float(high),
    }


def speedup(acceptance: float, k: int, draft_cost: float, verify_cost: float) -> float:
    """Tokens a second with drafts of ``k`` tokens over those without; costs in plain steps."""
    tokens = k + 1.0 if acceptance >= 1.0 else (1 - acceptance ** (k + 1)) / (1 - acceptance)
    return tokens / max(1e-9, k * draft_cost + verify_cost)


def _figures(rounds: Any, plain: Any) -> tuple[float, float, float]:
    """Acceptance of a single token, cost of a drafted token and of a verification of ``_K``, in plain steps."""
    drafted, accepted = rounds[:, 0], rounds[:, 1]
    trials = accepted.sum() + (accepted < drafted).sum()
    step = float(np.median(plain))
    draft = float(np.median(rounds[:, 2] / drafted)) / step
    return float(accepted.sum() / max(1, trials)), draft, float(np.median(rounds[:, 3])) / step


def _is_by_text(engine: Engine) -> bool:
    session = engine.session
    return session is not None and session.draft is not None and session.draft.kind == ReencodedDraft.kind


def _row_times(engine: Engine) -> Sequence[float]:
    """What so many rows cost over a single one, as the engine measured; index is the number of rows."""
    session = engine.session
    single = session.costs.expect(1, 0) if session is not None else None
    if session is None or not single:
        return ()
    return [0.0, *((session.costs.expect(rows, 0) or single) / single for rows in range(1, _MOST_K + 2))]


def _verify(at_k: float, times: Sequence[float], k: int) -> float:
    """The cost of verifying ``k`` tokens, from that of ``_K`` and the proportions of rows."""
    if not times or not times[_K + 1]:
        return at_k
    return at_k * times[k + 1] / times[_K + 1]
