"""How many tokens to draft in the next round.

The additive policy follows the rolling acceptance rate: one more token while drafts are believed, one fewer while
they are not, none at all when they hardly ever are, with probes that come ever more rarely. ``auto`` adds a guard
by the clock: when rounds with a draft emit fewer tokens a second than plain rounds were measured to, k shrinks too.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Protocol

from helix_app.errors import InputError

K_MAX = 8
K_START = 4


@dataclass(frozen=True)
class Choice:
    """k for the next round and the code (messages.K_REASONS) that says why."""

    k: int
    reason: str


class KPolicy(Protocol):
    """Chooses k before each round and learns from it after."""

    def choose(self) -> Choice: ...

    def learn(self, drafted: int, accepted: int, seconds: float) -> None:
        """``drafted`` tokens were scored, ``accepted`` of them stood; the whole round took ``seconds``."""
        ...


class FixedK:
    """Always the same k."""

    def __init__(self, k: int) -> None:
        self._k = k

    def choose(self) -> Choice:
        return Choice(self._k, "fixed")

    def learn(self, drafted: int, accepted: int, seconds: float) -> None:
        pass


class AdditiveK:
    """One up, one down, by rolling acceptance; 0 included. Remembers what it learnt from reply to reply.

    Attributes:
        k: what it holds right for now; 0 is paused.
    """

    _WINDOW = 6  # drafted rounds that "rolling" means
    _MIN_SCORED = 4  # tokens before a judgement
    _PAUSE_FIRST, _PAUSE_MAX = 8, 128  # plain rounds between probes
    _PROBE_K = 2

    def __init__(self, plain: PlainCost | None = None) -> None:
        """With ``plain`` the policy also compares itself with plain decoding by the clock."""
        self.k = K_START
        self._plain = plain
        self._rounds: deque[tuple[int, int, float]] = deque(maxlen=self._WINDOW)  # drafted, accepted, seconds
        self._pause = self._PAUSE_FIRST
        self._waited = 0
        self._probing = False
        self._reason = "start"

    def choose(self) -> Choice:
        if self._plain is not None and not self._plain.known:
            return Choice(0, "measure_plain")
        if self.k == 0:
            if self._waited < self._pause:
                return Choice(0, "paused")
            self._probing = True
            return Choice(self._PROBE_K, "probe")
        return Choice(self.k, self._reason)

    def learn(self, drafted: int, accepted: int, seconds: float) -> None:
        if drafted == 0:
            self._waited += 1
            return
        if self._probing:
            self._end_probe(drafted, accepted, seconds)
            return
        self._rounds.append((drafted, accepted, seconds))
        scored = sum(r[0] for r in self._rounds)
        if scored < self._MIN_SCORED:
            return
        rate = sum(r[1] for r in self._rounds) / scored
        if rate < 0.3:
            self._step(-1, "below_30")
        elif self._slower_than_plain():
            self._step(-1, "costs_more")
        elif rate < 0.5:
            self._step(-1, "falling")
        elif rate >= 0.7 and accepted == drafted:
            self._step(+1, "rising")
        else:
            self._reason = "steady"

    def _step(self, by: int, reason: str) -> None:
        self.k = min(K_MAX, self.k + by)
        self._reason = reason
        if by < 0:
            # judge the smaller k by its own rounds
            self._rounds.clear()
        if self.k <= 0:
            self.k, self._waited = 0, 0

    def _end_probe(self, drafted: int, accepted: int, seconds: float) -> None:
        self._probing = False
        worth = accepted * 2 >= drafted
        if worth and self._plain is not None:
            worth = (accepted + 1) / max(seconds, 1e-9) > self._plain.tokens_per_second
        if worth:
            self.k, self._reason, self._pause = self._PROBE_K, "rising", self._PAUSE_FIRST
            self._rounds.clear()
        else:
            self._waited = 0
            self._pause = min(self._PAUSE_MAX, self._pause * 2)

    def _slower_than_plain(self) -> bool:
        if self._plain is None or not self._plain.known or len(self._rounds) < self._WINDOW // 2:
            return False
        tokens = sum(accepted + 1 for _, accepted, _ in self._rounds)
        return tokens / max(sum(r[2] for r in self._rounds), 1e-9) < self._plain.tokens_per_second


class PlainCost:
    """What one plain decode step costs on the loaded model, from the latest plain rounds."""

    _NEEDED = 2

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=24)

    def add(self, seconds: float) -> None:
        """A plain round took this long."""
        self._seconds.append(seconds)

    @property
    def known(self) -> bool:
        """Whether enough plain rounds were seen."""
        return len(self._seconds) >= self._NEEDED

    @property
    def tokens_per_second(self) -> float:
        """Plain decode speed: the median of recent rounds. Raises ValueError while unknown."""
        if not self._seconds:
            raise ValueError("no plain round yet")
        ordered = sorted(self._seconds)
        return 1.0 / max(ordered[(len(ordered) - 1) // 2], 1e-9)


def parse_k(text: str) -> int | None:
    """The N of ``fixed:N``; None for ``auto`` and ``additive``. Raises InputError for anything else."""
    if text in ("auto", "additive"):
        return None
    kind, _, number = text.partition(":")
    if kind == "fixed" and number.isascii() and number.isdigit() and int(number) <= 64:
        return int(number)
    raise InputError(
        "option_invalid", option="k", value=text, hint="Use auto, additive or fixed:N with N from 0 to 64."
    )
