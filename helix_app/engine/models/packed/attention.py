"""Attention by the packed kernels for the dense decoder: of one span and one layer a call.

It takes the place of PyTorch's where linear layers run on a file's own blocks (``linears.py``): a row is computed in
one order, from itself and its own sequence alone, in prompts, rounds and batches alike. PyTorch's rounds one row in
fifty otherwise, beside others, where heads are large. The cache is in float16.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Union

import numpy as np
import torch

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.cache.plane_cache import PlaneView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, Words, address, floats, words
from helix_app.modelfiles.config import ModelConfig

CACHE = torch.float16
Held = Union[KVView, PlaneView]
MOST_GROUP = 16  # query heads that share a key/value head, at most
_DIM = 16  # that heads are a multiple of


def attends(config: ModelConfig) -> bool:
    """Whether there are kernels for all layers of a model."""
    kept = [config.heads(i) for i in range(config.num_layers) if not config.layer(i).recurrent]
    return all(one.dim % _DIM == 0 and one.group <= MOST_GROUP for one in kept)


def attention_parts(config: ModelConfig) -> tuple[str, ...]:
    """The parts of the kernel library that attention of a model needs."""
    layers = [i for i in range(config.num_layers) if not config.layer(i).recurrent] if attends(config) else []
    return tuple(sorted({_name(config, i) for i in layers}))


def _name(config: ModelConfig, layer: int) -> str:
    """The kernel of a layer (``kernels/packed/heads.py``)."""
    own = [i for i in range(config.num_layers) if not config.layer(i).recurrent and config.layer(i).shares is None]
    shapes = {(config.heads(i).kv, config.heads(i).dim) for i in own}
    heads, width = config.heads(layer), max(dim for _, dim in shapes)
    kind = "windowed" if config.layer(layer).window else "attention"
    return f"{kind}_{heads.dim}_{heads.group}" + (f"_{width}" if width != heads.dim else "") + "_sinks" * config.sinks


@dataclass
class _Kernel:
    """A program, and the words of its arguments that are filled in before it runs."""

    arguments: Words
    program: Program


class PackedAttention:
    """Makes the paths of spans over one pool; layers of one shape share a program."""

    def __init__(self, config: ModelConfig, library: Library, pool: Pool) -> None:
        self.config, self._library, self._pool = config, library, pool
        recurrent = {i for i in range(config.num_layers) if config.layer(i).recurrent}
        self._names = ["" if i in recurrent else _name(config, i) for i in range(config.num_layers)]
        self._count = np.zeros(1, dtype=np.int64)
        self._kernels: dict[tuple[str, int], _Kernel] = {}

    def path(self, span: Span) -> PackedPath:
        """Attention of one span."""
        return PackedPath(self, span)

    def run(self, layer: int, view: Held, at: _Rows, queries: torch.Tensor, sinks: torch.Tensor | None) -> torch.Tensor:
        """The mixtures ``[rows, heads * dim]`` for queries ``[rows, heads, dim]``, contiguous, all in float32."""
        rows, heads, dim = queries.shape
        out = torch.empty(rows, heads * dim)
        kernel = self._kernel(layer)
        self._count[0] = rows
        kernel.arguments[:4] = queries.data_ptr(), 4 * heads * dim, out.data_ptr(), 4 * heads * dim
        kernel.arguments[5:8] = _place(view, layer)
        kernel.arguments[8:10] = address(at.tables), address(at.positions)
        kernel.arguments[12] = 0 if sinks is None else sinks.data_ptr()
        self._pool.run(kernel.program)
        return out

    def _kernel(self, layer: int) -> _Kernel:
        config, name, window = self.config, self._names[layer], self.config.layer(layer).window
        if (name, window) not in self._kernels:
            heads = config.heads(layer)
            scale = heads.dim**-0.5 if config.attention_scale is None else config.attention_scale
            arguments = words(0, 0, 0, 0, heads.kv, 0, 0, 0, 0, 0, floats(scale), window, 0)
            job = Job(self._library.address(name), arguments, heads.kv, address(self._count), 1)
            self._kernels[name, window] = _Kernel(arguments, Program([[job]]))
        return self._kernels[name, window]


@dataclass
class _Rows:
    """Where the rows of a span look, in the blocks of one group.

    Attributes:
        blocks: the block table, int32.
        tables: its address for each row.
        positions: of the rows.
    """

    blocks: np.ndarray[Any, Any]
    tables: Words
    positions: Words


class PackedPath:
    """Attention of one span (``kernels/attention.Path``)."""

    def __init__(self, attention: PackedAttention, span: Span) -> None:
        self.rows, self._start, self._view, self._attention = span.rows, span.start, span.view, attention
        self._found: dict[int, _Rows] = {}

    def attend(self, layer: int, heads: torch.Tensor, sinks: torch.Tensor | None = None) -> torch.Tensor:
        """See ``Path``."""
        view, own = self._view.at(layer), self._attention.config.heads(layer)
        if not isinstance(view, (KVView, PlaneView)):
            raise TypeError("packed weights run on a paged cache of the CPU")
        if heads.shape[1] > own.queries:
            new = heads[:, own.queries : own.queries + 2 * own.kv]
            view.put(layer, new.transpose(0, 1).to(CACHE))
        queries = heads[:, : own.queries].float().contiguous()
        sinks = None if sinks is None else sinks.float().contiguous()
        return self._attention.run(layer, view, self._at(view), queries, sinks).to(heads.dtype)

    def _at(self, view: Held) -> _Rows:
        """Made once for all layers of a group."""
        found = self._found.get(id(view))
        if found is None:
            blocks = np.array(view.blocks, dtype=np.int32)
            # where the first block would be, had the window not passed it: nothing reads there
            tables = np.full(self.rows, blocks.ctypes.data - view.begin * blocks.itemsize, dtype=np.int64)
            positions = np.arange(self._start, self._start + self.rows, dtype=np.int64)
            found = self._found[id(view)] = _Rows(blocks, tables, positions)
        return found


def _place(view: Held, layer: int) -> tuple[int, int, int]:
    """Where a layer's keys and values begin, and bytes between their heads."""
    both = (
        view.cache.joined[layer] if isinstance(view, PlaneView) else view.cache.pool[view.cache.layout.indices[layer]]
    )
    step = both.stride(0) * both.element_size()
    return both.data_ptr(), both.data_ptr() + both.shape[0] // 2 * step, step
