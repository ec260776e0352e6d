"""Weights of experts by role, whichever way a file holds them.

GGUF files have one tensor for all experts of a layer: ``ffn_gate_exps`` and ``ffn_up_exps`` ``[experts, size, hidden]``
or both as ``ffn_gate_up_exps``, and ``ffn_down_exps`` ``[experts, hidden, size]`` (llama.cpp, ``convert_hf_to_gguf.py``
and ``llama-arch.cpp``). Safetensors files have the matrices of each expert, or those of all as one (transformers,
``Qwen3MoeExperts``), or those of all transposed and gate and up by turns (``GptOssExperts``), there also as blocks of
MXFP4: 32 numbers of four bits, the even ones in the lower halves of their bytes, and a power of two
(``transformers.integrations.mxfp4``).

One expert is read at a time.
"""

from __future__ import annotations

from collections.abc import Callable

import torch

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles.config import Experts, ModelConfig
from helix_app.modelfiles.gguf.gguf_file import GgufHeader
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.model_path import ModelFiles

# role -> (name in GGUF, name in safetensors); {i} is the layer
NAMES = {
    "router": ("blk.{i}.ffn_gate_inp", "model.layers.{i}.mlp.gate"),
    "shared_gate": ("blk.{i}.ffn_gate_shexp", "model.layers.{i}.mlp.shared_expert.gate_proj"),
    "shared_up": ("blk.{i}.ffn_up_shexp", "model.layers.{i}.mlp.shared_expert.up_proj"),
    "shared_down": ("blk.{i}.ffn_down_shexp", "model.layers.{i}.mlp.shared_expert.down_proj"),
    "shared_scale": ("blk.{i}.ffn_gate_inp_shexp", "model.layers.{i}.mlp.shared_expert_gate"),
    "sinks": ("blk.{i}.attn_sinks", "model.layers.{i}.self_attn.sinks"),
    # of experts beside a perceptron (llama.cpp, ``Gemma4Model`` of convert_hf_to_gguf.py)
    "router_scale": ("blk.{i}.ffn_gate_inp.scale", "model.layers.{i}.router.scale"),
    "expert_scale": ("blk.{i}.ffn_down_exps.scale", "model.layers.{i}.router.per_expert_scale"),
    "expert_norm": ("blk.{i}.pre_ffw_norm_2", "model.layers.{i}.pre_feedforward_layernorm_2"),
    "expert_post_norm": ("blk.{i}.post_ffw_norm_2", "model.layers.{i}.post_feedforward_layernorm_2"),
    "dense_post_norm": ("blk.{i}.post_ffw_norm_1", "model.layers.{i}.post_feedforward_layernorm_1"),
}
SCALES = ("router_scale", "expert_scale")  # whose names are whole
_GGUF = {"expert_gate_up": ("ffn_gate_exps", "ffn_up_exps"), "expert_down": ("ffn_down_exps",)}
_GGUF_WHOLE = "ffn_gate_up_exps"
_SAFETENSORS = {"expert_gate_up": ("gate_proj", "up_proj"), "expert_down": ("down_proj",)}
_WHOLE = {"expert_gate_up": "gate_up_proj", "expert_down": "down_proj"}
_FP4 = torch.tensor((0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0))
Part = Callable[[str, "int | None"], "torch.Tensor | None"]


