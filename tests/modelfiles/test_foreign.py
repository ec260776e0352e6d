"""Files that do not begin like GGUF are named for what they are, by their first bytes and their names."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest
import torch

from helix_app.modelfiles.foreign import is_pointer, is_raw_piece, is_unfinished_name
from tests.engine.made.tiny import Zoo
from tests.modelfiles.refusals import POINTER, check

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


def test_an_archive_of_other_things_is_no_pickle(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "m.bin", "w") as archive:
        archive.writestr("readme.txt", "x")
    check(tmp_path / "m.bin", "model_not_a_model", "ZIP")


def test_a_character_cut_in_two_by_the_look_is_still_text(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("x" * 4095 + "é" * 10, encoding="utf-8")
    check(path, "model_not_a_model", "it is text")


def test_an_unpacked_archive_of_tar_is_one(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    path.write_bytes(b"model.txt".ljust(257, b"\0") + b"ustar\x0000" + bytes(300))
    check(path, "model_not_a_model", "tar", "unpacked")


# --------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("m.gguf.part1of2", True),
        ("m.gguf-part-a", True),
        ("m.gguf.split-b", True),
        ("m.gguf-b", True),
        ("M.GGUF.PART2", True),
        ("m.gguf.split3", True),
        ("m.gguf", False),
        ("m.gguf.part", False),  # a download
        ("m-00001-of-00002.gguf", False),  # GGUF's own parts
        ("part1.gguf", False),
    ],
)
def test_pieces_cut_byte_by_byte_have_names_of_their_own(name: str, raw: bool) -> None:
    assert is_raw_piece(Path(name)) is raw


@pytest.mark.parametrize(
    ("name", "unfinished"),
    [("m.gguf.part", True), ("m.CRDOWNLOAD", True), ("m.gguf.incomplete", True), ("m.gguf", False), ("part", False)],
)
def test_downloads_that_go_on_have_names_of_their_own(name: str, unfinished: bool) -> None:
    assert is_unfinished_name(Path(name)) is unfinished


def test_a_pointer_is_short_and_says_so(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    assert not is_pointer(path)
    for content, pointer in ((POINTER, True), (POINTER + bytes(2000), False), (b"GGUF", False), (b"", False)):
        path.write_bytes(content)
        assert is_pointer(path) is pointer
