"""The rule of ``--k additive``: one up, one down, by rolling acceptance. The engine follows it, "what if" plays it."""

from __future__ import annotations

K_MAX = 8
K_START = 4


class AdditiveRule:
    """k from what became of the last drafts; 0 included, with probes that come ever more rarely.

    Looks at no clock: the same outcomes give the same k.

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

    def choose(self, most: int | None) -> tuple[int, str]:
        """k of the next round and the code (messages.K_REASONS) that says why; ``most`` is None without a draft."""
        self._probing = False
        if most is None:
            return 0, "no_match"
        if self.k > 0:
            return min(self.k, most), self._reason
        if self._waited < self._pause:
            return 0, "paused"
        self._probing = True
        return min(self._PROBE_K, most), "probe"

    def learn(self, drafted: int, accepted: int) -> None:
        """What became of that round."""
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
