"""What speculation has cost so far against plain decoding, and what it may still cost."""

from __future__ import annotations

START_STEPS = 1.25  # plain steps a reply may lose before it has earned anything
SHARE = 0.01  # of the reply's decode time that may be lost on top; at 128 tokens both make 2 %
_CREDIT_STEPS = 4.0  # gains are remembered up to this much, or a lucky start would pay for a long decline


class Ledger:
    """Bounds the loss of one reply: lost <= START_STEPS plain steps + SHARE of its decode time.

    Attributes:
        lost: seconds behind plain decoding; negative is ahead.
    """

    def __init__(self) -> None:
        self.lost = 0.0
        self._elapsed = 0.0

    def allowance(self, plain_seconds: float) -> float:
        """Seconds the next round may lose at worst."""
        return START_STEPS * plain_seconds + SHARE * self._elapsed - self.lost

    def plain(self, seconds: float) -> None:
        """A plain round passed. It loses nothing: it is what everything is compared with."""
        self._elapsed += seconds

    def drafted(self, seconds: float, emitted: int, plain_seconds: float) -> None:
        """A round with a draft took ``seconds``, drafting and catching up included, and emitted so many tokens."""
        self._elapsed += seconds
        self.lost = max(self.lost + seconds - emitted * plain_seconds, -_CREDIT_STEPS * plain_seconds)
