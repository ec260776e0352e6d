"""A draft without a model: what followed the last time the text read like this.

Prompt lookup decoding (A. Saxena, 2023): find the latest earlier place where the last n tokens stood, longest n
first, and propose what came after it. Each token is indexed once, so a proposal costs microseconds at any length.
Where the text itself says nothing, or little, tables of what the model wrote before may (``ngram_table.py``).
"""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.control.policy import DraftOption
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.drafts.proposal import DraftRequest, Proposal

_SECONDS = 1e-5  # a proposed token; a guess until measured
_LONG = 4  # tokens of a match that is right more often than not
_TABLE = "table:"
_TABLE_MAX = 8  # tokens a chain of guesses is worth


class NgramDraft:
    """Looks the last tokens up in the sequence itself, and in tables.

    Attributes:
        match_length: length of the match behind the latest proposal; 0 for none.
    """

    kind = "ngram"
    runner = None  # asks no model

    def __init__(self, longest: int = 6, shortest: int = 2, tables: Sequence[NgramTable] = ()) -> None:
        """``tables`` are asked in their order; the first that knows a longer context answers."""
        self._lengths = range(longest, shortest - 1, -1)
        self._tables = tuple(tables)
        self._after: dict[tuple[int, ...], int] = {}  # n-gram -> index of the token after its latest place
        self._indexed = 0
        self.match_length = 0

    def fresh(self, repeatable: bool = False) -> NgramDraft:
        tables = [table for table in self._tables if not (repeatable and table.writable)]
        return NgramDraft(self._lengths.start, self._lengths.stop + 1, tables)

    @property
    def has_tables(self) -> bool:
        """Whether it asks any."""
        return bool(self._tables)

    def begin(self, sequence_id: str) -> None:
        self._after.clear()
        self._indexed = 0

    def offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        return (*self.context_offers(tokens), *self.table_offers(tokens))

    def context_offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        """What the text itself suggests: its longest match."""
        length, _ = self._match(tokens)
        return (DraftOption(f"ngram:{length}", seconds_per_token=_SECONDS),) if length else ()

    def table_offers(self, tokens: Sequence[int]) -> tuple[DraftOption, ...]:
        """What the tables suggest: named by the context it rests on, ``+`` where it was right often."""
        found = self._look_up(tokens)
        if found is None:
            return ()
        return (DraftOption(f"{_TABLE}{found[1]}{'+' if found[2] else ''}", _TABLE_MAX, _SECONDS),)

    def ask(self, request: DraftRequest) -> None:
        return None

    def set_apart(self) -> None:
        pass

    def without_model(self) -> NgramDraft:
        return self

    def follow(self, target: object) -> None:
        pass

    def propose(self, request: DraftRequest) -> Proposal:
        self.match_length = 0
        tokens, k = request.tokens, request.k
        if k <= 0:
            return Proposal()
        if not request.source.startswith(_TABLE):
            self.match_length, start = self._match(tokens)
            if self.match_length:
                return Proposal(tuple(_followed(tokens, start, k)))
        return Proposal(tuple(self._chain(tokens, min(k, _TABLE_MAX))))

    def settle(self, tokens: Sequence[int]) -> None:
        pass

    def end(self) -> None:
        self._after.clear()
        self._indexed = 0

    def goes_on(self, tokens: Sequence[int], drafted: Sequence[int], k: int) -> tuple[int, list[int]]:
        """Where ``tokens`` and the ``drafted`` ones after them end in a long match: its length, up to k tokens more.

        Zero and none otherwise. The drafted tokens themselves are not indexed.
        """
        text = [*tokens[-self._lengths.start :], *drafted]
        for n in self._lengths:
            if n < _LONG:
                break
            start = self._after.get(tuple(text[-n:]))
            if start is not None:
                return n, _followed([*tokens, *drafted], start, k)
        return 0, []

    def _chain(self, tokens: Sequence[int], k: int) -> list[int]:
        """Up to k tokens, each what the tables know to follow those before it."""
        text = list(tokens[-max(self._lengths) :])
        known = len(text)
        while len(text) < known + k:
            found = self._look_up(text)
            if found is None:
                break
            text.append(found[0])
        return text[known:]

    def _look_up(self, tokens: Sequence[int]) -> tuple[int, int, bool] | None:
        best: tuple[int, int, bool] | None = None
        for table in self._tables:
            found = table.find(tokens)
            if found is not None and (best is None or found[1] > best[1]):
                best = found
        return best

    def _match(self, tokens: Sequence[int]) -> tuple[int, int]:
        """Length of the longest match and the index of the token after it; zeros for none."""
        self._index(tokens)
        for n in self._lengths:
            if n < len(tokens):
                start = self._after.get(tuple(tokens[-n:]))
                if start is not None:
                    return n, start
        return 0, 0

    def _index(self, tokens: Sequence[int]) -> None:
        """Index every n-gram that ends before the last token: one that has a token after it."""
        for end in range(max(1, self._indexed), len(tokens)):
            for n in self._lengths:
                if n <= end:
                    self._after[tuple(tokens[end - n : end])] = end
        self._indexed = max(self._indexed, len(tokens))


def _followed(tokens: Sequence[int], start: int, k: int) -> list[int]:
    """k tokens from ``start`` on; beyond the end a repetition goes on repeating."""
    ids: list[int] = []
    for i in range(start, start + k):
        ids.append(tokens[i] if i < len(tokens) else ids[i - len(tokens)])
    return ids
