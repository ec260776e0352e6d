"""Every figure of a reply, computed once (design promise 4).

acceptance rate        accepted / draft tokens the target scored; tokens past the end of the reply do not count
mean accepted length   tokens emitted per decode pass of the target; the prompt's pass is no decode pass
TTFT                   request to first token
tokens_per_second      tokens / time, end to end
decode tokens/s        (n - 1) / (last - first emission); undefined under two tokens
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from operator import itemgetter

from helix_app.protocol.events import RunMetrics
from helix_app.protocol.requests import Written

_WINDOW = 16  # rounds that "rolling" means


class RunRecorder:
    """Counts one reply as it happens.

    Attributes:
        tokens: emitted so far.
        rounds: decode rounds so far.
        preemptions: how often it made room for others.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._begin = clock()
        self._first: float | None = None
        self._last: float | None = None
        self._drafted = self._accepted = self._decoded = 0
        self._crowd_tokens = 0
        self._crowd_seconds: float | None = 0.0  # that plain decoding takes for them; None: not known
        self._ks: list[int] = []
        self._window: deque[tuple[int, int, int, float]] = deque(maxlen=_WINDOW)  # drafted, accepted, emitted, s
        self.tokens = self.rounds = self.preemptions = 0
        self.prompt_tokens = self.cached_tokens = 0

    def resume(self, written: Written) -> None:
        """Count what an engine that died had written; the time since the request goes on."""
        self._begin = self._clock() - written.seconds
        self.prefilled(written.prompt_tokens, written.cached_tokens, 0)
        for drafted, accepted, emitted, seconds in written.rounds:
            self._count(drafted, accepted, emitted, seconds)
        if written.rounds:  # perhaps in a crowd
            self._crowd_tokens, self._crowd_seconds = self._decoded, written.plain_seconds
        self.tokens = len(written.token_ids)
        if self.tokens:
            self._first, self._last = self._begin + written.first_token_seconds, self._clock()

    def written(
        self,
        token_ids: tuple[int, ...],
        rounds: tuple[tuple[int, int, int, float], ...],
        plain_seconds: float | None = None,
    ) -> Written:
        """What was counted so far, for another engine to go on with."""
        first = self._first - self._begin if self._first is not None else 0.0
        counted = self.prompt_tokens, self.cached_tokens
        return Written(token_ids, *counted, rounds, self.elapsed, first, plain_seconds)

    def prefilled(self, prompt_tokens: int, cached_tokens: int, emitted: int) -> None:
        """The prompt is processed and gave ``emitted`` first tokens."""
        self.prompt_tokens, self.cached_tokens = prompt_tokens, cached_tokens
        self._emit(emitted)

    def round(self, drafted: int, accepted: int, emitted: int, seconds: float) -> None:
        """A target pass scored ``drafted`` tokens, ``accepted`` stood and ``emitted`` reached the reply.

        When the reply ends inside a draft, ``drafted`` and ``accepted`` count only tokens up to its end.
        """
        self._count(drafted, accepted, emitted, seconds)
        self._emit(emitted)

    def _count(self, drafted: int, accepted: int, emitted: int, seconds: float) -> None:
        self.rounds += 1
        self._drafted += drafted
        self._accepted += accepted
        self._decoded += emitted
        self._ks.append(drafted)
        self._window.append((drafted, accepted, emitted, seconds))

    def shared(self, emitted: int, plain: float | None) -> None:
        """So many tokens were written in a crowd, where plain decoding takes ``plain`` seconds for one; None: alone."""
        if plain:
            self._crowd_tokens += emitted
            self._crowd_seconds = None if self._crowd_seconds is None else self._crowd_seconds + emitted * plain

    @property
    def beside_others(self) -> bool:
        """Whether some of it may have been written in a crowd."""
        return self._crowd_tokens > 0

    def plain_beside(self, alone: float | None) -> float | None:
        """Tokens per second of plain decoding beside the same others, where it gives ``alone`` without any; None where
        that is not known of all rounds."""
        if self._crowd_seconds is None:
            return None
        rest = self._decoded - self._crowd_tokens
        if not self._crowd_tokens or (rest and not alone):
            return alone
        return self._decoded / (self._crowd_seconds + (rest / alone if alone else 0.0))

    def _emit(self, count: int) -> None:
        if count:
            self._last = self._clock()
            self._first = self._last if self._first is None else self._first
            self.tokens += count

    # ----------------------------------------------------------------- figures

    @property
    def elapsed(self) -> float:
        """Seconds since the request."""
        return self._clock() - self._begin

    @property
    def acceptance_rate(self) -> float | None:
        return self._accepted / self._drafted if self._drafted else None

    @property
    def rolling_acceptance(self) -> float | None:
        drafted = self._recent(0)
        return self._recent(1) / drafted if drafted else None

    @property
    def mean_accepted_length(self) -> float | None:
        return self._decoded / self.rounds if self.rounds else None

    @property
    def decode_tokens_per_second(self) -> float | None:
        if self.tokens < 2 or self._first is None or self._last is None or self._last <= self._first:
            return None
        return (self.tokens - 1) / (self._last - self._first)

    @property
    def rolling_tokens_per_second(self) -> float | None:
        seconds = self._recent(3)
        return self._recent(2) / seconds if seconds > 0 else None

    def _recent(self, figure: int) -> float:
        return sum(map(itemgetter(figure), self._window))

    def finish(self, seed: int, plain_tokens_per_second: float | None) -> RunMetrics:
        """All figures of the reply."""
        seconds = self.elapsed
        return RunMetrics(
            tokens_generated=self.tokens,
            prompt_tokens=self.prompt_tokens,
            cached_tokens=self.cached_tokens,
            time_seconds=seconds,
            tokens_per_second=self.tokens / seconds if seconds > 0 and self.tokens else None,
            decode_tokens_per_second=self.decode_tokens_per_second,
            time_to_first_token=None if self._first is None else self._first - self._begin,
            acceptance_rate=self.acceptance_rate,
            mean_accepted_length=self.mean_accepted_length,
            target_passes=self.rounds,
            drafted_tokens=self._drafted,
            accepted_tokens=self._accepted,
            k_mean=sum(self._ks) / len(self._ks) if self._ks else None,
            k_min=min(self._ks, default=None),
            k_max=max(self._ks, default=None),
            plain_tokens_per_second=plain_tokens_per_second,
            seed=seed,
            preemptions=self.preemptions,
        )
