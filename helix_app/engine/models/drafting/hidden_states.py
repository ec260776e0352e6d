"""Hidden states between passes, for a target that a layer drafts for (``drafting/layer.py``).

That layer takes a token with the hidden state of the token before it. Within a pass that is the row above; for the
first row it is one of the sequence's latest pass, which is kept until the next one, as many rows as verification may
accept. Where a sequence goes on after a known prefix nobody ran its last row; so the state of the last row of each full
block is kept beside the block, as long as the block is: prefix hits and what was preempted begin at the ends of blocks,
and so do forks of such a model (``ModelRunner.may_fork_at``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.cache.zeros import zeros
from helix_app.engine.kernels.attention import EXACT_ROWS, Handed, Span
from helix_app.engine.models.base import HiddenDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.layer import DraftingLayer
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.engine.models.parts.part import joined
from helix_app.engine.models.runner import ModelRunner


@dataclass
class _Latest:
    """Hidden states ``[rows, hidden]`` of the rows from position ``start`` on."""

    start: int
    states: torch.Tensor


class TargetStates:
    """Those of the target, and its passes' part in the layer's cache (``runner.Hidden``).

    Attributes:
        layer: the one that drafts.
    """

    def __init__(self, runner: ModelRunner, layer: DraftingLayer) -> None:
        """Mutates: the runner's passes give hidden states from now on, to this object."""
        assert isinstance(runner.decoder, (Decoder, PackedDecoder))
        self.layer, self._runner = layer, runner
        self._decoder: HiddenDecoder = runner.decoder
        self._group = runner.cache.layout.places[runner.decoder.config.num_layers][0]
        self.join(runner.pool)
        self._decoder.gives_hidden, self._decoder.state_layers = True, layer.layers
        runner.hidden = self

    def join(self, pool: BlockPool) -> None:
        self._pool, self._latest = pool, dict[str, _Latest]()
        size, dtype, device = self.layer.state_size, self.layer.dtype, self.layer.device
        self._ends = zeros((pool.num_blocks, size), dtype, device)
        self._nothing = torch.zeros((1, size), dtype=dtype, device=device)

    def stop(self) -> None:
        """Nobody drafts any more: passes are the target's alone."""
        self._decoder.gives_hidden = False
        self._runner.hidden = None
        if self._decoder.graphs is not None:
            self._decoder.graphs.forget()

    def hand(self, sequence_id: str, start: int) -> Handed:
        return Handed(self.before(sequence_id, start))

    def before(self, sequence_id: str, start: int) -> torch.Tensor:
        """The hidden state of the row before position ``start``, ``[1, hidden]``; zeros before the first one."""
        latest, size = self._latest.get(sequence_id), self._pool.block_size
        if latest is not None and latest.start < start <= latest.start + latest.states.shape[0]:
            return latest.states[start - 1 - latest.start : start - latest.start]
        if start % size or not start:
            return self._nothing
        held = self._pool.tables()[sequence_id].groups[self._group]
        block = held.blocks[start // size - 1 - held.begin]
        return self._ends[block : block + 1]

    def take(self, ids: torch.Tensor, names: Sequence[str], spans: Sequence[Span]) -> None:
        handed = [span.handed for span in spans if span.handed is not None]
        given = [one.after for one in handed if one.after is not None]
        kept = self.layer.kept(joined(given))
        for one, states in zip(handed, kept.split([span.rows for span in spans])):
            one.after = states
        self.layer.write(ids, spans)
        for name, span, one in zip(names, spans, handed):
            assert one.after is not None
            self._keep(name, span.start, one.after)

    def _keep(self, name: str, start: int, states: torch.Tensor) -> None:
        size, rows = self._pool.block_size, states.shape[0]
        kept = rows if rows <= EXACT_ROWS else 1  # of a prompt nothing is taken back
        self._latest[name] = _Latest(start + rows - kept, states[rows - kept :].clone())
        full = range(-(-(start + 1) // size) * size - 1, start + rows, size)  # positions that end a block
        if full:
            held = self._pool.tables()[name].groups[self._group]
            blocks = torch.tensor([held.blocks[at // size - held.begin] for at in full], device=self._ends.device)
            places = torch.tensor([at - start for at in full], device=self._ends.device)
            self._ends.index_copy_(0, blocks, states.index_select(0, places).to(self._ends.dtype))

    def forget(self, sequence_id: str) -> None:
        self._latest.pop(sequence_id, None)


class DraftStates:
    """Those of the layer that drafts, while it drafts: its own where it has run, else the target's."""

    def __init__(self, target: TargetStates) -> None:
        self.target = target
        self._latest: dict[str, _Latest] = {}

    def join(self, pool: BlockPool) -> None:
        self._latest = {}

    def hand(self, sequence_id: str, start: int) -> Handed:
        latest = self._latest.get(sequence_id)
        if latest is not None and latest.start == start - 1:
            return Handed(latest.states)
        return Handed(self.target.before(sequence_id, start))

    def take(self, ids: torch.Tensor, names: Sequence[str], spans: Sequence[Span]) -> None:
        for name, span in zip(names, spans):
            assert span.handed is not None
            assert span.handed.after is not None
            self._latest[name] = _Latest(span.start, span.handed.after)

    def forget(self, sequence_id: str) -> None:
        self._latest.pop(sequence_id, None)
