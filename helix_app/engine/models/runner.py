"""A decoder together with its block pool and its cache: sequences of tokens in, logits out.

The target and a draft model each have one.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from helix_app.engine.cache.base import Cache, CacheView
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.control.costs import CostTable
from helix_app.engine.kernels.attention import Handed, Span
from helix_app.engine.models.base import AnyDecoder

_TRIAL_STEP = 7919  # between the ids of rows on trial: a prime


@dataclass(frozen=True)
class Rows:
    """Tokens to append to one sequence; logits are wanted of the last ``logit_rows``.

    ``tail`` ``[n]`` are more ids after ``ids``, which the host does not know yet: they are on the device.
    """

    sequence_id: str
    ids: Sequence[int]
    logit_rows: int
    exact: bool = False
    tail: torch.Tensor | None = None

    @property
    def count(self) -> int:
        """How many tokens there are."""
        return len(self.ids) + (0 if self.tail is None else self.tail.shape[0])


class Hidden(Protocol):
    """Hidden states between the passes of a sequence (``drafting/hidden_states.py``)."""

    def hand(self, sequence_id: str, start: int) -> Handed:
        """What a pass over rows from ``start`` on takes."""
        ...

    def take(self, ids: torch.Tensor, names: Sequence[str], spans: Sequence[Span]) -> None:
        """A pass is over that ran ``ids`` ``[rows of all spans]``, of these sequences."""
        ...

    def forget(self, sequence_id: str) -> None:
        """A sequence is over; unknown ids are fine."""
        ...

    def join(self, pool: BlockPool) -> None:
        """Sequences are in this pool from now on, and none is open."""
        ...


class ModelRunner:
    """Runs one model over many sequences' blocks.

    Attributes:
        decoder, pool, cache: what it joins.
        hidden: of a target with a layer that drafts, or of that layer; None where nobody asks for them.
        max_tokens: most tokens of one sequence.
        costs: seconds of a forward pass by rows, as measured.
    """

    def __init__(self, decoder: AnyDecoder, pool: BlockPool, cache: Cache) -> None:
        self.decoder = decoder
        self.costs = CostTable()
        self._tried = 0  # rows run on trial
        self.hidden: Hidden | None = None
        self.join(pool, cache)

    @property
    def is_synchronous(self) -> bool:
        """Whether a pass is over when its call returns; otherwise it is best never to ask for what it gives."""
        return self.decoder.device.type == "cpu"

    def join(self, pool: BlockPool, cache: Cache) -> None:
        """Work on this pool and its cache from now on."""
        self.pool, self.cache = pool, cache
        self.max_tokens = min(self.decoder.max_positions, pool.max_tokens)
        if self.hidden is not None:
            self.hidden.join(pool)

    def resize(self, num_blocks: int) -> None:
        """Replace pool and cache by empty ones of another size; no sequence may be open.

        Raises:
            RuntimeError: the device's own errors; the runner is of no use then.
        """
        old = self.pool
        states, readers = old.states.slots, old.readers
        pool = BlockPool(num_blocks, old.block_size, windows=old.windows, states=states, readers=readers)
        self.join(pool, self.cache.replaced(num_blocks))

    def release(self) -> None:
        """Free weights and cache, whoever still holds this object; it is of no use then."""
        self.decoder.release()
        self.cache.release()

    def open(self, sequence_id: str, tokens: Sequence[int], apart: bool = False) -> int:
        """Begin a sequence; returns how many of its tokens the cache already holds (BlockPool.open)."""
        return self.pool.open(sequence_id, tokens, apart)

    def length(self, sequence_id: str) -> int:
        """Slots in use by a sequence."""
        return self.pool.tables()[sequence_id].length

    def forward(self, sequence_id: str, ids: Sequence[int], logit_rows: int, exact: bool = False) -> torch.Tensor:
        """Append tokens to a sequence and run them.

        Mutates: allocates blocks, writes keys and values; the tokens stay speculative until ``commit``.

        Args:
            exact: see ``attention.Span``.

        Returns:
            Logits of the last ``logit_rows`` tokens, ``[logit_rows, vocab]`` float32, on the CPU.

        Raises:
            CacheExhaustedError: no block left; nothing changed.
            RuntimeError: the device's own errors.
        """
        return self.forward_many((Rows(sequence_id, ids, logit_rows, exact),))[0]

    def forward_many(
        self, batch: Sequence[Rows], reserved: bool = False, carried: Sequence[torch.Tensor] = ()
    ) -> list[torch.Tensor]:
        """``forward`` for several sequences at once: one ragged batch, logits of each.

        Args:
            reserved: the slots are there already (``reserve``).
            carried: other tensors on the device that come home with the logits, in the same transfer.

        Returns:
            The logits of each sequence, then what was carried, in float32.

        Raises:
            CacheExhaustedError: no block left; sequences before the one that found none keep theirs.
        """
        tokens, spans = self._prepared(batch, reserved)
        begin = time.perf_counter()
        logits, *others = brought_home((self._run(batch, tokens, spans), *carried))
        seconds = time.perf_counter() - begin
        graphs = self.decoder.graphs
        if len(spans) == 1 and not carried and not (graphs is not None and graphs.tried):
            self.costs.add(spans[0].rows, spans[0].start, seconds)
        return [*logits.split([span.logit_rows for span in spans]), *others]

    def launch(self, batch: Sequence[Rows], reserved: bool = False) -> torch.Tensor:
        """``forward_many`` without waiting for the device: all logits ``[logit rows, vocab]``, still on it."""
        return self._run(batch, *self._prepared(batch, reserved))

    def _run(self, batch: Sequence[Rows], tokens: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        logits = self.decoder.forward_many(tokens, spans)
        if self.hidden is not None:
            self.hidden.take(tokens, [rows.sequence_id for rows in batch], spans)
        return logits

    def _prepared(self, batch: Sequence[Rows], reserved: bool) -> tuple[torch.Tensor, list[Span]]:
        """The token ids ``[rows of all]`` on the device, and their spans."""
        if self.cache.states is not None:
            for copy in self.pool.states.take_copies():
                self.cache.states.copy(copy)
        spans: list[Span] = []
        ids: list[int] = []
        for rows in batch:
            if not reserved:
                self.reserve(rows.sequence_id, self.length(rows.sequence_id) + rows.count)
            start = self.length(rows.sequence_id) - rows.count
            view = self._view(rows.sequence_id, rows.count)
            handed = None if self.hidden is None else self.hidden.hand(rows.sequence_id, start)
            spans.append(Span(start, rows.count, view, rows.logit_rows, rows.exact, handed))
            ids += rows.ids
        return self._ids(batch, ids), spans

    def _ids(self, batch: Sequence[Rows], known: list[int]) -> torch.Tensor:
        """The ids of a batch ``[rows]`` on the device; ``known`` are those the host knows, in one upload."""
        ids = torch.tensor(known, dtype=torch.int64)
        if known:
            ids = ids.to(self.decoder.device)
        return ids if all(rows.tail is None for rows in batch) else _with_tails(ids, batch)

    def try_rows(self, rows: int) -> None:
        """Run so many rows on a sequence of their own, for the time they take: different tokens, which wake different
        experts where a model has them.

        Raises:
            CacheExhaustedError: no block left.
        """
        name = "rows on trial"
        self.open(name, ())
        try:
            vocabulary, first = self.decoder.config.vocab_size, self._tried
            self._tried += rows
            self.forward(name, [(first + i) * _TRIAL_STEP % vocabulary for i in range(rows)], rows)
        finally:
            self.close(name)

    def reserve(self, sequence_id: str, length: int) -> None:
        """Give a sequence slots for ``length`` tokens, a copy of its own of a block it is about to write into.

        Raises:
            CacheExhaustedError: no block left; nothing changed.
        """
        for source, destination in self.pool.extend(sequence_id, length):
            self.cache.copy_block(source, destination)

    def commit(self, sequence_id: str, tokens: Sequence[int], last: bool = False) -> None:
        """Keep the cache's first ``len(tokens)`` slots, which hold ``tokens``, and free the slots after them.

        Args:
            last: they end a prompt.
        """
        self.pool.commit(sequence_id, tokens, last)
        self.pool.truncate(sequence_id, len(tokens))

    def close(self, sequence_id: str) -> None:
        """End a sequence; unknown ids are fine."""
        self._forget(sequence_id)
        if sequence_id in self.pool.tables():
            self.pool.close(sequence_id)

    def discard(self, sequence_id: str) -> None:
        """End a sequence whose unverified content is damaged: nothing of what only it used is kept."""
        self._forget(sequence_id)
        table, size = self.pool.tables()[sequence_id], self.pool.block_size
        self.cache.scrub(self.pool.discard(sequence_id))
        if table.length > table.verified and table.verified % size:  # a fork may still hold the block before that
            for held in table.groups:
                self.cache.scrub(held.blocks[table.verified // size - held.begin :][:1], table.verified % size)

    def may_fork_at(self, length: int) -> int:
        """How many of the first ``length`` tokens another sequence can go on after: hidden states outlive a pass at the
        ends of blocks alone."""
        return length if self.hidden is None else length - length % self.pool.block_size

    def _forget(self, sequence_id: str) -> None:
        if self.hidden is not None:
            self.hidden.forget(sequence_id)

    def read(self, sequence_id: str, layer: int) -> tuple[torch.Tensor, torch.Tensor]:
        """A sequence's keys and values of a layer, ``[kv_heads, length, head_dim]`` each, less what a window passed."""
        return self._view(sequence_id, 0).read(layer)

    def _view(self, sequence_id: str, rows: int) -> CacheView:
        return self.cache.view_of(self.pool.tables()[sequence_id], rows)


def brought_home(tensors: Sequence[torch.Tensor]) -> list[torch.Tensor]:
    """Tensors on the CPU, numbers of 16 bits widened to float32, all in one transfer from the device."""
    if len(tensors) == 1:
        home = tensors[0].cpu()
        return [home.float() if home.element_size() == 2 else home]
    flat = torch.cat([tensor.float().reshape(-1) for tensor in tensors]).cpu()
    parts = flat.split([tensor.numel() for tensor in tensors])
    return [part.view(tensor.shape) for part, tensor in zip(parts, tensors)]


def _with_tails(ids: torch.Tensor, batch: Sequence[Rows]) -> torch.Tensor:
    """The host's ids (one tensor on the device) and the device's own, in the order of the batch."""
    parts, at = [], 0
    for rows in batch:
        if rows.ids:
            parts.append(ids.narrow(0, at, len(rows.ids)))
            at += len(rows.ids)
        if rows.tail is not None:
            parts.append(rows.tail)
    return parts[0] if len(parts) == 1 else torch.cat(parts)
