"""Attention of the rows of one sequence over its blocks.

Grouped query heads and rows become the rows of one attention call. Where a row's bits must not depend on how many rows
run beside it (``exact``, so that drafted and plain decoding agree in bfloat16 too) the call sees whole cache blocks and
is filled up until every tile of its kernel has four rows or more: the library computes fewer in another way. Measured
on a CPU: of 800 rows in five shapes, alone or beside up to 64 others, none differed; unfilled, one in six does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F

from helix_app.engine.cache.base import CacheView, LayerView
from helix_app.modelfiles.config import ModelConfig

EXACT_TORCH = (2, 13)  # where exact attention was measured to be so; 2.4.1's kernels depend on the rows all the same
EXACT_ROWS = 65  # spans up to a plain row and 64 drafted ones; more rows are a prompt, the same in every mode
_KERNEL = getattr(torch, "_scaled_dot_product_flash_attention_for_cpu", None)  # which exact attention is about


@dataclass
class Handed:
    """Hidden states that go in and out of a pass, for the layer that drafts (``ModelConfig.next_token``).

    Attributes:
        before: of the row before the first one, ``[1, hidden]``.
        after: of all rows of the span, ``[rows, hidden]``, once the pass is over.
    """

    before: torch.Tensor
    after: torch.Tensor | None = None


@dataclass(frozen=True)
class Span:
    """The rows of one sequence in a ragged batch.

    Attributes:
        start: position of the first row; the cache holds everything before it.
        rows: how many tokens run.
        view: where the sequence's keys and values are, through position start+rows-1.
        logit_rows: how many of the last rows need logits.
        exact: a row's result must not depend on the number of rows, where the device can do that.
        handed: asks the pass for the hidden states of its rows.
    """

    start: int
    rows: int
    view: CacheView
    logit_rows: int
    exact: bool = False
    handed: Handed | None = None


class Path(Protocol):
    """Attention of ``rows`` rows of one sequence."""

    rows: int

    def attend(self, layer: int, heads: torch.Tensor, sinks: torch.Tensor | None = None) -> torch.Tensor:
        """Write the keys and values of ``heads`` ``[rows, num_heads + 2 * kv_heads, dim]``, whose queries and keys are
        turned, and which may have more behind them; the mixture for its queries as ``[rows, num_heads * dim]``. A layer
        that reads the keys and values of another one has queries alone.

        Args:
            sinks: a score of each head ``[num_heads]`` that takes part in the softmax and adds nothing.
        """
        ...


@dataclass(frozen=True)
class _Piece:
    """Rows of a span that look at the cache from the same slot on.

    Attributes:
        begin, end: which rows.
        first: the position of the first slot that they look at.
        mask: what they may not see, ``[tall, slots]``, or None for a row that may see all.
        filled: which of the queries each row of the call is, where some were added; None for none.
        overread: rows of the call where a single row is filled up with what lies behind its heads in memory: the next
            heads, and keys after the last. 0 for not at all.
    """

    begin: int
    end: int
    first: int
    mask: torch.Tensor | None
    filled: torch.Tensor | None
    overread: int


class SpanPath:
    """Attention of one span: its masks, each made once, and where its keys and values are."""

    def __init__(self, config: ModelConfig, span: Span, dtype: torch.dtype, device: torch.device, exact: bool) -> None:
        """
        Args:
            dtype: of keys, values and what ``attend`` is given.
            exact: see ``Span``; the device can do that.
        """
        self.rows, self._view = span.rows, span.view
        self._config, self._heads = config, config.num_heads
        self._scale = config.attention_scale
        self._windows, self._start, self._dtype, self._device = config.windows, span.start, dtype, device
        self._exact = exact and span.rows <= EXACT_ROWS
        self._pieces: dict[tuple[int, int, bool], tuple[_Piece, ...]] = {}  # as _pieces_of is asked for them

    def _pieces_of(self, window: int, kv_heads: int, alone: bool, view: LayerView) -> tuple[_Piece, ...]:
        """The rows in pieces, for layers of this window; made once for all of them.

        A window's slots begin with the block of the first one that is seen. That rows of exact attention look from the
        same slot on, whatever runs beside them, takes a piece for each such block.

        Args:
            alone: queries have no keys and values behind them in memory.
        """
        found = self._pieces.get((window, kv_heads, alone))
        if found is None:
            cuts = [0]
            if window and self._exact:
                firsts = [max(0, self._start + row - window + 1) // view.block_size for row in range(self.rows)]
                cuts += [row for row in range(1, self.rows) if firsts[row] != firsts[row - 1]]
            ends = (*cuts[1:], self.rows)
            spare = 0 if alone else kv_heads
            made = tuple(self._piece(a, b, window, kv_heads, spare, view) for a, b in zip(cuts, ends))
            found = self._pieces[window, kv_heads, alone] = made
        return found

    def _piece(self, begin: int, end: int, window: int, kv_heads: int, spare: int, view: LayerView) -> _Piece:
        """``spare``: rows behind the queries in memory that may be read as some."""
        rows, group = end - begin, self._heads // kv_heads
        first = max(0, self._start + begin - window + 1) if window else 0
        if self._exact:
            first = first // view.block_size * view.block_size
        count = group * rows
        missing = missing_rows(count) if self._exact else 0
        overread = count + missing if rows == 1 and 0 < missing <= spare else 0
        filled = None
        if missing and not overread:
            filled = torch.tensor((*range(count), *[0] * missing), device=self._device)
        mask = None
        if self._exact or rows > 1:
            length = view.first + view.padded_length if self._exact else self._start + self.rows
            mask = self._masked(self._start + begin, rows, first, length, window)
            if rows > 1:
                mask = mask.repeat(group, 1)
                mask = mask if filled is None else mask.index_select(0, filled.to(mask.device))
            mask = mask.to(self._device)
        return _Piece(begin, end, first, mask, filled, overread)

    def _masked(self, start: int, rows: int, first: int, length: int, window: int) -> torch.Tensor:
        """What rows from position ``start`` on may not see of the slots ``first`` to ``length``: what lies behind them,
        and before their window."""
        mask = torch.full((rows, length - first), float("-inf"), dtype=self._dtype).triu_(start + 1 - first)
        if window:  # finite: kernels that look at slots piece by piece meet pieces without a single one to be seen
            past = torch.full_like(mask, torch.finfo(self._dtype).min).tril_(start - window - first)
            mask = torch.minimum(mask, past)
        return mask

    def attend(self, layer: int, heads: torch.Tensor, sinks: torch.Tensor | None = None) -> torch.Tensor:
        """See ``Path``."""
        rows, view, kv_heads = self.rows, self._view.at(layer), self._config.heads(layer).kv
        _, width, dim = heads.shape
        alone = width == self._heads
        if alone:
            keys, values = view.seen(layer, self._exact)
        else:
            place = heads.storage_offset() + self._heads * dim
            kv = heads.as_strided((2 * kv_heads, rows, dim), (dim, width * dim, 1), place)
            keys, values = view.write(layer, kv, self._exact)
        pieces = self._pieces_of(self._windows[layer] if self._windows else 0, kv_heads, alone, view)
        if len(pieces) == 1:
            return self._mixed(heads, keys, values, pieces[0], view.first, sinks)
        return torch.cat([self._mixed(heads, keys, values, piece, view.first, sinks) for piece in pieces])

    def _mixed(
        self,
        heads: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        piece: _Piece,
        first: int,
        sinks: torch.Tensor | None,
    ) -> torch.Tensor:
        """The mixture for the queries of a piece, ``[rows, heads * dim]``; keys and values begin at slot ``first``."""
        rows, kv_heads = piece.end - piece.begin, keys.shape[1]
        _, width, dim = heads.shape
        group = self._heads // kv_heads
        place = heads.storage_offset() + piece.begin * width * dim
        if piece.first > first:
            keys, values = keys[:, :, piece.first - first :], values[:, :, piece.first - first :]
        # the query heads that share a key/value head become rows: [1, kv_heads, group * rows, dim]
        if rows == 1:
            tall = piece.overread or group
            q = heads.as_strided((1, kv_heads, tall, dim), (0, group * dim, dim, 1), place)
        else:
            q = heads.as_strided((kv_heads, group, rows, dim), (group * dim, dim, width * dim, 1), place)
            q = q.reshape(1, kv_heads, group * rows, dim)
        if piece.filled is not None:
            q = q.index_select(2, piece.filled)
        sums = None
        if sinks is not None:
            out, sums = _with_sums(q, keys, values, piece.mask, self._scale)
        elif self._exact and _KERNEL is not None:
            out = _KERNEL(q, keys, values, attn_mask=piece.mask, scale=self._scale)[0]
        else:
            out = F.scaled_dot_product_attention(q, keys, values, attn_mask=piece.mask, scale=self._scale)
        _, head, row, number = out.stride()
        mixed = out.as_strided((rows, kv_heads, group, dim), (row, head, row * rows, number))
        if sinks is not None and sums is not None:
            _, head, row = sums.stride()
            sums = sums.as_strided((rows, kv_heads, group), (row, head, row * rows))
            # what the sink leaves of the sum; in float64, where the last bit of a vector's end does not count
            left = (sums.double() - sinks.double().view(kv_heads, group)).sigmoid_().float()
            mixed = (mixed.float() * left.unsqueeze(3)).to(out.dtype)
        return mixed.reshape(rows, -1)


def _with_sums(
    q: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, mask: torch.Tensor | None, scale: float | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention ``[1, heads, rows, dim]``, and the logarithm of the sum of its softmax, ``[1, heads, rows]``."""
    if _KERNEL is not None and q.device.type == "cpu":
        out, sums = _KERNEL(q, keys, values, attn_mask=mask, scale=scale)
        return out, sums
    scores = (q @ keys.transpose(2, 3)).float() * (q.shape[-1] ** -0.5 if scale is None else scale)
    scores = scores if mask is None else scores + mask.float()
    sums = scores.logsumexp(dim=-1)
    return (scores - sums.unsqueeze(3)).exp_().to(values.dtype) @ values, sums


def missing_rows(count: int) -> int:
    """How many rows to add to ``count`` for the CPU's attention kernel to compute all of them alike.

    It works through the rows in tiles (``_scaled_dot_product_flash_attention_for_cpu``), and a tile of one to three
    comes out otherwise.
    """
    filled = count
    while 0 < (last := filled % _tile(filled)) < 4:
        filled += 4 - last
    return filled - count


def _tile(rows: int) -> int:
    return 32 if rows < 192 else 64 if rows < 768 else 256
