"""Weights by role, whichever file format they come from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.engine.models.tensors import delta_weights, expert_weights
from helix_app.engine.models.tensors.opened import OpenedFiles
from helix_app.engine.models.tensors.token_weights import TOKEN_INPUTS, token_input_shape
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.gguf_file import GgufHeader
from helix_app.modelfiles.gguf.groups4 import Groups4
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.model_path import ModelFiles

Own = TypeVar("Own", bound="DenseWeights")
# role -> (name in GGUF, name in safetensors); {i} is the layer
_NAMES = {
    "embed": ("token_embd", "model.embed_tokens"),
    "norm": ("output_norm", "model.norm"),
    "head": ("output", "lm_head"),
    "attn_norm": ("blk.{i}.attn_norm", "model.layers.{i}.input_layernorm"),
    "q": ("blk.{i}.attn_q", "model.layers.{i}.self_attn.q_proj"),
    "q_gate": ("blk.{i}.attn_q", "model.layers.{i}.self_attn.q_proj"),  # each head's gate stands after its query
    "k": ("blk.{i}.attn_k", "model.layers.{i}.self_attn.k_proj"),
    "v": ("blk.{i}.attn_v", "model.layers.{i}.self_attn.v_proj"),
    "qkv": ("blk.{i}.attn_qkv", "model.layers.{i}.self_attn.qkv_proj"),
    "gate_up": ("blk.{i}.ffn_up", "model.layers.{i}.mlp.gate_up_proj"),
    "o": ("blk.{i}.attn_output", "model.layers.{i}.self_attn.o_proj"),
    "q_norm": ("blk.{i}.attn_q_norm", "model.layers.{i}.self_attn.q_norm"),
    "k_norm": ("blk.{i}.attn_k_norm", "model.layers.{i}.self_attn.k_norm"),
    "mlp_norm": ("blk.{i}.ffn_norm", "model.layers.{i}.post_attention_layernorm"),
    "attn_post_norm": ("blk.{i}.post_attention_norm", "model.layers.{i}.post_attention_layernorm"),
    "mlp_post_norm": ("blk.{i}.post_ffw_norm", "model.layers.{i}.post_feedforward_layernorm"),
    "gate": ("blk.{i}.ffn_gate", "model.layers.{i}.mlp.gate_proj"),
    "up": ("blk.{i}.ffn_up", "model.layers.{i}.mlp.up_proj"),
    "down": ("blk.{i}.ffn_down", "model.layers.{i}.mlp.down_proj"),
    **TOKEN_INPUTS,
    **expert_weights.NAMES,
    # of the layer that drafts
    "next_proj": ("blk.{i}.nextn.eh_proj", "mtp.fc"),
    "enorm": ("blk.{i}.nextn.enorm", "mtp.pre_fc_norm_embedding"),
    "hnorm": ("blk.{i}.nextn.hnorm", "mtp.pre_fc_norm_hidden"),
    "next_embed": ("blk.{i}.nextn.embed_tokens", "mtp.embed_tokens"),
    "next_norm": ("blk.{i}.nextn.shared_head_norm", "mtp.norm"),
    "next_head": ("blk.{i}.nextn.shared_head_head", "mtp.lm_head"),
}


# where a file holds several matrices as one: what it is called, and those before each in it
_FUSED: dict[str, tuple[str, tuple[str, ...]]] = {
    "q": ("qkv", ()),
    "k": ("qkv", ("q",)),
    "v": ("qkv", ("q", "k")),
    "gate": ("gate_up", ()),
    "up": ("gate_up", ("gate",)),
}


def _place(config: ModelConfig, role: str, layer: int) -> tuple[str, slice | None]:
    """What a matrix is part of in its file, and the rows of it; None for a whole one, or where they lie apart."""
    if role in delta_weights.NAMES:
        return delta_weights.whole_of(config.recurrent, role), None
    if not config.fused or role not in _FUSED:
        return role, None
    whole, before = _FUSED[role]
    begin = sum(expected_shape(config, other, "weight", layer)[0] for other in before)
    return whole, slice(begin, begin + expected_shape(config, role, "weight", layer)[0])


def gguf_name(config: ModelConfig, role: str, layer: int = 0, kind: str = "weight") -> str:
    """What llama.cpp calls a tensor."""
    if role in delta_weights.NAMES:
        return delta_weights.NAMES[role][0].format(i=layer)
    if role in expert_weights.SCALES:
        return expert_weights.NAMES[role][0].format(i=layer)
    if role == "mlp_norm" and config.recurrent is not None:
        return f"blk.{layer}.post_attention_norm.{kind}"
    return f"{_NAMES[role][0].format(i=layer)}.{kind}"


def safetensors_name(config: ModelConfig, role: str, layer: int = 0, kind: str = "weight") -> str:
    """What transformers calls a tensor."""
    if role in delta_weights.NAMES:
        return delta_weights.NAMES[role][1].format(i=layer)
    name = _NAMES[role][1]
    if role == "mlp_norm" and config.post_norms:  # the name it has elsewhere is that of a norm after attention
        name = "model.layers.{i}.pre_feedforward_layernorm"
    if role == "router" and config.experts is not None and config.experts.biased:
        name = "model.layers.{i}.mlp.router"
    if role == "router" and config.experts is not None and config.experts.beside:
        name = "model.layers.{i}.router.proj"
    if role in ("layer_scale", "sinks", *expert_weights.SCALES):  # buffers and parameters, which have no kind
        return name.format(i=layer)
    if config.next_token is not None and layer >= config.num_layers:
        name, layer = name.replace("model.layers.", "mtp.layers."), layer - config.num_layers
    return f"{name.format(i=layer)}.{kind}"


def _possible(name: str) -> Iterator[str]:
    """What a tensor may be called: without its model, or beside the parts of a model that look at pictures."""
    yield name
    yield name.removeprefix("model.")
    yield f"language_model.{name}"
    yield name.replace("model.", "model.language_model.", 1)


class WeightSource(Protocol):
    """Gives tensors by role. Use as a context manager: files are closed at its end."""

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        """A tensor in torch order, in its file's precision or float32. Raises ModelFileError."""
        ...

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        """A tensor of one expert, ``expert_gate_up`` (gate above up) or ``expert_down``. Raises ModelFileError."""
        ...

    def packed_experts(self, role: str, layer: int) -> list[PackedTensor] | None:
        """The matrices of all experts as the file holds them; None where some are not packed. Raises ModelFileError."""
        ...

    def groups4(self, role: str, layer: int = 0) -> Groups4 | None:
        """A weight's own four-bit integers, None where the file holds it otherwise. Raises ModelFileError."""
        ...

    def packed(self, role: str, layer: int = 0) -> PackedTensor | None:
        """A weight and its rows as the file holds them; None where it is not packed. Raises ModelFileError."""
        ...

    def packed_parts(self, role: str, layer: int = 0) -> list[PackedTensor] | None:
        """The same in pieces that lie side by side in the file, in torch order; None also where it orders the rows of a
        head otherwise. Raises ModelFileError."""
        ...

    def __enter__(self) -> WeightSource: ...

    def __exit__(self, *_: object) -> None: ...


