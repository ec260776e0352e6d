"""What a run might have been like with another k: an estimate from what this run measured. No Qt, no engine.

Acceptance: a_j = accepted / reached at each position j of a draft, from the rounds that got that far; a round that
drafts k gives 1 + a_1 + a_1 a_2 + … tokens (arXiv 2211.17192, eq. 1, with a probability of its own for every position).
Beyond the deepest position that was tried the last acceptance goes on: a guess, marked as such.

Costs: the target's pass (with overhead) takes the median seconds of the rounds with that k, on a straight line where a
k was not measured; a draft token costs what the run's draft tokens cost on average, whichever source drew them. All of
it times one factor, so that the run's own k cost together what they did. Rounds in which the draft found nothing to
propose stay plain whatever k is.

The additive policy is played out: ``AdditiveRule`` over as many rounds as give a stable figure, with draws from the
same acceptances.

Tokens that a grammar forces are drafted whatever the policy, but for plain decoding, and say nothing of drafts: their
rounds count with what they took, and acceptance is that of the others.

It takes drafts to be as good everywhere as where they were made; a controller that drafts where it pays was choosier.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from helix_app.protocol.events import FORCED, RoundDone
from helix_app.runs.additive import K_MAX, AdditiveRule

MOST_K = K_MAX
PLAYED = 600  # rounds of the additive policy: its figure then moves by about two in a hundred


@dataclass(frozen=True)
class Position:
    """How a position of the drafts fared: ``reached`` rounds drafted so far and accepted all before it."""

    reached: int
    accepted: int

    @property
    def rate(self) -> float | None:
        """Acceptance given that it was reached."""
        return self.accepted / self.reached if self.reached else None


@dataclass(frozen=True)
class Estimate:
    """Tokens per second that a policy might have reached.

    Attributes:
        policy: ``measured``, ``fixed``, ``additive`` or ``perfect`` (drafts exactly as many tokens as will be
            accepted, a bound).
        k: of ``fixed``; 0 is plain decoding.
        observed: False where it rests on positions that this run never tried.
    """

    policy: str
    k: int
    tokens_per_second: float
    observed: bool


def survival(rounds: Iterable[RoundDone]) -> list[Position]:
    """Each position of the drafts, from the first on, as far as any draft went; what was forced is left out."""
    # few differ, however many rounds there are
    alike = Counter((event.k, event.accepted) for event in rounds if event.source != FORCED)
    deepest = max((min(k, kept + 1) for k, kept in alike), default=0)
    reached, accepted = [0] * deepest, [0] * deepest
    for (k, kept), count in alike.items():
        for position in range(min(k, kept + 1)):
            reached[position] += count
            accepted[position] += count * (position < kept)
    return [Position(r, a) for r, a in zip(reached, accepted)]


def expected_tokens(positions: Sequence[Position], k: int) -> float:
    """Tokens of a round that drafts k."""
    total = reach = 1.0
    rate = 0.0
    for position in range(k):
        known = positions[position].rate if position < len(positions) else None
        rate = rate if known is None else known
        reach *= rate
        total += reach
    return total


def pass_seconds(rounds: Iterable[RoundDone]) -> dict[int, float]:
    """Median seconds of a round without its drafting, by its k, as measured."""
    by_k: dict[int, list[float]] = {}
    for event in rounds:
        by_k.setdefault(event.k, []).append(event.verify_seconds + event.overhead_seconds)
    return {k: median(seconds) for k, seconds in sorted(by_k.items())}


def plain_seconds(rounds: Iterable[RoundDone]) -> float | None:
    """Median seconds of a plain round by the engine's own figure, which changes with the company of each round; None
    where no round tells it."""
    told = [1 / event.plain_tokens_per_second for event in rounds if event.plain_tokens_per_second]
    return median(told) if told else None


def draft_seconds(rounds: Sequence[RoundDone]) -> float:
    """Average seconds of a draft token."""
    drafted = sum(event.k for event in rounds)
    return sum(event.draft_seconds for event in rounds if event.k) / drafted if drafted else 0.0


def seconds_for(k: int, known: dict[int, float]) -> float | None:
    """Seconds of a pass with this k: measured, or on the straight line between or beyond the nearest measured ones."""
    if k in known:
        return known[k]
    if len(known) < 2:
        return None
    low = max((q for q in known if q < k), default=None)
    high = min((q for q in known if q > k), default=None)
    if low is None:
        first, second = sorted(known)[:2]
    elif high is None:
        first, second = sorted(known)[-2:]
    else:
        first, second = low, high
    slope = (known[second] - known[first]) / (second - first)
    if low is None or high is None:
        slope = max(0.0, slope)  # more rows never cost less
    nearest = first if low is None or high is not None else second
    return max(1e-9, known[nearest] + slope * (k - nearest))


def measured_speed(rounds: Sequence[RoundDone]) -> float | None:
    """Tokens per second of the rounds themselves."""
    seconds = sum(e.draft_seconds + e.verify_seconds + e.overhead_seconds for e in rounds)
    return sum(len(e.emitted) for e in rounds) / seconds if seconds > 0 else None


def estimates(rounds: Sequence[RoundDone]) -> list[Estimate]:
    """What the run reached, then plain decoding and each fixed k, then the bound; empty when there is too little to
    go by: no drafted round, or all rounds with one k."""
    forced = [event for event in rounds if event.source == FORCED]
    if not forced:
        return _estimates(rounds)
    free = [event for event in rounds if event.source != FORCED]
    found = _estimates(free)
    plain = next((each.tokens_per_second for each in found if (each.policy, each.k) == ("fixed", 0)), None)
    return [_with_forced(each, free, forced, plain) for each in found]


def _with_forced(
    estimate: Estimate, free: Sequence[RoundDone], forced: Sequence[RoundDone], plain: float | None
) -> Estimate:
    """An estimate for the free rounds, with those beside them whose tokens were forced."""
    tokens, more = (sum(len(event.emitted) for event in each) for each in (free, forced))
    seconds = sum(event.draft_seconds + event.verify_seconds + event.overhead_seconds for event in forced)
    if (estimate.policy, estimate.k) == ("fixed", 0) and plain:
        seconds = more / plain
    speed = (tokens + more) / (tokens / estimate.tokens_per_second + seconds)
    return replace(estimate, tokens_per_second=speed)


def _estimates(rounds: Sequence[RoundDone]) -> list[Estimate]:
    speed = measured_speed(rounds)
    known, draft = pass_seconds(rounds), draft_seconds(rounds)
    told = plain_seconds(rounds)
    factor = _slowness(rounds, known, draft)
    known, draft = {k: seconds * factor for k, seconds in known.items()}, draft * factor
    if 0 not in known and told:
        known = {0: told, **known}
    positions = survival(rounds)
    if speed is None or not positions or len(known) < 2:
        return []
    nothing = sum(e.k == 0 and e.k_reason == "no_match" for e in rounds) / len(rounds)
    plain = seconds_for(0, known)
    deepest = len(positions)
    out = [Estimate("measured", 0, speed, True)]
    for k in range(max(MOST_K, deepest) + 1):
        seconds = seconds_for(k, known)
        if plain is None or seconds is None:
            continue
        tokens = nothing + (1 - nothing) * expected_tokens(positions, k)
        cost = nothing * plain + (1 - nothing) * (seconds + k * draft)
        out.append(Estimate("fixed", k, tokens / cost, k <= deepest))
    additive = _additive(positions, known, draft, nothing)
    out += [additive] if additive is not None else []
    bound = _perfect(rounds, known)
    return out if bound is None else [*out, Estimate("perfect", 0, bound, True)]


def _additive(positions: Sequence[Position], known: dict[int, float], draft: float, nothing: float) -> Estimate | None:
    """The additive policy, played with these acceptances and costs."""
    passes = [seconds_for(k, known) for k in range(K_MAX + 1)]
    rates, rate = [], 0.0
    for position in range(K_MAX):
        own = positions[position].rate if position < len(positions) else None
        rate = rate if own is None else own
        rates.append(rate)
    chance, rule = random.Random(0), AdditiveRule()
    tokens = beyond = 0
    seconds = 0.0
    for _ in range(PLAYED):
        k, _reason = rule.choose(None if chance.random() < nothing else K_MAX)
        accepted = 0
        while accepted < k and chance.random() < rates[accepted]:
            accepted += 1
        rule.learn(k, accepted)
        took = passes[k]
        if took is None:
            return None
        seconds += took + k * draft
        tokens += accepted + 1
        beyond += k > len(positions)
    return Estimate("additive", 0, tokens / seconds, beyond * 20 <= PLAYED)


def _slowness(rounds: Sequence[RoundDone], known: dict[int, float], draft: float) -> float:
    """Medians leave hiccups out, which the measured speed has in it: spread evenly, both can be compared."""
    by_median = sum(known[e.k] + e.k * draft for e in rounds)
    taken = sum(e.draft_seconds + e.verify_seconds + e.overhead_seconds for e in rounds)
    return taken / by_median if by_median > 0 else 1.0


def _perfect(rounds: Sequence[RoundDone], known: dict[int, float]) -> float | None:
    """Every round drafts exactly what it had accepted: the tokens of this run without the cost of rejected ones."""
    total = 0.0
    passes = {kept: seconds_for(kept, known) for kept in {event.accepted for event in rounds}}
    for event in rounds:
        seconds = passes[event.accepted]
        if seconds is None:
            return None
        drafting = event.draft_seconds * event.accepted / event.k if event.k else 0.0
        total += min(seconds, event.verify_seconds + event.overhead_seconds) + drafting
    return sum(len(e.emitted) for e in rounds) / total if total > 0 else None
