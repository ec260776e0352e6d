"""Folders that are no model, or not a whole one, are named for what they are."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from helix_app.modelfiles.folder import tensor_names
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.modelfiles.refusals import POINTER, check, refused

CONFIG = {"model_type": "llama", "architectures": ["LlamaForCausalLM"]}


def holding(**files: object) -> Callable[[Path], None]:
    """A folder of these files; ``__`` is a full stop in their names, an object becomes JSON."""

    def apply(folder: Path) -> None:
        for name, content in files.items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            (folder / name.replace("__", ".")).write_bytes(data)

    return apply


FOLDERS = {
    "PEFT adapter": (
        holding(adapter_config__json={"base_model_name_or_path": "org/base"}, adapter_model__safetensors=b"x"),
        "model_adapter",
        ("adapter", "org/base"),
    ),
    "old PEFT adapter": (
        holding(adapter_config__json={}, adapter_model__bin=b"x"),
        "model_adapter",
        ("adapter",),
    ),
    "diffusers": (holding(model_index__json={"_class_name": "FluxPipeline"}), "model_pictures", ("diffusers",)),
    "original Llama": (
        holding(params__json={}, consolidated__00__pth=b"x"),
        "model_other_format",
        ("original", "consolidated"),
    ),
    "ONNX": (holding(model__onnx=b"x"), "model_other_format", ("ONNX",)),
    "pickles without config": (holding(pytorch_model__bin=b"x"), "model_pickle", ("pickle", "safetensors")),
    "unfinished": (holding(model__safetensors__incomplete=b"x"), "model_unfinished", ("incomplete",)),
    "encoder": (holding(config__json={"model_type": "bert"}), "model_encoder", ("bert",)),
    "classifier": (
        holding(config__json={"model_type": "llama", "architectures": ["LlamaForSequenceClassification"]}),
        "model_encoder",
        ("cannot write",),
    ),
    "pointer": (holding(config__json=POINTER), "model_pointer", ("config.json", "Git LFS")),
    "nothing": (holding(readme__txt=b"x"), "model_not_a_model", ("no config.json",)),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_folders_that_are_no_model(tmp_path: Path, kind: str) -> None:
    make, code, words = FOLDERS[kind]
    make(tmp_path)
    check(tmp_path, code, *words)


SPOILT = {
    "pickles": (
        lambda f: (f / "model.safetensors").rename(f / "pytorch_model.bin"),
        "model_pickle",
        ("pickle",),
    ),
    "consolidated": (
        lambda f: (f / "model.safetensors").rename(f / "consolidated.safetensors"),
        "model_other_format",
        ("original",),
    ),
    "pointer for the weights": (
        lambda f: (f / "model.safetensors").write_bytes(POINTER),
        "model_pointer",
        ("model.safetensors", str(len(POINTER))),
    ),
    "pointer for the tokenizer": (
        lambda f: (f / "tokenizer.json").write_bytes(POINTER),
        "model_pointer",
        ("tokenizer.json",),
    ),
    "a shard of an index is missing": (
        lambda f: (f / "model.safetensors.index.json").write_text(
            json.dumps({"weight_map": {"a": "model.safetensors", "b": "model-00002-of-00002.safetensors"}})
        ),
        "model_part_missing",
        ("model-00002-of-00002.safetensors", "looked in"),
    ),
    "a numbered shard is missing": (
        lambda f: (f / "model.safetensors").rename(f / "model-00001-of-00003.safetensors"),
        "model_part_missing",
        ("model-00002-of-00003.safetensors, model-00003-of-00003.safetensors",),
    ),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "model_not_a_model", (".safetensors",)),
    "training state alone": (
        lambda f: (f / "model.safetensors").rename(f / "training_args.bin"),
        "model_not_a_model",
        (".safetensors",),
    ),
    "ONNX below": (
        lambda f: ((f / "onnx").mkdir(), (f / "model.safetensors").rename(f / "onnx" / "model.onnx")),
        "model_other_format",
        ("ONNX",),
    ),
}


@pytest.mark.parametrize("kind", SPOILT)
def test_model_folders_without_the_right_weights(zoo: Zoo, tmp_path: Path, kind: str) -> None:
    spoil, code, words = SPOILT[kind]
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    spoil(folder)
    check(folder, code, *words)


def test_of_many_missing_shards_a_few_are_named(zoo: Zoo, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    (folder / "model.safetensors").rename(folder / "model-00001-of-99999.safetensors")
    code, sentence = refused(folder)
    assert code == "model_part_missing"
    assert "model-00009-of-99999.safetensors, … is not there" in sentence
    assert "model-00010" not in sentence


def test_weights_of_other_layouts_beside_the_right_ones_are_left_alone(zoo: Zoo, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    save_file({"x": torch.zeros(1)}, folder / "consolidated.safetensors")
    (folder / "pytorch_model.bin").write_bytes(b"x")
    assert [file.name for file in inspect(folder).weights] == ["model.safetensors"]


def test_a_folder_of_several_gguf_models_asks_for_one(small: Path, tmp_path: Path) -> None:
    for name in ("a.gguf", "b.gguf"):
        shutil.copy(small, tmp_path / name)
    check(tmp_path, "model_choose_one", "a.gguf, b.gguf")
    (tmp_path / "b.gguf").rename(tmp_path / "mmproj-b.gguf")
    assert inspect(tmp_path).path == tmp_path / "a.gguf"


def test_cut_safetensors_say_how_much_is_there(zoo: Zoo, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    file = folder / "model.safetensors"
    data = file.read_bytes()
    file.write_bytes(data[:-1000])
    code, sentence = refused(folder)
    assert code == "model_corrupt"
    assert f"{len(data) - 1000:,} of {len(data):,} bytes" in sentence


def test_what_is_said_of_all_tensors_is_none(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"a": torch.zeros(1), "b": torch.zeros(2)}, file, metadata={"format": "pt"})
    assert tensor_names([file]) == {"a", "b"}
