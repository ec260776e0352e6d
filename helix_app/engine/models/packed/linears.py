"""Linear layers on a file's own packed blocks for the dense decoder: one product, or several of the same input, a call.

The decoder for packed files (``decoder.py``) runs a whole pass as one program, made before it is known which
experts a row is given to, and over layers of one size. Models of experts, and of layers that differ, run on the dense
decoder instead, with these in place of its linear layers: the same kernels on the same mapped blocks, a program each.
Activations are rounded to eight bits before a product, and no row's bits depend on the rows beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import gguf
import numpy as np
import torch

from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES, TOGETHER
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, Words, address, words
from helix_app.engine.models.packed.attention import PackedAttention
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

_PIECES, _PIECE_BYTES, _TILE_BYTES, _LARGE = 16, 200_000, 16_384, 2_000_000  # as ``layers.py`` has them
_OUT, _BASE = 5, 7  # words of a product's arguments
_Shape = tuple[tuple[str, int, int], ...]  # format, rows and columns of each matrix


class PackedLinear:
    """``x @ weight.T + bias`` of matrices over the same columns, their rows one above the other.

    Attributes:
        packed_bytes: of the blocks.
        rows_alike: as ``part.run_linear`` asks.
    """

    rows_alike = True

    def __init__(self, products: _Products, tensors: Sequence[PackedTensor], bias: torch.Tensor | None) -> None:
        self._products, self._tensors = products, tensors
        self._places = [(address(tensor.raw), 4 * tensor.rows) for tensor in tensors]  # and bytes of out
        self._bias = None if bias is None else bias.float().contiguous()
        self.packed_bytes = sum(int(tensor.raw.nbytes) for tensor in tensors)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return self._products.run(x.float().contiguous(), self._places, self._bias).to(x.dtype)


class PackedEmbedding:
    """Rows of a packed matrix, unpacked when they are asked for."""

    def __init__(self, tensor: PackedTensor, dtype: torch.dtype) -> None:
        self._tensor, self.dtype = tensor, dtype
        self.packed_bytes = int(tensor.raw.nbytes)

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        kind = gguf.GGMLQuantizationType[self._tensor.format]
        rows = gguf.dequantize(np.ascontiguousarray(self._tensor.raw[ids.numpy()]), kind)
        return torch.from_numpy(np.asarray(rows, dtype=np.float32)).to(self.dtype)


class PackedLinears:
    """Makes them, over one pool; matrices of one shape share a program.

    Attributes:
        library: whose kernels run.
        attention: by the same kernels, of whoever runs these linear layers; None for that of PyTorch.
    """

    def __init__(
        self,
        library: Library,
        pool: Pool,
        on_release: Callable[[], None] | None = None,
        attention: PackedAttention | None = None,
    ) -> None:
        """
        Args:
            on_release: called once, when none of them is of use any more.
        """
        self.library, self.attention, self._pool, self._on_release = library, attention, pool, on_release
        self._memory: dict[int, _Memory] = {}
        self._products: dict[_Shape, _Products] = {}

    def linear(self, tensors: Sequence[PackedTensor], bias: torch.Tensor | None = None) -> PackedLinear:
        """A linear layer of these matrices."""
        shape = tuple((tensor.format, tensor.rows, tensor.columns) for tensor in tensors)
        if shape not in self._products:
            memory = self._memory.setdefault(tensors[0].columns, _Memory(tensors[0].columns))
            self._products[shape] = _Products(shape, self.library, self._pool, memory)
        return PackedLinear(self._products[shape], tensors, bias)

    def release(self) -> None:
        """They are of no use any more."""
        on_release, self._on_release = self._on_release, None
        self._memory.clear()
        self._products.clear()
        if on_release is not None:
            on_release()


@dataclass
class _Memory:
    """What products over so many columns work on, for up to ``capacity`` rows."""

    columns: int
    capacity: int = 0

    def __post_init__(self) -> None:
        self.counts = np.array([0, 1], dtype=np.int64)  # rows of this product, and 1
        self.grow(2 * TOGETHER)

    def grow(self, rows: int) -> None:
        """Have room for so many rows; addresses change."""
        self.capacity = -(-rows // TOGETHER) * TOGETHER
        self.rows = np.arange(self.capacity, dtype=np.int64)
        self.normed = np.zeros((self.capacity, self.columns), dtype=np.float32)
        self.records = {
            size: np.zeros(self.capacity * -(-self.columns // size) * nbytes, dtype=np.uint8)
            for size, nbytes in RECORD_BYTES.items()
        }


class _Products:
    """The program of matrices of one shape; which ones, and where rows lie, is filled in before it runs."""

    def __init__(self, shape: _Shape, library: Library, pool: Pool, memory: _Memory) -> None:
        self._shape, self._library, self._pool, self._memory = shape, library, pool, memory
        self._width = sum(rows for _, rows, _ in shape)
        self._zeros = np.zeros(self._width, dtype=np.float32)
        self._nothing = address(self._zeros)
        self._capacity = 0
        self._prepare: Words
        self._each: list[Words]
        self._program: Program

    def run(self, x: torch.Tensor, places: Sequence[tuple[int, int]], bias: torch.Tensor | None) -> torch.Tensor:
        """Rows ``x`` ``[rows, columns]`` times these matrices, ``[rows, width]``, all float32.

        Args:
            places: where each matrix lies, and the bytes of its part of a result's row.
        """
        memory, count = self._memory, x.shape[0]
        if memory.capacity < count:
            memory.grow(1 << (count - 1).bit_length())
        if self._capacity != memory.capacity:
            self._make()
        out = torch.empty(count, self._width)
        memory.counts[0] = count
        self._prepare[0] = x.data_ptr()
        place, base = out.data_ptr(), self._nothing if bias is None else bias.data_ptr()
        for arguments, (blocks, width) in zip(self._each, places):
            arguments[0], arguments[_OUT], arguments[_BASE] = blocks, place, base
            place, base = place + width, base + width
        self._pool.run(self._program)
        return out

    def _make(self) -> None:
        memory, columns = self._memory, self._memory.columns
        count = address(memory.counts)
        records: list[int] = []
        for size in (256, 32):
            used = any(FORMATS[name].columns == size for name, _, _ in self._shape)
            records += (address(memory.records[size]), columns // size * RECORD_BYTES[size]) if used else (0, 0)
        self._prepare = words(
            *(0, 4 * columns, address(memory.rows), 0, columns, 0, address(memory.normed), 4 * columns, *records)
        )
        first = Job(self._library.address("prepare"), self._prepare, 1, count, 1)
        self._each, jobs = [], []
        for name, rows, _ in self._shape:
            form = FORMATS[name]
            blocks = columns // form.columns
            row_bytes = blocks * form.nbytes
            arguments = words(
                *(0, row_bytes, address(memory.records[form.columns]), blocks * form.record_bytes, blocks),
                *(0, 4 * self._width, 0, 0, count, max(1, _TILE_BYTES // row_bytes)),
            )
            piece = -(-rows // _PIECES)
            if rows * row_bytes > _LARGE:
                piece = min(piece, max(8, _PIECE_BYTES // row_bytes))
            self._each.append(arguments)
            jobs.append(Job(self._library.address(f"product_{name}"), arguments, rows, count + 8, piece))
        self._program = Program([[first], jobs])
        self._capacity = memory.capacity


def experts_apart(whole: Sequence[PackedTensor], count: int) -> list[tuple[PackedTensor, ...]]:
    """The matrices of each expert, views of those of all."""

    def one(tensor: PackedTensor, index: int) -> PackedTensor:
        rows = tensor.rows // count
        return PackedTensor(tensor.format, tensor.raw[index * rows : (index + 1) * rows], tensor.columns)

    return [tuple(one(tensor, index) for tensor in whole) for index in range(count)]


def packable(tensors: Sequence[Any]) -> bool:
    """Whether these are matrices in blocks that have a kernel."""
    return all(isinstance(tensor, PackedTensor) and tensor.format in FORMATS for tensor in tensors)
