"""Weights of experts: the same numbers from every way in which files hold them, and a refusal of others."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import gguf
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.next_token import reference_of, with_layer
from tests.engine.made.tiny import Zoo, hf_model
from tests.engine.models.test_decoder import TOLERANCE, logits_of, runner_of, some_ids, worst

ROLES = ("expert_gate_up", "expert_down")
State = dict[str, torch.Tensor]


def experts_of(path: Path) -> dict[tuple[str, int, int, str], torch.Tensor]:
    """Every tensor of every expert of a file."""
    files = inspect(path)
    one = files.config.experts
    assert one is not None
    with open_weights(files) as source:
        return {
            (role, layer, index, kind): source.expert(role, layer, index, kind)
            for role in ROLES
            for layer in range(files.config.num_layers)
            for index in range(one.count)
            for kind in (("weight", "bias") if one.biased else ("weight",))
        }


def check_same(a: Path, b: Path) -> None:
    mine, other = experts_of(a), experts_of(b)
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[key], other[key]) for key in mine)


def changed(folder: Path, into: Path, change: Callable[[State], State], **config: object) -> Path:
    """A copy of a folder with other tensors."""
    shutil.copytree(folder, into)
    save_file(change(load_file(into / "model.safetensors")), into / "model.safetensors", {"format": "pt"})
    described = json.loads((into / "config.json").read_text()) | config
    (into / "config.json").write_text(json.dumps(described))
    return into


@pytest.mark.parametrize("name", ["qwen3_moe", "qwen2_moe", "gpt_oss", "qwen3_5_moe"])
def test_both_formats_give_the_same_experts(zoo: Zoo, name: str) -> None:
    check_same(zoo.gguf(name), zoo.folder(name))


@pytest.mark.parametrize("name", ["qwen2_moe", "gpt_oss", "qwen3_5_moe"])
def test_both_formats_give_the_same_of_what_is_beside_them(zoo: Zoo, name: str) -> None:
    roles = ("router", "sinks") if name == "gpt_oss" else ("router", "shared_gate", "shared_down", "shared_scale")
    with open_weights(inspect(zoo.gguf(name))) as ours, open_weights(inspect(zoo.folder(name))) as theirs:
        for role in roles:
            assert torch.equal(ours.get(role, layer=1), theirs.get(role, layer=1)), role
        if name == "gpt_oss":
            assert torch.equal(ours.get("router", "bias", 1), theirs.get("router", "bias", 1))


def stacked(state: State) -> State:
    """As transformers holds the experts of Qwen in memory."""
    kept = {key: value for key, value in state.items() if ".experts." not in key}
    layers = {key.split(".")[2] for key in state if ".experts." in key}
    for layer in layers:
        stem = f"model.layers.{layer}.mlp.experts"
        gate, up, down = (
            torch.stack([state[f"{stem}.{i}.{one}_proj.weight"] for i in range(6)]) for one in ("gate", "up", "down")
        )
        kept |= {f"{stem}.gate_up_proj": torch.cat((gate, up), dim=1), f"{stem}.down_proj": down}
    return kept


def test_experts_as_one_tensor_are_those_of_a_tensor_each(zoo: Zoo, tmp_path: Path) -> None:
    folder = zoo.folder("qwen3_moe")
    assert any(".experts.0." in key for key in load_file(folder / "model.safetensors"))
    check_same(changed(folder, tmp_path / "stacked", stacked), folder)


def test_experts_of_the_layer_that_drafts(tmp_path: Path) -> None:
    """A GGUF file, a folder with all of them as one (Qwen3.6), and one with a tensor each (Qwen3.5)."""
    reference = reference_of("qwen3_5_moe")
    path = with_layer("qwen3_5_moe", reference, tmp_path)
    folder = with_layer("qwen3_5_moe", reference, tmp_path, "folder")
    apart = changed(folder, tmp_path / "apart", unstacked)
    assert not any(key.startswith("mtp.") and "gate_up" in key for key in load_file(apart / "model.safetensors"))
    found = []
    for one in (path, folder, apart):
        files = inspect(one)
        assert files.config.next_token is not None
        assert files.config.experts_of(3) == files.config.experts
        with open_weights(files) as source:
            found.append({(role, i): source.expert(role, 3, i) for role in ROLES for i in range(6)})
            shared = source.get("shared_scale", layer=3)
            assert torch.equal(shared, reference.weights()["mtp.layers.0.mlp.shared_expert_gate.weight"])
    for other in found[1:]:
        assert all(torch.equal(found[0][key], other[key]) for key in found[0])


def test_a_folder_that_also_sees_pictures_has_the_same_experts(tmp_path: Path) -> None:
    folder = with_layer("qwen3_5_moe", reference_of("qwen3_5_moe"), tmp_path, "folder")
    seeing = changed(folder, tmp_path / "seeing", beside_pictures)
    text = json.loads((folder / "config.json").read_text())
    outer = {"model_type": "qwen3_5_moe", "text_config": text, "vision_config": {"depth": 2}}
    (seeing / "config.json").write_text(json.dumps(outer))
    check_same(seeing, folder)
    made, other = (inspect(path).config for path in (seeing, folder))
    assert (made.experts, made.recurrent, made.next_token) == (other.experts, other.recurrent, other.next_token)
    assert made.next_token is not None


def beside_pictures(state: State) -> State:
    """Weights of text as a model has them that also sees pictures."""
    named = ((key.removeprefix("model."), value) for key, value in state.items())
    made = {key if f"model.{key}" not in state else f"model.language_model.{key}": value for key, value in named}
    return {**made, "model.visual.patch_embed.proj.weight": torch.zeros(4, 4)}


def unstacked(state: State) -> State:
    """The layer that drafts with the matrices of each expert by themselves."""
    stem = "mtp.layers.0.mlp.experts"
    both, down = (state.pop(f"{stem}.{name}_proj") for name in ("gate_up", "down"))
    for i in range(len(both)):
        for name, matrix in zip(("gate", "up", "down"), (*both[i].chunk(2), down[i])):
            state[f"{stem}.{i}.{name}_proj.weight"] = matrix.clone()
    return state


def test_gate_and_up_as_one_tensor_of_a_gguf_file(zoo: Zoo, tmp_path: Path) -> None:
    whole, path = zoo.gguf("qwen3_moe"), tmp_path / "fused.gguf"
    reader, writer = gguf.GGUFReader(whole), gguf.GGUFWriter(str(path), "qwen3moe")
    for name, field in reader.fields.items():
        if not name.startswith(("GGUF.", "general.architecture")):
            sub = field.types[1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub)
    tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
    for layer in range(2):
        both = [tensors.pop(f"blk.{layer}.ffn_{one}_exps.weight") for one in ("gate", "up")]
        tensors[f"blk.{layer}.ffn_gate_up_exps.weight"] = np.concatenate(both, axis=1)
    for name, array in tensors.items():
        writer.add_tensor(name, array)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    check_same(path, whole)


# --------------------------------------------------------------------------- MXFP4


def packed(state: State) -> State:
    """Random blocks in place of the matrices of experts."""
    generator = torch.Generator().manual_seed(4)
    found: State = {}
    for key, value in state.items():
        if not key.endswith(("gate_up_proj", "down_proj")):
            found[key] = value
            continue
        experts, columns, rows = value.shape  # transposed
        shape = experts, rows, columns // 32
        found[f"{key}_blocks"] = torch.randint(0, 256, (*shape, 16), generator=generator, dtype=torch.uint8)
        found[f"{key}_scales"] = torch.randint(120, 124, shape, generator=generator, dtype=torch.uint8)
    return found


def test_blocks_of_mxfp4_are_what_transformers_makes_of_them(zoo: Zoo, tmp_path: Path) -> None:
    """The experts, and the logits of the whole model."""
    from transformers.integrations.mxfp4 import convert_moe_packed_tensors

    path = changed(zoo.folder("gpt_oss"), tmp_path / "mxfp4", packed, quantization_config={"quant_method": "mxfp4"})
    state, model, ids = load_file(path / "model.safetensors"), copy.deepcopy(hf_model("gpt_oss")), some_ids(90, 3)
    with torch.no_grad():
        for key, weight in model.named_parameters():
            if f"{key}_blocks" in state:
                numbers = convert_moe_packed_tensors(
                    state[f"{key}_blocks"], state[f"{key}_scales"], dtype=torch.float32
                )
                weight.copy_(numbers)
        want = model(torch.tensor([ids])).logits[0]
    assert worst(logits_of(runner_of(path), ids), want) < 10 * TOLERANCE
    assert worst(want, logits_of(runner_of(zoo.folder("gpt_oss")), ids)) > 0.1


def test_experts_of_a_gguf_file_in_mxfp4(zoo: Zoo) -> None:
    """Against what the ``gguf`` library says that its own blocks hold."""
    kind = gguf.GGMLQuantizationType.MXFP4
    exact, found = experts_of(zoo.gguf("gpt_oss")), experts_of(zoo.gguf("gpt_oss", quant="MXFP4"))
    for key, value in exact.items():
        want = value
        if key[3] == "weight":
            want = torch.from_numpy(gguf.dequantize(gguf.quantize(value.numpy(), kind), kind).reshape(value.shape))
            assert not torch.equal(want, value)
        assert torch.equal(found[key], want), key


@pytest.mark.parametrize(("name", "method"), [("gpt_oss", "gptq"), ("qwen3_moe", "mxfp4"), ("llama", "mxfp4")])
def test_other_packings_are_refused_by_name(zoo: Zoo, tmp_path: Path, name: str, method: str) -> None:
    path = changed(zoo.folder(name), tmp_path / "other", dict, quantization_config={"quant_method": method})
    with pytest.raises(ModelFileError) as caught:
        inspect(path)
    assert caught.value.code == "model_feature_unsupported"
    assert method in caught.value.fields["feature"]


# --------------------------------------------------------------------------- what is wrong


def without(word: str) -> Callable[[State], State]:
    return lambda state: {key: value for key, value in state.items() if word not in key}


def cut(state: State) -> State:
    return {key: value[..., :-1].contiguous() if "experts" in key else value for key, value in state.items()}


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("qwen3_moe", without("experts.3.up_proj"), "is missing"),
        ("gpt_oss", without("down_proj_bias"), "is missing"),
        ("qwen3_moe", cut, "instead of"),
        ("gpt_oss", cut, "instead of"),
        ("qwen2_moe", without("shared_expert_gate"), "is missing"),
        ("gpt_oss", without("sinks"), "is missing"),
    ],
)
def test_weights_that_are_not_there_or_of_another_shape(
    zoo: Zoo, tmp_path: Path, name: str, change: Callable[[State], State], what: str
) -> None:
    path = changed(zoo.folder(name), tmp_path / "wrong", change)
    with pytest.raises(ModelFileError) as caught:
        runner_of(path)
    assert caught.value.code == "model_weights_mismatch"
    assert what in caught.value.fields["what"]