def open_weights(files: ModelFiles) -> WeightSource:
    """The weights of a model on disk."""
    if files.gguf is not None:
        return _GgufWeights(files.gguf, files.config)
    return _SafetensorsWeights(files)


def expected_shape(config: ModelConfig, role: str, kind: str, layer: int = 0) -> tuple[int, ...]:
    """The shape a tensor must have; the layer matters where layers have sizes of their own."""
    hidden, inner, heads = config.hidden_size, config.inner_size(layer), config.heads(layer)
    q, kv = heads.queries * heads.dim, heads.kv * heads.dim
    shape: tuple[int, ...] | None = {
        "embed": (config.vocab_size, hidden),
        "head": (config.vocab_size, hidden),
        "q": (q, hidden),
        "q_gate": (q, hidden),
        "k": (kv, hidden),
        "v": (kv, hidden),
        "qkv": (q + 2 * kv, hidden),
        "gate_up": (2 * inner, hidden),
        "o": (hidden, q),
        "gate": (inner, hidden),
        "up": (inner, hidden),
        "down": (hidden, inner),
        "q_norm": (heads.dim,),
        "k_norm": (heads.dim,),
        **expert_weights.shapes(config),
        **(delta_weights.delta_shapes(config.recurrent, hidden) if config.recurrent is not None else {}),
        "next_proj": (hidden, 2 * hidden),
        "next_embed": (config.vocab_size, hidden),
        "next_head": (config.vocab_size, hidden),
    }.get(role)
    shape = shape or token_input_shape(config, role) or (hidden,)
    return shape[:1] if kind == "bias" else shape


def _check(
    shape: tuple[int, ...], config: ModelConfig, role: str, kind: str, layer: int, name: str, path: object
) -> None:
    want = expected_shape(config, role, kind, layer)
    if config.gated_attention and role in ("q", "q_gate"):  # a file has both in one
        want = (2 * want[0], *want[1:])
    if shape != want and (1, *shape) != want:  # a single row may be a vector
        what = reason_of("tensor_shape", name=name, shape=list(shape), wanted=list(want))
        raise ModelFileError("model_weights_mismatch", path=path, what=what)


