"""States of recurrent layers as a test knows them: each is the tokens before it."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.engine.cache.pool.block_table import BlockTable
from helix_app.engine.cache.pool.states import NO_STATE, StateCopy


class RememberedStates:
    """What ``state_cache.StateCache`` keeps of each slot: a base, and the tokens through the last row that ran."""

    def __init__(self, slots: int) -> None:
        self.slots = slots
        self._base = [0] * slots
        self._seen: list[tuple[int, ...]] = [()] * slots

    def copy(self, copies: Sequence[StateCopy]) -> None:
        for one in copies:
            seen: tuple[int, ...] = ()
            if one.source == NO_STATE:
                assert one.position == 0
            else:
                assert self._base[one.source] <= one.position <= len(self._seen[one.source]), "a state that is gone"
                seen = self._seen[one.source][: one.position]
            self._base[one.target], self._seen[one.target] = one.position, seen

    def run(self, table: BlockTable, start: int, tokens: Sequence[int]) -> None:
        """A pass over the tokens from ``start`` on, as ``StateView``."""
        if not self.slots:
            return
        slot = table.state
        assert self._base[slot] <= start <= len(self._seen[slot]), "it cannot go on there"
        assert self._seen[slot][:start] == tuple(tokens[:start]), "the state of other tokens"
        self._base[slot] = max(self._base[slot], min(table.verified, start))
        self._seen[slot] = tuple(tokens)

    def check(self, table: BlockTable, tokens: Sequence[int]) -> None:
        """A sequence can go on behind its last verified token."""
        if self.slots:
            assert self._base[table.state] <= table.verified
            assert self._seen[table.state][: table.verified] == tuple(tokens[: table.verified])
