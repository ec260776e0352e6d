"""How files and folders that are not what Helix runs are refused: by what they are, and none is called damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.modelfiles.model_path import inspect

POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"0" * 64 + b"\nsize 4000000000\n"


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
