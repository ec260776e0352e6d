"""A model's linear layers from its weight file, in the number format that was chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.kernels import low_bit
from helix_app.engine.kernels.linear import LinearFn, LinearKind, choose_linear, make_linear
from helix_app.engine.models.base import Mapped
from helix_app.engine.models.packed.linears import PackedEmbedding, PackedLinears, experts_apart, packable
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.gguf.groups4 import GROUP, Groups4
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

Embeddings = Callable[[torch.Tensor], torch.Tensor]  # rows of a table by token ids


class Table:
    """Rows of a dense matrix, by token ids."""

    def __init__(self, weight: torch.Tensor) -> None:
        self.weight = weight

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        return F.embedding(ids, self.weight)


class LinearMaker:
    """Makes linear layers, several roles of the same input as one.

    Dense ones are of ``kind``, or for None of what measured fastest for their shape. With ``bits`` 4 a Q4_0 or Q4_1
    tensor runs on the file's own integers; whatever else is packed is rounded anew.

    Attributes:
        dtype, device: of tensors, and of the activations that linear layers take.
        bits: of packed weights, 0 for dense ones.
        head_bits: of the output head, 0 for a dense one.
        parameters: weights made so far.
        mapped: those of them that stay where their file is mapped.
        rounded: tensors that were rounded to fewer bits than their file holds.
    """

    def __init__(
        self,
        kind: LinearKind | None,
        dtype: torch.dtype,
        device: torch.device,
        bits: int = 0,
        head_bits: int = 0,
        packed: PackedLinears | None = None,
    ) -> None:
        """
        Args:
            packed: makes those of matrices that the file holds in blocks, where they run on these.
        """
        self._packed = packed
        self._kind, self.dtype, self.device = kind, dtype, device
        self.bits, self.head_bits = bits, head_bits
        self.parameters = self.rounded = 0
        self.mapped = Mapped()

    def maps(self, *tensors: PackedTensor) -> None:
        """Count weights that stay where their file is mapped."""
        numbers = sum(tensor.rows * tensor.columns for tensor in tensors)
        nbytes = sum(int(tensor.raw.nbytes) for tensor in tensors)
        self.parameters += numbers
        self.mapped = Mapped(self.mapped.numbers + numbers, self.mapped.nbytes + nbytes)

    def tensor(self, source: WeightSource, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        """A tensor as it is, in this format's dtype and on its device."""
        loaded = source.get(role, kind, layer)
        self.parameters += loaded.numel()
        return loaded.to(self.dtype).to(self.device).contiguous()

    def wide(self, source: WeightSource, role: str, layer: int) -> torch.Tensor:
        """A layer's tensor in float32, whatever the format."""
        loaded = source.get(role, "weight", layer)
        self.parameters += loaded.numel()
        return loaded.float().to(self.device).contiguous()

    def dense(self, source: WeightSource, roles: tuple[str, ...], layer: int) -> LinearFn:
        """A layer's linear of these roles in this format's dtype, also where others are packed."""
        return self._dense(torch.cat([self.tensor(source, role, "weight", layer) for role in roles]), None)

    def linear(self, source: WeightSource, roles: tuple[str, ...], layer: int, bias: bool) -> LinearFn:
        """A layer's linear of these roles. Raises ModelFileError."""
        biases = torch.cat([self.tensor(source, role, "bias", layer) for role in roles]) if bias else None
        if self._packed is not None:
            parts = [source.packed_parts(role, layer) for role in roles]
            tensors = [one for part in parts if part is not None for one in part]
            if None not in parts and packable(tensors):
                return self._on_blocks(self._packed, tensors, biases)
        if self.bits == 4:
            groups = self._groups4(source, roles, layer)
            if groups is not None:
                return low_bit.Int4Linear(groups, biases)
        weight = torch.cat([self.tensor(source, role, "weight", layer) for role in roles])
        return self._made(8, weight, biases, len(roles)) if self.bits == 8 else self._dense(weight, biases)

    def experts(self, source: WeightSource, role: str, layer: int, count: int, bias: bool) -> list[LinearFn]:
        """The linears of all experts of a layer. Raises ModelFileError."""

        def tensor(index: int, kind: str) -> torch.Tensor:
            loaded = source.expert(role, layer, index, kind)
            self.parameters += loaded.numel()
            return loaded.to(self.dtype).to(self.device).contiguous()

        whole = source.packed_experts(role, layer) if self._packed is not None else None
        if self._packed is not None and whole is not None and packable(whole):
            return [
                self._on_blocks(self._packed, tensors, tensor(index, "bias") if bias else None)
                for index, tensors in enumerate(experts_apart(whole, count))
            ]
        # each made by itself, so that no second copy of all is ever held
        return [
            self._made(self.bits, tensor(index, "weight"), tensor(index, "bias") if bias else None, 1)
            for index in range(count)
        ]

    def _on_blocks(self, packed: PackedLinears, tensors: Sequence[PackedTensor], bias: torch.Tensor | None) -> LinearFn:
        self.maps(*tensors)
        return packed.linear(tensors, bias)

    def embedding(self, source: WeightSource, role: str = "embed", layer: int = 0) -> Embeddings | None:
        """The embeddings on the file's own blocks; None where they are not to be, or are not packed."""
        tensor = source.packed(role, layer) if self._packed is not None else None
        if tensor is None or not packable([tensor]):
            return None
        self.maps(tensor)
        return PackedEmbedding(tensor, self.dtype)

    def head(self, source: WeightSource, embed: torch.Tensor | None, tied: bool = False) -> LinearFn:
        """The output head; ``embed`` is the embedding it shares its weight with, None for a head of its own."""
        if self._packed is not None:
            tensor = source.packed("embed" if tied else "head")
            if tensor is not None and packable([tensor]):
                if not tied:
                    self.maps(tensor)
                return self._packed.linear([tensor])
        weight = embed if embed is not None else self.tensor(source, "head")
        return self._made(self.head_bits, weight, None, 1)

    def _dense(self, weight: torch.Tensor, bias: torch.Tensor | None) -> LinearFn:
        kind = self._kind or choose_linear(self.dtype, self.device, *weight.shape)
        return make_linear(kind, weight, bias)

    def _made(self, bits: int, weight: torch.Tensor, bias: torch.Tensor | None, roles: int) -> LinearFn:
        if not bits or not low_bit.fits(bits, *weight.shape):
            return self._dense(weight, bias)
        self.rounded += roles
        return low_bit.packed_linear(bits, weight, bias)

    def _groups4(self, source: WeightSource, roles: tuple[str, ...], layer: int) -> Groups4 | None:
        """All roles in four bits; None where their shape cannot be packed."""
        parts, rounded = [], 0
        for role in roles:
            groups = source.groups4(role, layer)
            if groups is None:
                weight = source.get(role, "weight", layer)
                if weight.shape[1] % GROUP:
                    return None
                groups = low_bit.to_groups4(weight)
                rounded += 1
            parts.append(groups)
        whole = low_bit.joined(parts)
        if not low_bit.fits(4, *whole.integers.shape):
            return None
        self.parameters += whole.integers.size
        self.rounded += rounded
        return whole
