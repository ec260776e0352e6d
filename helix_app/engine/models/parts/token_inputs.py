"""What layers are given of a row's token beside the stream, and what they do with it behind their two halves.

Every token has a number of inputs for each layer (per-layer embeddings): looked up in a table of their own, and
projected from its embedding. A layer lets its stream gate its inputs, and adds what comes out.
"""

from __future__ import annotations

from collections.abc import Sequence

import gguf
import numpy as np
import torch
import torch.nn.functional as F

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Pass
from helix_app.engine.models.residual import Norm, Residual
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor


class MappedTable:
    """A table of inputs as its file holds it: rows are unpacked when a pass asks for them.

    It has as many numbers as the rest of a small model, of which a row needs a few thousand.
    """

    def __init__(self, packed: PackedTensor, dtype: torch.dtype, device: torch.device) -> None:
        self.row_bytes = int(packed.raw.shape[1])
        self._packed, self._dtype, self._device = packed, dtype, device
        self._unpack, self._kind = gguf.dequantize, gguf.GGMLQuantizationType[packed.format]

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """The rows of these ids, ``[ids, columns]``."""
        wanted, places = np.unique(ids.cpu().numpy(), return_inverse=True)
        rows = np.asarray(self._unpack(self._packed.raw[wanted], self._kind), dtype=np.float32)
        return torch.from_numpy(rows.reshape(len(wanted), -1)[places.reshape(-1)]).to(self._dtype).to(self._device)


class HeldTable:
    """A table of inputs in memory."""

    def __init__(self, table: torch.Tensor) -> None:
        self._table, self.row_bytes = table, table.shape[1] * table.dtype.itemsize

    def __call__(self, ids: torch.Tensor) -> torch.Tensor:
        """The rows of these ids, ``[ids, columns]``."""
        return F.embedding(ids, self._table)


class TokenTable:
    """The inputs of all layers for the rows of a pass."""

    def __init__(
        self, config: ModelConfig, table: MappedTable | HeldTable, project: LinearFn, norm: torch.Tensor
    ) -> None:
        assert config.token_inputs is not None
        self.table, self.project, self.norm = table, project, norm
        self._config, self._size = config, config.token_inputs.size

    @property
    def linear(self) -> Linear:
        """Its projection."""
        return Linear("inputs", self.project, self._config.num_layers * self._size, self._config.hidden_size)

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        return self.table.row_bytes + bytes_of(self.project) + bytes_of(self.norm)

    def __call__(self, ids: torch.Tensor, embedded: torch.Tensor, step: Pass) -> torch.Tensor:
        """From ids ``[rows]`` and their embeddings ``[rows, hidden]``: ``[layers, rows, size]``."""
        config, size = self._config, self._size
        known = self.table(ids).view(-1, config.num_layers, size) * size**0.5
        made = part.run_linear(self.project, embedded, "inputs" in step.paired, step.pieces) * config.hidden_size**-0.5
        made = F.rms_norm(made.view(-1, config.num_layers, size), (size,), self.norm, config.norm_eps)
        return ((made + known) * 2.0**-0.5).transpose(0, 1).contiguous()


class TokenGate:
    """What a layer makes of its inputs."""

    def __init__(self, config: ModelConfig, index: int, gate: LinearFn, out: LinearFn, norm: Norm) -> None:
        assert config.token_inputs is not None
        self.gate, self.out, self.norm = gate, out, norm
        self._config, self._index, self._size = config, index, config.token_inputs.size

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        hidden = self._config.hidden_size
        return Linear("input_gate", self.gate, self._size, hidden), Linear("input_out", self.out, hidden, self._size)

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        return bytes_of(self.gate) + bytes_of(self.out) + bytes_of(self.norm)

    def __call__(self, x: Residual, inputs: torch.Tensor, step: Pass) -> None:
        """Add to the stream what it lets through of the inputs of all layers ``[layers, rows, size]``."""
        config = self._config
        gate = part.run_linear(self.gate, x.rows.contiguous(), "input_gate" in step.paired, step.pieces)
        active = F.gelu(gate, approximate="tanh") if config.activation == "gelu_tanh" else F.silu(gate)
        y = part.run_linear(self.out, active * inputs[self._index], "input_out" in step.paired, step.pieces)
        x.add(F.rms_norm(y, (config.hidden_size,), self.norm.weight, config.norm_eps))


def load_token_table(
    config: ModelConfig, maker: LinearMaker, source: WeightSource, like: TokenTable | None
) -> TokenTable | None:
    """The inputs of a model that has them, its table that of ``like`` where there is one. Raises ModelFileError."""
    if config.token_inputs is None:
        return None
    table = _table(maker, source) if like is None else like.table
    project = maker.linear(source, ("inputs_project",), 0, False)
    return TokenTable(config, table, project, maker.tensor(source, "inputs_norm"))


def _table(maker: LinearMaker, source: WeightSource) -> MappedTable | HeldTable:
    packed = source.packed("inputs_embed")
    if packed is None:
        return HeldTable(maker.tensor(source, "inputs_embed"))
    maker.maps(packed)
    table = MappedTable(packed, maker.dtype, maker.device)
    try:
        table(torch.zeros(1, dtype=torch.int64))
    except NotImplementedError as exc:
        feature = reason_of("feature_weights", kind=packed.format)
        raise ModelFileError("model_feature_unsupported", feature=feature, detail=str(exc)) from exc
    return table


def load_token_gate(config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int) -> TokenGate | None:
    """What a layer makes of its inputs, None where it has none. Raises ModelFileError."""
    if config.token_inputs is None:
        return None
    gate, out = (maker.linear(source, (role,), index, False) for role in ("input_gate", "input_out"))
    return TokenGate(config, index, gate, out, Norm(maker.tensor(source, "input_post_norm", layer=index)))
