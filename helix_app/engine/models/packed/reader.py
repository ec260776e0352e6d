"""Weights for the decoder for packed files: matrices as the file holds them, the rest in float32."""

from __future__ import annotations

import numpy as np

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.models.packed.layers import PackedLayer
from helix_app.engine.models.packed.memory import Floats
from helix_app.engine.models.packed.recurrent import RecurrentWeights, padded_heads
from helix_app.engine.models.tensors.delta_weights import VECTORS
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor


class LayerReader:
    """Reads them; every method raises ModelFileError for what is missing, damaged, not packed, or of another shape.

    Attributes:
        parameters: weights read so far.
    """

    def __init__(self, source: WeightSource, config: ModelConfig) -> None:
        self._source, self._config, self.parameters = source, config, 0

    def layer(self, i: int) -> PackedLayer:
        """A layer."""
        biases = qk_norms = posts = recurrent = None
        queries: list[PackedTensor] = []
        gates: list[PackedTensor] = []
        own = self._config.layer(i).recurrent
        if own:
            recurrent = self._recurrent(i)
        elif self._config.gated_attention:
            queries, gates = self._matrices("q", i), self._matrices("q_gate", i)
        else:
            queries = [self.matrix("q", i)]
        if self._config.qkv_bias and not own:
            biases = tuple(self.vector(role, i, "bias") for role in ("q", "k", "v"))
        if self._config.qk_norm and not own:
            qk_norms = self.vector("q_norm", i), self.vector("k_norm", i)
        if self._config.post_norms:
            posts = self.vector("attn_post_norm", i), self.vector("mlp_post_norm", i)
        return PackedLayer(
            attn_norm=self.vector("attn_norm", i),
            qkv=() if own else (*queries, self.matrix("k", i), self.matrix("v", i)),
            gates=tuple(gates),
            recurrent=recurrent,
            biases=biases,  # type: ignore[arg-type]
            out=self.matrix("delta_out" if own else "o", i),
            mlp_norm=self.vector("mlp_norm", i),
            gate=self.matrix("gate", i),
            up=self.matrix("up", i),
            down=self.matrix("down", i),
            qk_norms=qk_norms,
            posts=posts,
        )

    def matrix(self, role: str, layer: int = 0) -> PackedTensor:
        """A matrix."""
        tensor = self._source.packed(role, layer)
        if tensor is None:
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_unpacked", role=role))
        self.parameters += tensor.rows * tensor.columns
        return tensor

    def _matrices(self, role: str, layer: int) -> list[PackedTensor]:
        found = self._source.packed_parts(role, layer)
        if found is None:
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_unpacked", role=role))
        self.parameters += sum(tensor.rows * tensor.columns for tensor in found)
        return found

    def _recurrent(self, i: int) -> RecurrentWeights:
        sizes = self._config.recurrent
        assert sizes is not None
        missing = padded_heads(sizes) - sizes.value_heads
        taps, decay, bias, gain = (self.vector(role, i) for role in VECTORS)
        speeds, rates = (self.vector(role, i) for role in ("delta_speed", "delta_rate"))
        return RecurrentWeights(
            mixed_in=self.matrix("delta_qkv", i),
            gate=self.matrix("delta_gate", i),
            gates=np.concatenate([np.pad(part, ((0, missing), (0, 0))) for part in (speeds, rates)]),
            taps=np.ascontiguousarray(taps.T),
            decay=np.pad(decay, (0, missing)),
            bias=np.pad(bias, (0, missing)),
            gain=gain,
        )

    def vector(self, role: str, layer: int = 0, kind: str = "weight") -> Floats:
        """A tensor in float32."""
        vector = np.ascontiguousarray(self._source.get(role, kind, layer).float().numpy())
        self.parameters += vector.size
        return vector