def row_order(config: ModelConfig, role: str, layer: int, interleaved: bool) -> npt.NDArray[np.int64] | None:
    """Which rows of a file's matrix this one is; None for all of them as they are.

    Rotary halves of q and k rows are put apart where the file interleaves them, queries and gates where it has both.
    """
    if role in delta_weights.NAMES and config.recurrent is not None:
        return delta_weights.rows_of(config.recurrent, role)
    if role not in ("q", "k", "q_gate"):
        return None
    found = config.heads(layer)
    heads, dim = found.kv if role == "k" else found.queries, found.dim
    gated = config.gated_attention and role != "k"
    if not gated and not interleaved:
        return None
    rows = np.arange(heads * dim * (1 + gated)).reshape(heads, -1)
    rows = rows[:, dim:] if role == "q_gate" else rows[:, :dim].copy()
    turned = config.rotary_size or dim
    if interleaved and role != "q_gate":
        rows[:, :turned] = rows[:, :turned].reshape(heads, turned // 2, 2).swapaxes(1, 2).reshape(heads, turned)
    return rows.reshape(-1)


class _GgufWeights:
    def __init__(self, header: GgufHeader, config: ModelConfig) -> None:
        self._header, self._config = header, config

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        name, rows = self._found(role, kind, layer)
        array = self._header.tensor(name, rows)
        if not array.flags.writeable:  # a view of the mapped file
            array = array.copy()
        tensor = torch.from_numpy(array)
        tensor = tensor.view(-1, array.shape[-1]) if role == "shared_scale" else tensor
        order = row_order(self._config, role, layer, self._config.interleaved)
        return tensor if order is None else tensor[torch.from_numpy(order)]

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        return expert_weights.from_gguf(self._header, self._config, role, layer, index, kind)

    def packed_experts(self, role: str, layer: int) -> list[PackedTensor] | None:
        return expert_weights.packed_in_gguf(self._header, self._config, role, layer)

    def groups4(self, role: str, layer: int = 0) -> Groups4 | None:
        name, rows = self._found(role, "weight", layer)
        groups = self._header.groups4(name, rows)
        if groups is None:
            return None
        order = row_order(self._config, role, layer, self._config.interleaved)
        return groups if order is None else groups.take_rows(order)

    def packed(self, role: str, layer: int = 0) -> PackedTensor | None:
        if delta_weights.whole_of(self._config.recurrent, role) != role:  # its rows lie apart
            return None
        return self._header.packed(*self._found(role, "weight", layer))

    def packed_parts(self, role: str, layer: int = 0) -> list[PackedTensor] | None:
        whole = self.packed(role, layer)
        if whole is None or (self._config.interleaved and role in ("q", "k", "q_gate")):
            return None
        if not self._config.gated_attention or role not in ("q", "q_gate"):
            return [whole]
        heads = self._config.heads(layer)
        begins = [(2 * head + (role == "q_gate")) * heads.dim for head in range(heads.queries)]
        return [PackedTensor(whole.format, whole.raw[at : at + heads.dim], whole.columns) for at in begins]

    def _found(self, role: str, kind: str, layer: int) -> tuple[str, slice | None]:
        """The name of the tensor that holds this one, and which rows of it do. Raises ModelFileError."""
        whole, rows = _place(self._config, role, layer)
        name = gguf_name(self._config, whole, layer, kind)
        if role == "mlp_norm" and name not in self._header.tensors:  # gpt-oss: it is that of a norm after attention
            name = f"{_NAMES['attn_post_norm'][0].format(i=layer)}.{kind}"
        _check(self._header.info(name).shape, self._config, whole, kind, layer, name, self._header.path)
        return name, rows

    def __enter__(self) -> _GgufWeights:
        return self

    def __exit__(self, *_: object) -> None:
        pass


class DenseWeights:
    """A ``WeightSource`` of safetensors files, if any, that holds no packed blocks."""

    def __init__(self, files: Iterable[Path] = ()) -> None:
        self._opened = OpenedFiles(files)

    def __enter__(self: Own) -> Own:
        self._opened.open()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def packed_experts(self, role: str, layer: int) -> list[PackedTensor] | None:
        return None

    def groups4(self, role: str, layer: int = 0) -> Groups4 | None:
        return None

    def packed(self, role: str, layer: int = 0) -> PackedTensor | None:
        return None

    def packed_parts(self, role: str, layer: int = 0) -> list[PackedTensor] | None:
        return None


class _SafetensorsWeights(DenseWeights):
    def __init__(self, files: ModelFiles) -> None:
        super().__init__(files.weights)
        self._files, self._config = files, files.config

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        whole, rows = _place(self._config, role, layer)
        name = safetensors_name(self._config, whole, layer, kind)
        found = self._named(name)
        if found is None:
            raise ModelFileError(
                "model_weights_mismatch", path=self._files.path, what=reason_of("tensor_missing", name=name)
            )
        tensor = self._opened.tensor(found)
        if not tensor.is_floating_point() or tensor.element_size() < 2:
            raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_weights", kind=tensor.dtype))
        tensor = delta_weights.as_converted(role, tensor)
        _check(tuple(tensor.shape), self._config, whole, kind, layer, name, self._files.path)
        tensor = tensor if rows is None else tensor[rows]
        order = row_order(self._config, role, layer, interleaved=False)
        tensor = tensor if order is None else tensor[torch.from_numpy(order)]
        offset = self._config.norm_offset
        return tensor.float() + offset if offset and role.endswith("norm") else tensor

    def _named(self, name: str) -> str | None:
        """What a tensor is called here; None for one that is not there."""
        return next((one for one in _possible(name) if one in self._opened), None)

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        def part(name: str, one: int | None) -> torch.Tensor | None:
            found = self._named(name)
            return None if found is None else self._opened.tensor(found, one)

        return expert_weights.from_safetensors(part, self._files, role, layer, index, kind)
