"""What a model is called: its own name, unless that is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.modelfiles.display_name import clean_name, display_name
from tests.engine.made.tiny import write_gguf


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("SmolLM2 135M Instruct", "SmolLM2 135M Instruct"),
        ("  Qwen2.5\t7B\n", "Qwen2.5 7B"),
        ("", ""),
        (None, ""),
        (7, ""),
        ("model", ""),
        ("LLaMA", ""),
        ("/home/someone/models/x", ""),
        ("C:\\models\\x", ""),
        (".", ""),
        ("12345", ""),
        ("ab810cf68114990406fdf996510dd3d3c6adbdf5", ""),
        ("x" * 65, ""),
    ],
)
def test_names_of_headers(name: object, shown: str) -> None:
    assert clean_name(name) == shown


def test_a_file_is_called_by_its_header(tmp_path: Path) -> None:
    named = write_gguf("llama", 0, tmp_path / "a.gguf", **{"general.name": "Tiny Llama"})
    assert display_name(named, "a") == "Tiny Llama"
    notes = tmp_path / "notes.gguf"
    notes.write_text("shopping list")
    assert display_name(notes, "notes") == "notes"
    assert display_name(tmp_path / "gone.gguf", "gone") == "gone"
    assert display_name(tmp_path, "folder") == "folder"
