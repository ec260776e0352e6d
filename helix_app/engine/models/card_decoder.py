"""The decoder for packed files on a card: linear layers and embeddings on the file's own blocks, the rest as ever.

Weights stay as their file has them and are unpacked within each product (``kernels/triton/``), rounded to the format of
the activations on the way, as a dense layer would hold them. Imports Triton.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch

from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.kernels.triton.formats import CUTS
from helix_app.engine.kernels.triton.weights import PackedLinear, PackedWeight
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.linears import Embeddings, LinearMaker
from helix_app.engine.models.tensors.weights import WeightSource, row_order
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor


class PackedLinearMaker(LinearMaker):
    """Makes linear layers of packed weights; of what is not packed, or has no kernel, dense ones.

    Attributes:
        table: the embeddings, once they were asked for; None for dense ones.
    """

    def __init__(self, config: ModelConfig, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__("plain", dtype, device)
        self._config = config
        self.table: PackedWeight | None = None

    def embedding(self, source: WeightSource, role: str = "embed", layer: int = 0) -> Embeddings | None:
        packed = self._on_card(source, (role,), layer)
        if packed is None:
            return None
        table, dtype = packed[0], self.dtype
        self.table = table if role == "embed" else self.table
        return lambda ids: table.unpacked(ids, dtype)

    def linear(self, source: WeightSource, roles: tuple[str, ...], layer: int, bias: bool) -> LinearFn:
        packed = self._on_card(source, roles, layer)
        if packed is None:
            return super().linear(source, roles, layer, bias)
        biases = torch.cat([self.tensor(source, role, "bias", layer) for role in roles]) if bias else None
        return PackedLinear(packed, biases)

    def head(self, source: WeightSource, embed: torch.Tensor | None, tied: bool = False) -> LinearFn:
        packed = self._on_card(source, ("head",)) if not tied else self.table and [self.table]
        return PackedLinear(packed, None) if packed else super().head(source, embed, tied)

    def _on_card(self, source: WeightSource, roles: tuple[str, ...], layer: int = 0) -> list[PackedWeight] | None:
        """These weights on the device; None where one of them is of another kind."""
        found: list[tuple[str, PackedTensor]] = []
        for role in roles:
            tensor = source.packed(role, layer)
            if tensor is None or tensor.format not in CUTS:
                return None
            found.append((role, tensor))
        self.parameters += sum(tensor.rows * tensor.columns for _, tensor in found)
        return [
            PackedWeight(tensor, self.device, row_order(self._config, role, layer, self._config.interleaved))
            for role, tensor in found
        ]


class CardDecoder(Decoder):
    """A model on its file's own blocks in a card's memory; see ``decoder.Decoder``."""

    _table: PackedWeight | None = None

    @property
    def format(self) -> str:
        return "packed"

    @property
    def held_bytes(self) -> int:
        """Bytes of all weights that the card holds."""
        table = self._embed if self._table is None else self._table.raw
        return self.weight_bytes + (0 if self.config.tied_embeddings else bytes_of(table))

    def load(self, source: WeightSource, like: Decoder | None = None) -> Iterator[float]:
        self._maker = PackedLinearMaker(self.config, self.dtype, self.device)
        yield from super().load(source, like)
        self._table = self._maker.table

    def release(self) -> None:
        self._table = None
        super().release()

    def linear_maker(self) -> LinearMaker:
        return self._maker
