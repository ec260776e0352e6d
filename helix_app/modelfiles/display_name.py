"""What people call a model: the name that its own header gives, where that is one."""

from __future__ import annotations

from pathlib import Path

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.gguf.gguf_file import read_header

MOST_CHARACTERS = 64
_NO_NAMES = frozenset(
    ("model", "models", "tmp", "temp", "test", "output", "out", "llama", "unknown", "none", "hf", "gguf")
)


def display_name(path: Path, otherwise: str) -> str:
    """``general.name`` of a GGUF file, or ``otherwise``. Never raises for a file that cannot be read."""
    if not path.is_file():
        return otherwise
    try:
        name = read_header(path).metadata.get("general.name")
    except (ModelFileError, OSError):
        return otherwise
    return clean_name(name) or otherwise


def clean_name(name: object) -> str:
    """A name from a header as people can read it; empty for what is none: a path, a placeholder, a commit."""
    if not isinstance(name, str):
        return ""
    text = " ".join("".join(c if c.isprintable() else " " for c in name).split())
    if not any(c.isalpha() for c in text) or "/" in text or "\\" in text:
        return ""
    if text.lower() in _NO_NAMES or len(text) > MOST_CHARACTERS or _is_hash(text):
        return ""
    return text


def _is_hash(text: str) -> bool:
    return len(text) >= 12 and all(c in "0123456789abcdefABCDEF" for c in text)