def shapes(config: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Those of roles that only some models have; of experts, those of one."""
    found: dict[str, tuple[int, ...]] = {"sinks": (config.num_heads,)}
    one, hidden = config.experts, config.hidden_size
    if one is None:
        return found
    return {
        **found,
        "router": (one.count, hidden),
        "expert_gate_up": (2 * one.size, hidden),
        "expert_down": (hidden, one.size),
        "shared_gate": (one.shared_size, hidden),
        "shared_up": (one.shared_size, hidden),
        "shared_down": (hidden, one.shared_size),
        "shared_scale": (1, hidden),
        "router_scale": (hidden,),
        "expert_scale": (one.count,),
    }


def from_gguf(
    header: GgufHeader, config: ModelConfig, role: str, layer: int, index: int, kind: str = "weight"
) -> torch.Tensor:
    """A tensor of one expert in torch order, in float32. Raises ModelFileError."""
    names = _checked(header, config, role, layer, kind)
    parts = [torch.from_numpy(header.tensor(name, slice(index, index + 1))[0].copy()) for name in names]
    return parts[0] if len(parts) == 1 else torch.cat(parts)


def _checked(header: GgufHeader, config: ModelConfig, role: str, layer: int, kind: str) -> list[str]:
    """The tensors that hold a role of all experts. Raises ModelFileError."""
    experts, want = _experts(config), _shape(config, role, kind)
    names = [f"blk.{layer}.{stem}.{kind}" for stem in _GGUF[role]]
    whole = f"blk.{layer}.{_GGUF_WHOLE}.{kind}"
    if role == "expert_gate_up" and whole in header.tensors:
        names = [whole]
    wanted = (experts.count, want[0] // len(names), *want[1:])
    for name in names:
        shape = header.info(name).shape
        if shape != wanted:
            raise _mismatch(header.path, reason_of("tensor_shape", name=name, shape=list(shape), wanted=list(wanted)))
    return names


def packed_in_gguf(header: GgufHeader, config: ModelConfig, role: str, layer: int) -> list[PackedTensor] | None:
    """The matrices of all experts of a layer as the file holds them, one above the other; None for some not packed.

    Raises:
        ModelFileError: they are missing, or of another shape.
    """
    found = [header.packed(name) for name in _checked(header, config, role, layer, "weight")]
    held = [tensor for tensor in found if tensor is not None]
    return held if len(held) == len(found) else None


def from_safetensors(
    part: Part, files: ModelFiles, role: str, layer: int, index: int, kind: str = "weight"
) -> torch.Tensor:
    """A tensor of one expert in torch order, in its file's precision or float32.

    Args:
        part: reads a tensor by its name, one row of it if one is named; None for a tensor that is not there.

    Raises:
        ModelFileError: it is missing, of another shape, or held in a way that is not known.
    """
    config, stem = files.config, _stem(files.config, layer)
    experts, name = _experts(config), f"{stem}.{_WHOLE[role]}"
    tensor = None
    if experts.transposed:
        tensor = _transposed(part, name, index, kind)
        if tensor is not None and role == "expert_gate_up":
            tensor = torch.cat((tensor[::2], tensor[1::2]))
    elif kind == "weight":
        tensor = part(name, index)
        if tensor is None:
            name = f"{stem}.{index}.{_SAFETENSORS[role][0]}.weight"
            parts = [part(f"{stem}.{index}.{one}.weight", None) for one in _SAFETENSORS[role]]
            held = [one for one in parts if one is not None]
            tensor = torch.cat(held) if len(held) == len(parts) else None
    if tensor is None:
        raise _mismatch(files.path, reason_of("tensor_missing", name=name))
    if not tensor.is_floating_point() or tensor.element_size() < 2:
        raise ModelFileError("model_feature_unsupported", feature=reason_of("feature_weights", kind=tensor.dtype))
    if tuple(tensor.shape) != (want := _shape(config, role, kind)):
        what = reason_of("expert_shape", name=name, shape=list(tensor.shape), wanted=list(want))
        raise _mismatch(files.path, what)
    return tensor


def _stem(config: ModelConfig, layer: int) -> str:
    """What names of a layer's experts begin with; those of the layer that drafts lie apart."""
    if config.next_token is not None and layer >= config.num_layers:
        return f"mtp.layers.{layer - config.num_layers}.mlp.experts"
    place = "" if _experts(config).beside else "mlp."
    return f"model.layers.{layer}.{place}experts"


def _transposed(part: Part, name: str, index: int, kind: str) -> torch.Tensor | None:
    """As ``GptOssExperts`` has it, in torch order, rows of gate and up still by turns."""
    if kind == "bias":
        return part(f"{name}_bias", index)
    blocks, scales = part(f"{name}_blocks", index), part(f"{name}_scales", index)
    if blocks is not None and scales is not None:
        return mxfp4(blocks, scales)
    tensor = part(name, index)
    return None if tensor is None else tensor.t()


def mxfp4(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """Numbers in float32 ``[rows, columns]`` of blocks ``[rows, columns / 32, 16]`` and exponents of two ``[rows,
    columns / 32]``, both bytes."""
    values = torch.stack((_FP4[(blocks & 15).long()], _FP4[(blocks >> 4).long()]), dim=-1)  # [rows, blocks, 16, 2]
    return torch.ldexp(values.flatten(2), scales.int().unsqueeze(2) - 127).flatten(1)


def _experts(config: ModelConfig) -> Experts:
    assert config.experts is not None
    return config.experts


def _shape(config: ModelConfig, role: str, kind: str) -> tuple[int, ...]:
    shape = shapes(config)[role]
    return shape[:1] if kind == "bias" else shape


def _mismatch(path: object, what: str) -> ModelFileError:
    return ModelFileError("model_weights_mismatch", path=path, what=what)
