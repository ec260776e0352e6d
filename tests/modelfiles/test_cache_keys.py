"""What is kept of a model's files is not taken for another state of them."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from helix_app.engine.text import tokenizer as module
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles import stamps
from helix_app.modelfiles.gguf import gguf_file
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.requests import ChatMessage
from tests.engine.text.made.files import NORMAL, byte_level, byte_names, write_folder, write_gguf


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))


def rewritten(file: Path, change: Callable[[], object]) -> None:
    """Change a file; its time of change stays, as where a clock is coarse or a copy keeps times."""
    before = file.stat() if file.exists() else None
    change()
    if before is not None:
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def shown(path: Path) -> str:
    """What a conversation looks like to the model."""
    made = load_tokenizer(inspect(path))
    return made.decode(made.encode_chat((ChatMessage("user", "Hi"),)))


def model(path: Path) -> Path:
    return write_folder(
        path, byte_level(byte_names()), tokenizer_config={"chat_template": "OLD {{ messages[0].content }}"}
    )


def config_template(folder: Path) -> Path:
    file = folder / "tokenizer_config.json"
    raw = json.loads(file.read_text()) | {"chat_template": "NEW {{ messages[0].content }}"}
    rewritten(file, lambda: file.write_text(json.dumps(raw)))
    return file


def jinja_template(folder: Path) -> Path:
    file = folder / "chat_template.jinja"
    file.write_text("NEW {{ messages[0].content }}")
    return file


@pytest.mark.parametrize("change", [config_template, jinja_template])
def test_a_changed_template_is_used(change: Callable[[Path], Path], tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    assert shown(folder) == "OLD Hi"
    change(folder)
    assert shown(folder) == "NEW Hi"


def test_another_template_of_the_same_name_is_used(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    file = jinja_template(folder)
    assert shown(folder) == "NEW Hi"
    rewritten(file, lambda: file.write_text("TOO {{ messages[0].content }}"))
    assert shown(folder) == "TOO Hi"


def test_another_tokenizer_is_used(tmp_path: Path) -> None:
    folder = model(tmp_path / "m")
    assert load_tokenizer(inspect(folder)).encode("ab") == [97, 98]
    backend = byte_level([*byte_names(), "ab"], ["a b"])
    rewritten(folder / "tokenizer.json", lambda: backend.save(str(folder / "tokenizer.json")))
    assert load_tokenizer(inspect(folder)).encode("ab") == [256]


# --------------------------------------------------------------------------- files


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no time of the last change of an entry")
def test_a_file_replaced_by_one_of_the_same_size_and_time_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    types = [NORMAL] * 256

    def write(word: str) -> None:
        write_gguf(path, byte_names(), types, template=word + " {{ messages[0].content }}")

    write("OLD")
    assert shown(path) == "OLD Hi"
    rewritten(path, lambda: write("NEW"))
    assert shown(path) == "NEW Hi"


def test_another_version_of_a_library_reads_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_gguf(tmp_path / "m.gguf", byte_names(), [NORMAL] * 256)
    load_tokenizer(inspect(path))
    read, built = [], []
    parse, build = gguf_file._parse, module._from_gguf
    monkeypatch.setattr(gguf_file, "_parse", lambda path: read.append(path) or parse(path))
    monkeypatch.setattr(module, "_from_gguf", lambda header: built.append(header) or build(header))
    load_tokenizer(inspect(path))
    assert (read, built) == ([], [])
    for target in (gguf_file, module):
        monkeypatch.setattr(target, "versions", lambda *_: "another")
    load_tokenizer(inspect(path))
    assert (len(read), len(built)) == (1, 1)


def test_versions_name_each_package_and_helix() -> None:
    named = stamps.versions("tokenizers", "no-such-package")
    assert named.startswith("helix ")
    assert "tokenizers " in named
    assert "no-such-package ?" in named
