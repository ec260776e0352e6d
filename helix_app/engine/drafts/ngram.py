"""A draft without a model: what followed the last time the text read like this.

Prompt lookup decoding (A. Saxena, 2023): find the latest earlier place where the last n tokens stood, longest n
first, and propose what came after it. Each token is indexed once, so a proposal costs microseconds at any length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from helix_app.engine.control.policy import Offer
from helix_app.engine.drafts.base import Proposal
from helix_app.events import SamplingParams

_SECONDS = 1e-5  # a proposed token; a guess until measured


class NgramDraft:
    """Looks the last tokens up in the sequence itself.

    Attributes:
        match_length: length of the match behind the latest proposal; 0 for none.
    """

    kind = "ngram"

    def __init__(self, longest: int = 5, shortest: int = 2) -> None:
        self._lengths = range(longest, shortest - 1, -1)
        self._after: dict[tuple[int, ...], int] = {}  # n-gram -> index of the token after its latest place
        self._indexed = 0
        self.match_length = 0

    def fresh(self) -> NgramDraft:
        return NgramDraft(self._lengths.start, self._lengths.stop + 1)

    def begin(self, sequence_id: str, label: str) -> None:
        self._after.clear()
        self._indexed = 0

    def offers(self, tokens: Sequence[int]) -> tuple[Offer, ...]:
        length, _ = self._match(tokens)
        return (Offer(f"ngram:{length}", seconds_per_token=_SECONDS),) if length else ()

    def propose(
        self,
        tokens: Sequence[int],
        k: int,
        params: SamplingParams,
        uniform: Callable[[], float],
        source: str = "",
        seed: int | None = None,
    ) -> Proposal:
        self.match_length, start = self._match(tokens)
        if k <= 0 or not self.match_length:
            self.match_length = 0
            return Proposal()
        ids: list[int] = []
        for i in range(start, start + k):  # beyond the end a repetition goes on repeating
            ids.append(tokens[i] if i < len(tokens) else ids[i - len(tokens)])
        return Proposal(tuple(ids))

    def _match(self, tokens: Sequence[int]) -> tuple[int, int]:
        """Length of the longest match and the index of the token after it; zeros for none."""
        self._index(tokens)
        for n in self._lengths:
            if n < len(tokens):
                start = self._after.get(tuple(tokens[-n:]))
                if start is not None:
                    return n, start
        return 0, 0

    def settle(self, tokens: Sequence[int]) -> None:
        pass

    def end(self) -> None:
        self._after.clear()
        self._indexed = 0

    def _index(self, tokens: Sequence[int]) -> None:
        """Index every n-gram that ends before the last token: one that has a token after it."""
        for end in range(max(1, self._indexed), len(tokens)):
            for n in self._lengths:
                if n <= end:
                    self._after[tuple(tokens[end - n : end])] = end
        self._indexed = max(self._indexed, len(tokens))
