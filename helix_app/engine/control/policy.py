"""What a policy is: it is offered sources of drafts before each round and told what became of its choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from helix_app.base.errors import InputError
from helix_app.runs.additive import AdditiveRule


@dataclass(frozen=True)
class DraftOption:
    """A draft that could propose tokens now.

    Attributes:
        source: name that acceptance and cost are remembered under ("model", "ngram:4").
        most: tokens it can propose.
        seconds_per_token: first guess of its cost, until measured.
        catch_up_seconds: what it must first spend to see the latest tokens.
    """

    source: str
    most: int = 64
    seconds_per_token: float = 1e-4
    catch_up_seconds: float = 0.0


@dataclass(frozen=True)
class KChoice:
    """k for the next round, the code (messages.K_REASONS) that says why, and the source to ask."""

    k: int
    reason: str
    source: str = ""


@dataclass(frozen=True)
class BatchLoad:
    """What else runs in the same pass of the target when several replies are written at once.

    Attributes:
        rows: rows of the other sequences.
        tokens: tokens they are expected to emit.
        seconds: expected seconds of a pass over so many rows in all; None while unknown.
    """

    rows: int
    tokens: float
    seconds: Callable[[int], float | None]


@dataclass(frozen=True)
class RoundResult:
    """What a round did.

    Attributes:
        drafted, accepted: tokens scored, and how many of them stood.
        seconds: the whole round; ``draft_seconds`` of it went into drafting.
        context: tokens of the sequence before the round.
        offered: sources that were on offer.
        plain_seconds: what a token costs without a draft, in a batch: this reply's share; None to look it up.
        own, then: where a second source went on with the draft, how much the first one drew, and the second's name.
    """

    source: str
    drafted: int
    accepted: int
    seconds: float
    draft_seconds: float
    context: int
    offered: tuple[str, ...] = ()
    plain_seconds: float | None = None
    own: int | None = None
    then: str = ""


class KPolicy(Protocol):
    """Chooses k before each round and learns from it after."""

    def begin(self) -> None:
        """A new reply starts."""
        ...

    def could_pay(self, context: int, batch: BatchLoad | None = None) -> bool:
        """Whether any draft is worth asking for what it offers; if not, ``choose`` would not take it."""
        ...

    def choose(self, offers: tuple[DraftOption, ...], context: int, batch: BatchLoad | None = None) -> KChoice: ...

    def learn(self, outcome: RoundResult) -> None: ...


class FixedK:
    """Always the same k, from the first source on offer."""

    def __init__(self, k: int) -> None:
        self._k = k

    def begin(self) -> None:
        pass

    def could_pay(self, context: int, batch: BatchLoad | None = None) -> bool:
        return True

    def choose(self, offers: tuple[DraftOption, ...], context: int, batch: BatchLoad | None = None) -> KChoice:
        if not offers:
            return KChoice(0, "no_match")
        return KChoice(min(self._k, offers[0].most), "fixed", offers[0].source)

    def learn(self, outcome: RoundResult) -> None:
        pass


class AdditiveK:
    """``AdditiveRule`` on the first source on offer. Remembers what it learnt from reply to reply."""

    def __init__(self) -> None:
        self._rule = AdditiveRule()

    @property
    def k(self) -> int:
        """What it holds right for now; 0 is paused."""
        return self._rule.k

    def begin(self) -> None:
        pass

    def could_pay(self, context: int, batch: BatchLoad | None = None) -> bool:
        return True

    def choose(self, offers: tuple[DraftOption, ...], context: int, batch: BatchLoad | None = None) -> KChoice:
        k, reason = self._rule.choose(offers[0].most if offers else None)
        return KChoice(k, reason, offers[0].source if k else "")

    def learn(self, outcome: RoundResult) -> None:
        self._rule.learn(outcome.drafted, outcome.accepted)


def parse_k(text: str) -> int | None:
    """The N of ``fixed:N``; None for ``auto`` and ``additive``. Raises InputError for anything else."""
    if text in ("auto", "additive"):
        return None
    kind, _, number = text.partition(":")
    if kind == "fixed" and number.isascii() and number.isdigit() and len(number) <= 2 and int(number) <= 64:
        return int(number)
    hint = "Use auto, additive or fixed:N with N from 0 to 64."
    raise InputError("option_invalid", option="k", value=text, hint=hint)
