"""What a policy is: it is offered sources of drafts before each round and told what became of its choice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from helix_app.errors import InputError

K_MAX = 8
K_START = 4


@dataclass(frozen=True)
class Offer:
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
class Choice:
    """k for the next round, the code (messages.K_REASONS) that says why, and the source to ask."""

    k: int
    reason: str
    source: str = ""


@dataclass(frozen=True)
class Crowd:
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
class Outcome:
    """What a round did.

    Attributes:
        drafted, accepted: tokens scored, and how many of them stood.
        seconds: the whole round; ``draft_seconds`` of it went into drafting.
        context: tokens of the sequence before the round.
        offered: sources that were on offer.
        plain_seconds: what a token costs without a draft, in a crowd: this reply's share; None to look it up.
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

    def choose(self, offers: tuple[Offer, ...], context: int, crowd: Crowd | None = None) -> Choice: ...

    def learn(self, outcome: Outcome) -> None: ...


class FixedK:
    """Always the same k, from the first source on offer."""

    def __init__(self, k: int) -> None:
        self._k = k

    def begin(self) -> None:
        pass

    def choose(self, offers: tuple[Offer, ...], context: int, crowd: Crowd | None = None) -> Choice:
        if not offers:
            return Choice(0, "no_match")
        return Choice(min(self._k, offers[0].most), "fixed", offers[0].source)

    def learn(self, outcome: Outcome) -> None:
        pass


class AdditiveK:
    """One up, one down, by rolling acceptance; 0 included, with probes that come ever more rarely.

    Looks at no clock: the same seed gives the same k. Remembers what it learnt from reply to reply.

    Attributes:
        k: what it holds right for now; 0 is paused.
    """

    _WINDOW = 6  # drafted rounds that "rolling" means
    _MIN_SCORED = 4  # tokens before a judgement
    _PAUSE_FIRST, _PAUSE_MAX = 8, 128  # plain rounds between probes
    _PROBE_K = 2

    def __init__(self) -> None:
        self.k = K_START
        self._rounds: list[tuple[int, int]] = []  # drafted, accepted
        self._pause = self._PAUSE_FIRST
        self._waited = 0
        self._probing = False
        self._reason = "start"

    def begin(self) -> None:
        pass

    def choose(self, offers: tuple[Offer, ...], context: int, crowd: Crowd | None = None) -> Choice:
        self._probing = False
        if not offers:
            return Choice(0, "no_match")
        offer = offers[0]
        if self.k > 0:
            return Choice(min(self.k, offer.most), self._reason, offer.source)
        if self._waited < self._pause:
            return Choice(0, "paused")
        self._probing = True
        return Choice(min(self._PROBE_K, offer.most), "probe", offer.source)

    def learn(self, outcome: Outcome) -> None:
        drafted, accepted = outcome.drafted, outcome.accepted
        if drafted == 0:
            self._waited += 1
        elif self._probing:
            self._end_probe(accepted * 2 >= drafted)
        else:
            self._rounds = [*self._rounds[1 - self._WINDOW :], (drafted, accepted)]
            scored = sum(r[0] for r in self._rounds)
            if scored >= self._MIN_SCORED:
                self._judge(sum(r[1] for r in self._rounds) / scored, accepted == drafted)

    def _judge(self, rate: float, all_accepted: bool) -> None:
        if rate < 0.3:
            self._step(-1, "below_30")
        elif rate < 0.5:
            self._step(-1, "falling")
        elif rate >= 0.7 and all_accepted:
            self._step(+1, "rising")
        else:
            self._reason = "steady"

    def _step(self, by: int, reason: str) -> None:
        self.k = max(0, min(K_MAX, self.k + by))
        self._reason = reason
        if by < 0:
            self._rounds = []  # the smaller k is judged by its own rounds
        if self.k == 0:
            self._waited = 0

    def _end_probe(self, worth: bool) -> None:
        self._waited = 0
        if worth:
            self.k, self._reason, self._pause, self._rounds = self._PROBE_K, "rising", self._PAUSE_FIRST, []
        else:
            self._pause = min(self._PAUSE_MAX, self._pause * 2)


def parse_k(text: str) -> int | None:
    """The N of ``fixed:N``; None for ``auto`` and ``additive``. Raises InputError for anything else."""
    if text in ("auto", "additive"):
        return None
    kind, _, number = text.partition(":")
    if kind == "fixed" and number.isascii() and number.isdigit() and int(number) <= 64:
        return int(number)
    hint = "Use auto, additive or fixed:N with N from 0 to 64."
    raise InputError("option_invalid", option="k", value=text, hint=hint)
