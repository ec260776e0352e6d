"""Files and folders that are whole, but not what Helix runs: each is named for what it is, none is called damaged."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import gguf
import pytest
import torch

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.modelfiles.model_path import inspect
from tests.engine.tiny import Zoo
from tests.modelfiles.made_files import made, rewrite


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("other-zoo"))


@pytest.fixture(scope="module")
def small(zoo: Zoo) -> Path:
    """A sound GGUF file."""
    return zoo.gguf("llama-small")


def refused(path: Path) -> tuple[str, str]:
    """Code and sentence that a path is refused with."""
    with pytest.raises(HelixError) as caught:
        inspect(path)
    sentence = messages.error_text(caught.value.code, caught.value.fields)
    assert "–" not in sentence
    return caught.value.code, sentence


def check(path: Path, code: str, *words: str) -> None:
    """A whole file is refused with this code and these words, and nobody is told to throw it away."""
    got, sentence = refused(path)
    assert got == code, sentence
    assert all(word.lower() in sentence.lower() for word in words), sentence
    assert not any(word in sentence.lower() for word in ("damaged", "delete", "corrupt")), sentence
    assert "Choose a .gguf file" not in sentence


# --------------------------------------------------------------------------- GGUF of other kinds

ADAPTER = {"general.type": "adapter", "adapter.type": "lora", "general.base_model.0.name": "Tiny Base"}
LORA = {"blk.0.attn_q.weight.lora_a": (4, 32), "blk.0.attn_q.weight.lora_b": (32, 4)}
KINDS = {
    "adapter": (lambda p: made(p, "llama", ADAPTER, LORA), "model_adapter", ("adapter", "Tiny Base")),
    "nameless adapter": (lambda p: made(p, "qwen2", {"general.type": "adapter"}, LORA), "model_adapter", ("adapter",)),
    "control vector": (
        lambda p: made(p, "controlvector", {"controlvector.model_hint": "llama"}, {"direction.1": (32,)}),
        "model_control_vector",
        ("control vector",),
    ),
    "projector": (
        lambda p: made(p, "clip", {"general.type": "mmproj", "clip.has_vision_encoder": True}, {"mm.0.weight": (4, 4)}),
        "model_projector",
        ("mmproj", "language model"),
    ),
    "old projector": (
        lambda p: made(p, "clip", {"clip.has_vision_encoder": True}, {"mm.0.weight": (4, 4)}),
        "model_projector",
        ("mmproj",),
    ),
    "importance matrix": (
        lambda p: made(p, "llama", {"general.type": "imatrix", "imatrix.chunk_count": 3}, {"blk.0.in_sum2": (4,)}),
        "model_imatrix",
        ("importance matrix",),
    ),
    "encoder": (
        lambda p: made(p, "bert", {"bert.attention.causal": False}, {"token_embd.weight": (8, 4)}),
        "model_encoder",
        ("bert", "cannot write"),
    ),
    "picture model": (lambda p: made(p, "flux", {}, {"img_in.weight": (4, 4)}), "model_pictures", ("pictures",)),
    "another architecture": (
        lambda p: made(p, "mamba", {}, {"token_embd.weight": (8, 4)}),
        "model_unsupported",
        ("mamba",),
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_gguf_files_of_other_kinds(tmp_path: Path, kind: str) -> None:
    make, code, words = KINDS[kind]
    check(make(tmp_path / "file.gguf"), code, "file.gguf" if code != "model_unsupported" else "mamba", *words)


def edited(changes: dict[str, object]) -> Callable[[Path, Path], Path]:
    return lambda source, path: rewrite(source, path, changes=changes)


EDITED = {
    "vocabulary only": (
        lambda source, path: rewrite(source, path, tensors=lambda name: False),
        "model_vocabulary",
        ("vocabulary", "no weights"),
    ),
    "no weights, no words": (
        lambda source, path: made(path, "llama", {"llama.block_count": 1}, {}),
        "model_no_weights",
        ("no weights",),
    ),
    "the other byte order": (
        lambda source, path: rewrite(source, path, endian=gguf.GGUFEndian.BIG),
        "model_byte_order",
        ("big-endian",),
    ),
    "heads by layer": (
        edited({"llama.attention.head_count": [2, 1]}),
        "model_feature_unsupported",
        ("heads of its own in each layer",),
    ),
    "key/value heads by layer": (
        edited({"llama.attention.head_count_kv": [2, 1]}),
        "model_feature_unsupported",
        ("key/value heads of its own in each layer",),
    ),
    "feed-forward by layer": (
        edited({"llama.feed_forward_length": [96, 64]}),
        "model_feature_unsupported",
        ("feed-forward size of its own in each layer",),
    ),
    "an embedding model of Llama's shape": (
        edited({"llama.attention.causal": False}),
        "model_encoder",
        ("llama", "cannot write"),
    ),
    "a header that says too little": (
        edited({"llama.block_count": None}),
        "model_description",
        ("llama.block_count",),
    ),
    "a tensor too few": (
        lambda source, path: rewrite(source, path, tensors=lambda name: name != "token_embd.weight"),
        "model_weights_mismatch",
        ("token_embd.weight is missing",),
    ),
}


@pytest.mark.parametrize("kind", EDITED)
def test_sound_files_that_are_not_what_is_needed(small: Path, tmp_path: Path, kind: str) -> None:
    make, code, words = EDITED[kind]
    check(make(small, tmp_path / "file.gguf"), code, *words)


def test_the_same_number_in_every_layer_is_no_obstacle(small: Path, tmp_path: Path) -> None:
    want = inspect(small).config
    lists = {"attention.head_count": 2, "attention.head_count_kv": want.num_kv_heads, "feed_forward_length": 96}
    changes = {f"llama.{key}": [value] * 3 for key, value in lists.items()}
    assert inspect(rewrite(small, tmp_path / "lists.gguf", changes=changes)).config == want


@pytest.mark.parametrize(
    ("version", "code", "words"),
    [
        (1, "model_old_format", ("GGUF version 1",)),
        (4, "model_new_format", ("version 4", "newer Helix")),
        (9, "model_new_format", ("version 9",)),
    ],
)
def test_other_versions_of_gguf(small: Path, tmp_path: Path, version: int, code: str, words: tuple[str, ...]) -> None:
    data = bytearray(small.read_bytes())
    data[4:8] = struct.pack("<I", version)
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    check(path, code, *words)


def test_weights_of_a_type_from_the_future(small: Path, tmp_path: Path) -> None:
    data = bytearray(small.read_bytes())
    name = b"output_norm.weight"
    at = data.index(name) + len(name) + 4 + 8  # one dimension
    assert data[at : at + 4] == bytes(4)
    data[at] = 77
    path = tmp_path / "m.gguf"
    path.write_bytes(data)
    check(path, "model_feature_unsupported", "type 77")


# --------------------------------------------------------------------------- files that are no GGUF

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4000000000\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Log in to see this model</body></html>"
FOREIGN = {
    "GGML": ("m.bin", b"lmgg" + bytes(100), "model_old_format", ("GGML",)),
    "GGMF": ("m.bin", b"fmgg" + bytes(100), "model_old_format", ("GGMF",)),
    "GGJT": ("m.gguf", b"tjgg" + bytes(100), "model_old_format", ("GGJT",)),
    "GGLA": ("m.bin", b"algg" + bytes(100), "model_adapter", ("adapter",)),
    "pointer": ("m.gguf", POINTER, "model_pointer", ("Git LFS", "git lfs pull")),
    "page": ("m.gguf", PAGE, "model_page", ("web page",)),
    "page with a comment": ("m.gguf", b"\n<!-- x --><HTML lang=en>", "model_page", ("web page",)),
    "part": ("m.gguf.part", b"half a file \xff\xfe" * 9, "model_unfinished", ("has not ended",)),
    "piece": ("m.gguf.part2of3", bytes(range(256)), "model_part_raw", ("piece", "Join")),
    "piece b": ("m.gguf-split-b", bytes(range(256)), "model_part_raw", ("piece",)),
    "pickle": ("m.gguf", b"\x80\x02}q\x00.", "model_pickle", ("pickle",)),
    "onnx": ("model.onnx", b"\x08\x07\x12\x07pytorch", "model_other_format", ("ONNX",)),
    "zip": ("m.gguf", b"PK\x03\x04" + bytes(60), "model_not_a_model", ("no GGUF file", "ZIP")),
    "7z": ("m.gguf", b"7z\xbc\xaf\x27\x1c" + bytes(60), "model_not_a_model", ("no GGUF file", "7-Zip")),
    "text": ("m.gguf", b"shopping list", "model_not_a_model", ("no GGUF file", "text")),
    "zeros": ("m.gguf", bytes(9000), "model_not_a_model", ("no GGUF file", "zeros")),
    "noise": ("m.gguf", b"\xfe\x00\x81" * 3000, "model_not_a_model", ("no GGUF file",)),
    "text of another name": ("notes.txt", b"shopping list", "model_not_a_model", ("is text",)),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_files_that_are_no_gguf_are_named(tmp_path: Path, kind: str) -> None:
    name, content, code, words = FOREIGN[kind]
    (tmp_path / name).write_bytes(content)
    check(tmp_path / name, code, *words)


def test_a_pytorch_file_is_named(tmp_path: Path) -> None:
    torch.save({"w": torch.zeros(2)}, tmp_path / "model.gguf")
    check(tmp_path / "model.gguf", "model_pickle", "pickle")


def test_one_file_of_a_folder_names_the_folder(zoo: Zoo) -> None:
    folder = zoo.folder("llama-small")
    for name in ("model.safetensors", "config.json"):
        check(folder / name, "model_open_folder", str(folder))


def test_safetensors_without_their_folder(zoo: Zoo, tmp_path: Path) -> None:
    shutil.copy(zoo.folder("llama-small") / "model.safetensors", tmp_path / "alone.safetensors")
    check(tmp_path / "alone.safetensors", "model_not_a_model", "config.json")


def test_a_whole_file_of_an_unfinished_name_is_read(small: Path, tmp_path: Path) -> None:
    assert inspect(Path(shutil.copy(small, tmp_path / "m.gguf.part"))).config == inspect(small).config


# --------------------------------------------------------------------------- really damaged


@pytest.mark.parametrize("keep", [3, 20, 900, 0.5, 0.999])
def test_a_file_that_is_cut_off_says_how_much_is_there(small: Path, tmp_path: Path, keep: float) -> None:
    data = small.read_bytes()
    size = int(len(data) * keep) if keep < 1 else int(keep)
    path = tmp_path / "m.gguf"
    path.write_bytes(data[:size])
    code, sentence = refused(path)
    assert code == "model_corrupt"
    assert f"{size:,} " in sentence
    assert ("inside its header" in sentence) == (keep >= 1)
    if keep < 1:
        assert f"{size:,} of {len(data):,} bytes" in sentence
    assert "delete" not in sentence.lower()


def test_a_download_that_goes_on_is_not_damaged(small: Path, tmp_path: Path) -> None:
    data = small.read_bytes()
    for name, code in (("m.gguf.part", "model_unfinished"), ("m.gguf.crdownload", "model_unfinished")):
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        check(tmp_path / name, code, f"{len(data) // 2:,} of {len(data):,} bytes")
    (tmp_path / "m.gguf.part1of2").write_bytes(data[: len(data) // 2])
    check(tmp_path / "m.gguf.part1of2", "model_part_raw", "Join")


def test_cut_safetensors_say_how_much_is_there(zoo: Zoo, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))
    file = folder / "model.safetensors"
    data = file.read_bytes()
    file.write_bytes(data[:-1000])
    code, sentence = refused(folder)
    assert code == "model_corrupt"
    assert f"{len(data) - 1000:,} of {len(data):,} bytes" in sentence
