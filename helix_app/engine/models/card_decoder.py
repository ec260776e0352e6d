"""The decoder for packed files on a card: linear layers and embeddings on the file's own blocks, the rest as ever.

Weights stay as their file has them and are unpacked within each product (``kernels/triton/``), rounded to the format of
the activations on the way, as a dense layer would hold them. Imports Triton.
"""

from __future__ import annotations

import torch

from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.kernels.triton.formats import CUTS
from helix_app.engine.kernels.triton.weights import PackedLinear, PackedWeight
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.weights import WeightSource, row_order
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

    def embedding(self, source: WeightSource) -> torch.Tensor:
        packed = self._packed(source, ("embed",))
        if packed is None:
            return super().embedding(source)
        self.table = packed[0]
        return self.table.raw

    def linear(self, source: WeightSource, roles: tuple[str, ...], layer: int, bias: bool) -> LinearFn:
        packed = self._packed(source, roles, layer)
        if packed is None:
            return super().linear(source, roles, layer, bias)
        biases = torch.cat([self.tensor(source, role, "bias", layer) for role in roles]) if bias else None
        return PackedLinear(packed, biases)

    def head(self, source: WeightSource, embed: torch.Tensor | None) -> LinearFn:
        packed = self._packed(source, ("head",)) if embed is None else self.table and [self.table]
        return PackedLinear(packed, None) if packed else super().head(source, embed)

    def _packed(self, source: WeightSource, roles: tuple[str, ...], layer: int = 0) -> list[PackedWeight] | None:
        """These weights on the device; None where one of them is of another kind."""
        found: list[tuple[str, PackedTensor]] = []
        for role in roles:
            tensor = source.packed(role, layer)
            if tensor is None or tensor.format not in CUTS:
                return None
            found.append((role, tensor))
        self.parameters += sum(tensor.rows * tensor.columns for _, tensor in found)
        return [PackedWeight(tensor, self.device, row_order(self._config, role, layer)) for role, tensor in found]


class CardDecoder(Decoder):
    """A model on its file's own blocks in a card's memory; see ``decoder.Decoder``."""

    _maker: PackedLinearMaker | None = None

    @property
    def format(self) -> str:
        return "packed"

    @property
    def held_bytes(self) -> int:
        """Bytes of all weights that the card holds."""
        return self.weight_bytes + (0 if self.config.tied_embeddings else bytes_of(self._embed))

    def release(self) -> None:
        self._maker = None
        super().release()

    def _linear_maker(self) -> LinearMaker:
        self._maker = PackedLinearMaker(self.config, self.dtype, self.device)
        return self._maker

    def _rows_of(self, ids: torch.Tensor) -> torch.Tensor:
        table = self._maker.table if self._maker is not None else None
        return super()._rows_of(ids) if table is None else table.unpacked(ids, self.dtype)
