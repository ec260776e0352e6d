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

from helix_app.engine.cache.base import CacheView
from helix_app.modelfiles.config import ModelConfig

EXACT_TORCH = (2, 13)  # where exact attention was measured to be so; 2.4.1's kernels depend on the rows all the same
EXACT_ROWS = 65  # spans up to a plain row and 64 drafted ones; more rows are a prompt, the same in every mode
_KERNEL = getattr(torch, "_scaled_dot_product_flash_attention_for_cpu", None)  # which exact attention is about


@dataclass(frozen=True)
class Span:
    """The rows of one sequence in a ragged batch.

    Attributes:
        start: position of the first row; the cache holds everything before it.
        rows: how many tokens run.
        view: where the sequence's keys and values are, through position start+rows-1.
        logit_rows: how many of the last rows need logits.
        exact: a row's result must not depend on the number of rows, where the device can do that.
    """

    start: int
    rows: int
    view: CacheView
    logit_rows: int
    exact: bool = False


class Path(Protocol):
    """Attention of ``rows`` rows of one sequence."""

    rows: int

    def attend(self, layer: int, heads: torch.Tensor) -> torch.Tensor:
        """Write the keys and values of ``heads`` ``[rows, num_heads + 2 * kv_heads, dim]``, whose queries and keys are
        turned; the mixture for its queries as ``[rows, num_heads * dim]``."""
        ...


class SpanPath:
    """Attention of one span: its masks, each made once, and where its keys and values are."""

    def __init__(self, config: ModelConfig, span: Span, dtype: torch.dtype, device: torch.device, exact: bool) -> None:
        """
        Args:
            dtype: of keys, values and what ``attend`` is given.
            exact: see ``Span``; the device can do that.
        """
        self.rows, self._view = span.rows, span.view
        self._heads, self._kv_heads, self._group = config.num_heads, config.num_kv_heads, config.group_size
        self._scale = config.attention_scale
        self._windows, self._start, self._dtype, self._device = config.windows, span.start, dtype, device
        self._windowed: dict[int, tuple[int, torch.Tensor | None]] = {}
        self._exact = exact and span.rows <= EXACT_ROWS
        count = self._group * span.rows
        missing = missing_rows(count) if self._exact else 0
        # a single row is filled up with what lies behind its heads in memory: the next heads, and keys after the last
        self._overread = span.rows == 1 and 0 < missing <= self._kv_heads
        self._tall = count + missing
        self._mask: torch.Tensor | None = None
        self._filled: torch.Tensor | None = None
        if missing and not self._overread:
            self._filled = torch.tensor((*range(count), *[0] * missing), device=device)
        if (self._exact or span.rows > 1) and not (self._windows and all(self._windows)):
            self._mask = self._masked(0, 0)

    def _masked(self, begin: int, window: int) -> torch.Tensor:
        """What each row may not see of the slots from ``begin`` on: what lies behind it, and before its window."""
        length = (self._view.padded_length if self._exact else self._start + self.rows) - begin
        mask = torch.full((self.rows, length), float("-inf"), dtype=self._dtype).triu_(self._start + 1 - begin)
        if window:  # finite: kernels that look at slots piece by piece meet pieces without a single one to be seen
            past = torch.full_like(mask, torch.finfo(self._dtype).min).tril_(self._start - window - begin)
            mask = torch.minimum(mask, past)
        if self.rows > 1:
            mask = mask.repeat(self._group, 1)
            mask = mask if self._filled is None else mask.index_select(0, self._filled)
        return mask.to(self._device)

    def _looked_at(self, window: int) -> tuple[int, torch.Tensor | None]:
        """The first slot that layers of this window look at, and their mask; made once for all of them."""
        found = self._windowed.get(window)
        if found is None:
            # exact rows see all slots under a mask: what is added in which order must not depend on the first row
            begin = 0 if self._exact else max(0, self._start - window + 1)
            found = begin, self._masked(begin, window) if self._exact or self.rows > 1 else None
            self._windowed[window] = found
        return found

    def attend(self, layer: int, heads: torch.Tensor) -> torch.Tensor:
        """See ``Path``."""
        rows, kv_heads, group = self.rows, self._kv_heads, self._group
        _, width, dim = heads.shape
        place = heads.storage_offset() + self._heads * dim
        kv = heads.as_strided((2 * kv_heads, rows, dim), (dim, width * dim, 1), place)
        keys, values = self._view.write(layer, kv, self._exact)
        mask = self._mask
        if self._windows and (window := self._windows[layer]):
            begin, mask = self._looked_at(window)
            keys, values = keys[:, :, begin:], values[:, :, begin:]
        # the query heads that share a key/value head become rows: [1, kv_heads, group * rows, dim]
        if rows == 1:
            tall = self._tall if self._overread else group
            q = heads.as_strided((1, kv_heads, tall, dim), (0, group * dim, dim, 1))
        else:
            q = heads.as_strided((kv_heads, group, rows, dim), (group * dim, dim, width * dim, 1))
            q = q.reshape(1, kv_heads, group * rows, dim)
        if self._filled is not None:
            q = q.index_select(2, self._filled)
        if self._exact and _KERNEL is not None:
            out = _KERNEL(q, keys, values, attn_mask=mask, scale=self._scale)[0]
        else:
            out = F.scaled_dot_product_attention(q, keys, values, attn_mask=mask, scale=self._scale)
        _, head, row, number = out.stride()
        return out.as_strided((rows, kv_heads, group, dim), (row, head, row * rows, number)).reshape(rows, -1)


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
