"""Weights of a draft head by role, from its safetensors files, or rounded to blocks of eight bits."""

from __future__ import annotations

import gguf
import torch

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.models.tensors.weights import DenseWeights, expected_shape
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

BLOCKS = "Q8_0"  # what matrices are rounded to
# role -> the name that EAGLE gives
_NAMES = {
    "embed": "embed_tokens",
    "head_fc": "fc",
    "enorm": "midlayer.input_layernorm",
    "hnorm": "midlayer.hidden_norm",
    "q": "midlayer.self_attn.q_proj",
    "k": "midlayer.self_attn.k_proj",
    "v": "midlayer.self_attn.v_proj",
    "o": "midlayer.self_attn.o_proj",
    "q_norm": "midlayer.self_attn.q_norm",
    "k_norm": "midlayer.self_attn.k_norm",
    "mlp_norm": "midlayer.post_attention_layernorm",
    "gate": "midlayer.mlp.gate_proj",
    "up": "midlayer.mlp.up_proj",
    "down": "midlayer.mlp.down_proj",
    "norm": "norm",
    "head": "lm_head",
}


class HeadWeights(DenseWeights):
    """A ``WeightSource``; layers are of no account, for there is one. Use as a context manager."""

    def __init__(self, files: HeadFiles, taken: int, rounded: bool = False) -> None:
        """
        Args:
            taken: states of the target that become one.
            rounded: matrices are also given in blocks (``packed``).
        """
        super().__init__(files.weights)
        self._files, self._taken, self._rounded = files, taken, rounded

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        """A tensor as the files hold it. Raises ModelFileError."""
        name = f"{_NAMES[role]}.{kind}"
        tensor = self.named(name)
        if not tensor.is_floating_point() or tensor.element_size() < 2:
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_weights", kind=tensor.dtype))
        want = self._shape(role, kind)
        if tuple(tensor.shape) != want:
            raise self._unfit("tensor_shape", name=name, shape=list(tensor.shape), wanted=list(want))
        return tensor

    def named(self, name: str) -> torch.Tensor:
        """A tensor by the name that EAGLE gives it. Raises ModelFileError."""
        found = self._files.tensors.get(name)
        if found is None:
            raise self._unfit("tensor_missing", name=name)
        return self._opened.tensor(found)

    def tokens(self, vocabulary: int) -> torch.Tensor | None:
        """The target's token of each of its logits ``[draft vocab]``; None where it drafts all of them, in order.

        ``d2t`` holds what is to be added to a token's number among those that it drafts.

        Args:
            vocabulary: tokens of the target.

        Raises:
            ModelFileError: tokens that the target does not have, or twice the same one.
        """
        files = self._files
        if not files.reduced:
            return None
        offsets = self.named("d2t")
        if offsets.is_floating_point() or tuple(offsets.shape) != (files.draft_vocab,):
            raise self._unfit("tensor_shape", name="d2t", shape=list(offsets.shape), wanted=[files.draft_vocab])
        found = offsets.to(torch.int64) + torch.arange(files.draft_vocab)
        if int(found.min()) < 0 or int(found.max()) >= vocabulary or found.unique().numel() != found.numel():
            raise self._unfit("head_map")
        return found

    def _shape(self, role: str, kind: str) -> tuple[int, ...]:
        files, config = self._files, self._files.config
        hidden = config.hidden_size
        own = {
            "head_fc": (hidden, self._taken * files.target_hidden),
            "head": (files.draft_vocab, hidden),
        }
        shape = own.get(role) or expected_shape(config, role, kind)
        if role in ("q", "k", "v") and kind == "weight":  # of an embedding beside a state
            shape = (shape[0], 2 * hidden)
        return shape[:1] if kind == "bias" else shape

    def _unfit(self, code: str, **fields: object) -> ModelFileError:
        return ModelFileError("model_weights_mismatch", path=self._files.path, what=reason_of(code, **fields))

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        raise NotImplementedError("a draft head has no experts")

    def packed_parts(self, role: str, layer: int = 0) -> list[PackedTensor] | None:
        whole = self.packed(role, layer)
        return None if whole is None else [whole]

    def packed(self, role: str, layer: int = 0) -> PackedTensor | None:
        """A matrix in blocks of eight bits; None where its rows are no whole blocks, or blocks are not wanted."""
        if not self._rounded:
            return None
        weight = self.get(role, "weight", layer)
        if weight.shape[1] % FORMATS[BLOCKS].columns:
            return None
        blocks = gguf.quantize(weight.float().numpy(), gguf.GGMLQuantizationType[BLOCKS])
        return PackedTensor(BLOCKS, blocks, weight.shape[1])
