"""A decoder together with its block pool and its cache: sequences of tokens in, logits out.

The target and a draft model each have one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.cache.block_pool import BlockPool
from helix_app.engine.cache.kv_cache import KVCache, KVView
from helix_app.engine.control.costs import CostTable
from helix_app.engine.models.decoder import Decoder, Span


@dataclass(frozen=True)
class Rows:
    """Tokens to append to one sequence; logits are wanted of the last ``logit_rows``."""

    sequence_id: str
    ids: Sequence[int]
    logit_rows: int
    exact: bool = False


class ModelRunner:
    """Runs one model over many sequences' blocks.

    Attributes:
        decoder, pool, cache: what it joins.
        max_tokens: most tokens of one sequence.
        costs: seconds of a forward pass by rows, as measured.
    """

    def __init__(self, decoder: Decoder, pool: BlockPool, cache: KVCache) -> None:
        self.decoder, self.pool, self.cache = decoder, pool, cache
        self.costs = CostTable()
        self.max_tokens = min(decoder.max_positions, pool.num_blocks * pool.block_size)

    def open(self, sequence_id: str, tokens: Sequence[int], label: str = "") -> int:
        """Begin a sequence; returns how many of its tokens the cache already holds (BlockPool.open)."""
        return self.pool.open(sequence_id, tokens, label)

    def length(self, sequence_id: str) -> int:
        """Slots in use by a sequence."""
        return self.pool.tables()[sequence_id].length

    def forward(self, sequence_id: str, ids: Sequence[int], logit_rows: int, exact: bool = False) -> torch.Tensor:
        """Append tokens to a sequence and run them.

        Mutates: allocates blocks, writes keys and values; the tokens stay speculative until ``commit``.

        Args:
            exact: see ``decoder.Span``.

        Returns:
            Logits of the last ``logit_rows`` tokens, ``[logit_rows, vocab]`` float32, on the CPU.

        Raises:
            CacheExhaustedError: no block left; nothing changed.
            RuntimeError: the device's own errors.
        """
        return self.forward_many((Rows(sequence_id, ids, logit_rows, exact),))[0]

    def forward_many(self, batch: Sequence[Rows], reserved: bool = False) -> list[torch.Tensor]:
        """``forward`` for several sequences at once: one ragged batch, logits of each.

        Args:
            reserved: the slots are there already (``reserve``).

        Raises:
            CacheExhaustedError: no block left; sequences before the one that found none keep theirs.
        """
        spans: list[Span] = []
        ids: list[int] = []
        for rows in batch:
            if not reserved:
                self.reserve(rows.sequence_id, self.length(rows.sequence_id) + len(rows.ids))
            start = self.length(rows.sequence_id) - len(rows.ids)
            view = self._view(rows.sequence_id, len(rows.ids))
            spans.append(Span(start, len(rows.ids), view, rows.logit_rows, rows.exact))
            ids += rows.ids
        tokens = torch.tensor(ids, dtype=torch.int64).to(self.decoder.device)
        begin = time.perf_counter()
        logits = self.decoder.forward_many(tokens, spans).cpu()
        seconds = time.perf_counter() - begin
        if len(spans) == 1:
            self.costs.add(len(ids), spans[0].start, seconds)
        return list(logits.split([span.logit_rows for span in spans]))

    def try_rows(self, rows: int) -> None:
        """Run so many rows on a sequence of their own, for the time they take.

        Raises:
            CacheExhaustedError: no block left.
        """
        name = "rows on trial"
        self.open(name, ())
        try:
            self.forward(name, [0] * rows, rows)
        finally:
            self.close(name)

    def reserve(self, sequence_id: str, length: int) -> None:
        """Give a sequence slots for ``length`` tokens, a copy of its own of a block it is about to write into.

        Raises:
            CacheExhaustedError: no block left; nothing changed.
        """
        for source, destination in self.pool.extend(sequence_id, length):
            self.cache.copy_block(source, destination)

    def commit(self, sequence_id: str, tokens: Sequence[int]) -> None:
        """Keep the cache's first ``len(tokens)`` slots, which hold ``tokens``, and free the slots after them."""
        self.pool.commit(sequence_id, tokens)
        self.pool.truncate(sequence_id, len(tokens))

    def close(self, sequence_id: str) -> None:
        """End a sequence; unknown ids are fine."""
        if sequence_id in self.pool.tables():
            self.pool.close(sequence_id)

    def discard(self, sequence_id: str) -> None:
        """End a sequence whose unverified content is damaged: nothing of what only it used is kept."""
        table, size = self.pool.tables()[sequence_id], self.pool.block_size
        self.cache.scrub(self.pool.discard(sequence_id))
        if table.length > table.verified and table.verified % size:  # a fork may still hold the block before that
            self.cache.scrub(table.blocks[table.verified // size :][:1], table.verified % size)

    def read(self, sequence_id: str, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A sequence's keys and values of a layer, ``[kv_heads, length, head_dim]`` each."""
        return self._view(sequence_id, 0).read(layer)

    def _view(self, sequence_id: str, rows: int) -> KVView:
        table = self.pool.tables()[sequence_id]
        return self.cache.view(table.blocks, table.length, rows)
