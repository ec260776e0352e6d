"""What a model is, whichever format it is in: its config, its files, and a key that follows them."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from helix_app.modelfiles import model_path
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.modelfiles.refusals import check, refused


@pytest.fixture
def folder(zoo: Zoo, tmp_path: Path) -> Path:
    """A sound safetensors folder to be changed."""
    return Path(shutil.copytree(zoo.folder("llama-small"), tmp_path / "model"))


def test_both_formats_of_a_model_have_one_config(small: Path, folder: Path) -> None:
    file, files = inspect(small), inspect(folder)
    assert (file.path, file.weights) == (small, ())
    assert file.gguf is not None
    assert file.gguf.files == (small,)
    assert (files.path, files.gguf) == (folder, None)
    assert files.weights == (folder / "model.safetensors",)
    assert files.config.eos_token_ids == file.config.eos_token_ids
    assert files.config.num_layers == file.config.num_layers == 1
    assert files.key != file.key


def test_a_text_is_a_path_too_and_a_home_is_found(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copy(small, tmp_path / "m.gguf")
    assert inspect("~/m.gguf").path == tmp_path / "m.gguf"


def test_nothing_there_and_nothing_in_it(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.gguf")[0] == "model_not_found"
    (tmp_path / "empty.gguf").touch()
    code, sentence = refused(tmp_path / "empty.gguf")
    assert code == "model_corrupt"
    assert "empty" in sentence


def test_a_folder_around_one_gguf_file_is_that_file(small: Path, tmp_path: Path) -> None:
    shutil.copy(small, tmp_path / "m.gguf")
    (tmp_path / "config.json").write_text("{}")  # as repositories of GGUF files often have it
    assert inspect(tmp_path) == inspect(tmp_path / "m.gguf")


@pytest.mark.parametrize("file", ["tokenizer.json", "tokenizer_config.json"])
def test_a_folder_s_key_follows_its_tokenizer(folder: Path, file: str) -> None:
    before = inspect(folder).key
    assert inspect(folder).key == before
    (folder / file).write_bytes((folder / file).read_bytes() + b" ")
    assert inspect(folder).key != before


def test_a_folder_s_key_follows_its_weights_and_its_place(folder: Path, tmp_path: Path) -> None:
    before = inspect(folder).key
    os.utime(folder / "model.safetensors", ns=(1, 1))
    changed = inspect(folder).key
    assert changed != before
    assert inspect(Path(shutil.copytree(folder, tmp_path / "other"))).key not in (before, changed)


def test_ends_of_the_generation_config_are_added(folder: Path) -> None:
    before = inspect(folder).config.eos_token_ids
    assert 5 not in before
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": [5]}))
    assert set(inspect(folder).config.eos_token_ids) == {5, *before}
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": "many"}))
    code, sentence = refused(folder)
    assert code == "model_corrupt"
    assert "generation_config.json" in sentence


def test_a_whole_file_of_an_unfinished_name_is_read(small: Path, tmp_path: Path) -> None:
    assert inspect(Path(shutil.copy(small, tmp_path / "m.gguf.part"))).config == inspect(small).config


def test_a_file_that_may_not_be_read_says_so(small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object, **_named: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = Path(shutil.copy(small, tmp_path / "closed.gguf"))
    monkeypatch.setattr(Path, "open", refuse)
    check(path, "model_unreadable", "Permission denied")


@pytest.mark.parametrize("error", [ZeroDivisionError(), AttributeError("get"), KeyError("k"), TypeError()], ids=repr)
def test_nonsense_that_nobody_thought_of_is_a_damaged_file(
    small: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def stumble(*_: object) -> object:
        raise error

    monkeypatch.setattr(model_path, "config_from_gguf", stumble)
    monkeypatch.setattr(model_path, "config_from_hf", stumble)
    for path in (small, folder):
        code, sentence = refused(path)
        assert code == "model_corrupt"
        assert "nonsense in its header" in sentence
