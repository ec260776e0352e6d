"""What speculation costs and gives, from the measured rounds of a reply: the gauge of the compare page. No Qt.

A round that drafts k tokens takes the time of c plain steps and emits its accepted tokens and one more. It pays when it
emits more than c; on average over rounds, when accepted / drafted exceeds (c - 1) / k. This is the improvement factor
of Leviathan et al. (2023, theorem 3.8) with the measured number of accepted tokens in place of its geometric series.
"""

from __future__ import annotations

from dataclasses import dataclass

from helix_app.base import messages
from helix_app.protocol.events import RoundDone
from helix_app.runs.comparison import ArmRecord, speedup
from helix_app.runs.what_if import plain_seconds

EVEN = 0.02  # a smaller difference of one run each is noise
SWITCHED_OFF = ("costs_more", "paused", "overdrawn", "below_30")
_LASTING = 8  # plain rounds at the end that make it switched off, not a pause


@dataclass(frozen=True)
class BreakEven:
    """Averages over the rounds that drafted.

    Attributes:
        k: tokens drafted a round.
        acceptance: of them, how many stood.
        draft_seconds, verify_seconds, overhead_seconds: of a round.
        plain_seconds: of a plain step.
        rounds: that drafted.
    """

    k: float
    acceptance: float
    draft_seconds: float
    verify_seconds: float
    overhead_seconds: float
    plain_seconds: float
    rounds: int

    @property
    def steps(self) -> float:
        """What a round costs in plain steps: c."""
        return (self.draft_seconds + self.verify_seconds + self.overhead_seconds) / self.plain_seconds

    @property
    def needed(self) -> float:
        """The acceptance at which a round pays. Over 1 it never can at this k, under 0 it always does."""
        return (self.steps - 1) / self.k

    @property
    def expected(self) -> float:
        """How many times as fast as plain steps these rounds are."""
        return (1 + self.k * self.acceptance) / self.steps


def break_even(spec: ArmRecord, plain: ArmRecord | None) -> BreakEven | None:
    """The averages of a speculative arm; None while no round drafted or a plain step's time is not known.

    Args:
        plain: the autoregressive arm; without one the engine's own figure of plain decoding is taken.
    """
    drafted = [event for event in spec.rounds if event.k > 0]
    step = plain_seconds(spec.rounds)
    if plain is not None:
        rate = plain.metrics.decode_tokens_per_second if plain.metrics is not None else _last(plain.rates)
        step = 1 / rate if rate else None
    if not drafted or step is None:
        return None
    count, tokens = len(drafted), sum(event.k for event in drafted)
    return BreakEven(
        k=tokens / count,
        acceptance=sum(event.accepted for event in drafted) / tokens,
        draft_seconds=sum(event.draft_seconds for event in drafted) / count,
        verify_seconds=sum(event.verify_seconds for event in drafted) / count,
        overhead_seconds=sum(event.overhead_seconds for event in drafted) / count,
        plain_seconds=step,
        rounds=count,
    )


def switched_off_after(rounds: list[RoundDone]) -> int | None:
    """Tokens written when the policy gave drafting up for the rest of the reply; None where it did not."""
    last = next((i for i in range(len(rounds) - 1, -1, -1) if rounds[i].k > 0), None)
    if last is None:
        return None
    rest = rounds[last + 1 :]
    given_up = sum(event.k_reason in SWITCHED_OFF for event in rest)
    return rounds[last].tokens_generated if given_up >= _LASTING and given_up * 2 >= len(rest) else None


@dataclass(frozen=True)
class Noise:
    """How steady the machine was while two arms ran: ``drift`` and ``noisy`` as in ``events.CompareDone``."""

    drift: float | None = None
    noisy: bool = False

    @property
    def even(self) -> float:
        """The least difference that is one."""
        return max(EVEN, self.drift or 0.0)

    def warning(self) -> str:
        """What to say before anything else of the speeds; empty where the machine was steady, or nobody knows."""
        return messages.comparison_text("noisy", {"drift": self._percent}) if self.noisy else ""

    def text(self) -> str:
        """The check in words."""
        if self.drift is None:
            return messages.comparison_text("not_checked")
        return messages.comparison_text("steady", {"drift": self._percent})

    @property
    def _percent(self) -> str:
        return f"{(self.drift or 0) * 100:.0f} %"


QUIET = Noise()


def gain_text(spec: ArmRecord, plain: ArmRecord, noise: Noise = QUIET) -> str:
    """What speculation gained against the autoregressive arm, in words."""
    ratio = speedup(spec, plain)
    if ratio is None:
        return messages.comparison_text("gain_unknown", {})
    fields = {"percent": f"{abs(ratio - 1) * 100:.0f} %", "reason": "–", "even": f"{noise.even * 100:.0f} %"}
    off = switched_off_after(spec.rounds)
    fields["token"] = f"{off:,}" if off is not None else ""
    if not any(event.k for event in spec.rounds):
        if spec.rounds:
            fields["reason"] = messages.k_reason_text(spec.rounds[-1].k_reason)
        return messages.comparison_text("gain_nothing_drafted", fields)
    code = "gain_even" if abs(ratio - 1) < noise.even else "gain_plus" if ratio > 1 else "gain_minus"
    return messages.comparison_text(code if off is None else f"{code}_off", fields)


def faster_text(a: ArmRecord, b: ArmRecord, noise: Noise = QUIET) -> str:
    """Which of two arms of the same mode was faster, in words."""
    ratio = speedup(a, b)
    if ratio is None:
        return messages.comparison_text("gain_unknown", {})
    if abs(ratio - 1) < noise.even:
        return messages.comparison_text("faster_even", {"even": f"{noise.even * 100:.0f} %"})
    faster, slower = ("A", "B") if ratio > 1 else ("B", "A")
    percent = f"{(max(ratio, 1 / ratio) - 1) * 100:.0f} %"
    return messages.comparison_text("faster", {"faster": faster, "slower": slower, "percent": percent})


def cost_text(found: BreakEven, arm: str) -> str:
    """What a round of this arm costs and gives, in words."""
    fields = {
        "arm": arm,
        "k": f"{found.k:.1f}",
        "draft": _ms(found.draft_seconds),
        "verify": _ms(found.verify_seconds),
        "rest": _ms(found.overhead_seconds),
        "plain": _ms(found.plain_seconds),
        "steps": f"{found.steps:.2f}",
        "expected": f"{found.expected:.2f}",
    }
    return messages.comparison_text("round_cost", fields)


def _last(rates: list[float | None]) -> float | None:
    return next((rate for rate in reversed(rates) if rate), None)


def _ms(seconds: float) -> str:
    amount = seconds * 1000
    return f"{amount:.0f} ms" if amount >= 100 else f"{amount:.1f} ms" if amount >= 0.1 else f"{amount:.2f} ms"
