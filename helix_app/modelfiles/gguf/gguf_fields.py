"""Metadata and tensors of a GGUF header that ``gguf_guard.py`` has looked at, read from the mapped file.

The ``gguf`` library makes an object of every element of every array: a hundred bytes for each byte of a hostile file,
and seconds for the vocabulary of a sound one. Here only what Helix needs is made, and long arrays only where a
tokenizer has them. Layout: the GGUF specification, versions 2 and 3 (little endian).
"""

from __future__ import annotations

import math
import mmap
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_MAGIC_BYTES, _ALIGNMENT = 8, 32  # magic and version; of the weights, unless the file says otherwise
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_STRING, _ARRAY = 8, 9
_SHORT = 1 << 16  # elements of an array that may be anything; what is given layer by layer has some hundred
_LONG, _LONG_NAMES = 1 << 21, "tokenizer."  # of a vocabulary; the largest known have a quarter of a million


@dataclass(frozen=True)
class Field:
    """A tensor as the header describes it: ``shape`` in torch order, ``offset`` from the start of the file."""

    shape: tuple[int, ...]
    type: str
    offset: int
    nbytes: int


def read_fields(path: Path) -> tuple[dict[str, Any], dict[str, Field]]:
    """Metadata by key, and tensors by name; the file must have passed ``check_header``.

    Raises:
        ValueError, struct.error: nonsense all the same.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        reader = _Reader(data, _MAGIC_BYTES)
        tensors, entries = reader.number("Q"), reader.number("Q")
        metadata: dict[str, Any] = {}
        alignment = _ALIGNMENT
        for _ in range(entries):
            key = reader.text()
            kind = reader.number("I")
            value = reader.value(kind, key)
            if key == "general.alignment" and isinstance(value, int):
                alignment = max(1, value)
            if value is not None:
                metadata.setdefault(key, value)
        found = dict(_tensor(reader) for _ in range(tensors))
        if len(found) != tensors:
            raise ValueError("a tensor is there twice")
        begin = -(-reader.at // alignment) * alignment
    return metadata, {name: Field(f.shape, f.type, begin + f.offset, f.nbytes) for name, f in found.items()}


class _Reader:
    """Goes through a header; nothing is read past its end."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        self._data, self.at = data, at

    def number(self, form: str) -> Any:
        (value,) = struct.unpack_from(f"<{form}", self._data, self.at)
        self.at += struct.calcsize(form)
        return value

    def text(self) -> str:
        length = self.number("Q")
        if length > len(self._data) - self.at:
            raise ValueError("a text goes past the end")
        raw = self._data[self.at : self.at + length]
        self.at += length
        return raw.decode("utf-8")

    def _texts(self, count: int, kept: bool) -> list[str] | None:
        """So many texts one after the other: a vocabulary has hundreds of thousands. None where none is kept."""
        data, at, end = self._data, self.at, len(self._data)
        unpack = struct.Struct("<Q").unpack_from
        found: list[str] = []
        for _ in range(count):
            at += 8 + (length := unpack(data, at)[0])
            if at > end:
                raise ValueError("a text goes past the end")
            if kept:
                found.append(data[at - length : at].decode("utf-8"))
        self.at = at
        return found if kept else None

    def value(self, kind: int, key: str) -> Any:
        """A value; None for an array that is of no use here."""
        if kind in _SCALARS:
            return self.number(_SCALARS[kind])
        if kind == _STRING:
            return self.text()
        inner, count = self.number("I"), self.number("Q")
        kept = count <= (_LONG if key.startswith(_LONG_NAMES) else _SHORT)
        if inner in _SCALARS:
            return self._numbers(_SCALARS[inner], count, kept)
        if inner == _STRING:
            return self._texts(count, kept)
        for _ in range(count):  # arrays of arrays: nothing here needs one
            self.value(inner, "")
        return None

    def _numbers(self, form: str, count: int, kept: bool) -> list[Any] | None:
        size = struct.calcsize(form) * count
        if size > len(self._data) - self.at:
            raise ValueError("an array goes past the end")
        begin = self.at
        self.at += size
        return list(struct.unpack_from(f"<{count}{form}", self._data, begin)) if kept else None


def _tensor(reader: _Reader) -> tuple[str, Field]:
    import gguf

    name = reader.text()
    shape = tuple(reversed([int(reader.number("Q")) for _ in range(reader.number("I"))]))
    kind, offset = gguf.GGMLQuantizationType(reader.number("I")), int(reader.number("Q"))
    block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
    if shape and shape[-1] % block:
        raise ValueError(f"rows of {shape[-1]} numbers in blocks of {block}")
    return name, Field(shape, kind.name, offset, math.prod(shape) // block * block_bytes)
