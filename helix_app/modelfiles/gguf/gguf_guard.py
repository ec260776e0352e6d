"""A look at a GGUF file's header before a library reads it: is it one, of which version, and is it all there?

The counts are walked here, so that a damaged header fails at once and not after hours of looping, and so that a file
that is cut off is told from one that is nonsense. Layout: the GGUF specification, versions 2 and 3 (little endian).
"""

from __future__ import annotations

import math
import os
import struct
from pathlib import Path
from typing import BinaryIO, NoReturn

from helix_app.base.errors import ModelFileError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.modelfiles import foreign

MAGIC = b"GGUF"
_OLD_VERSION, _NEWEST_LIKELY = 1, 64  # versions above are nonsense, not the future
_MAX_ARRAY = 8_000_000
_MAX_ENTRIES = 1_000_000
_MAX_DIMENSIONS = 8
_MAX_BYTES = 2**48  # no model is that large
_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_LENGTH_BYTES = 8
_LEAST_ELEMENT = _LENGTH_BYTES  # of a text or of an array: its length alone
_CHUNK = 1 << 20  # bytes
_LIKELY_TEXT = 64  # bytes with its length; most are shorter
_UINT32, _STRING, _ARRAY = 4, 8, 9
_ALIGNMENT = 32
_LIKELY_TYPES = 128  # tensor types above are nonsense, not the future


class _CutOff(Exception):
    """The file ends before what its header announces."""


def check_header(path: Path) -> None:
    """See that a file is whole GGUF of a version that is read here.

    Raises:
        ModelFileError: it is something else, cut off, or nonsense inside; the sentence says which.
        OSError: it cannot be read.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
        if head and size < len(MAGIC) and MAGIC.startswith(head):
            _refuse_cut(path, reason_of("bytes_in_header", size=f"{size:,}"))
        if head != MAGIC:
            foreign.refuse(path)
        try:
            _check_version(path, _number(file, "<I"))
            needed = _walk(path, file, size)
        except _CutOff:
            _refuse_cut(path, reason_of("bytes_in_header", size=f"{size:,}"))
        except (ValueError, struct.error) as exc:
            raise ModelFileError("model_corrupt", path=path, reason=reason_of("header_nonsense_of", said=exc)) from exc
    if needed > size:
        _refuse_cut(path, reason_of("bytes_of", size=f"{size:,}", needed=f"{needed:,}"))


def _refuse_cut(path: Path, has: str) -> NoReturn:
    if foreign.is_raw_piece(path):
        raise ModelFileError("model_part_raw", path=path)
    if foreign.is_unfinished_name(path):
        raise ModelFileError("model_unfinished", path=path, reason=reason_of("file_has", has=has))
    raise ModelFileError("model_corrupt", path=path, reason=reason_of("file_cut", has=has))


def _check_version(path: Path, version: int) -> None:
    if version & 0xFFFF == 0 and version >> 24 in (1, 2, 3):
        raise ModelFileError("model_byte_order", path=path)
    if version == _OLD_VERSION:
        raise ModelFileError("model_old_format", path=path, format="GGUF version 1")
    if 3 < version <= _NEWEST_LIKELY:
        raise ModelFileError("model_new_format", path=path, version=version)
    if version not in (2, 3):
        raise ValueError(f"GGUF version {version}")


def _walk(path: Path, file: BinaryIO, size: int) -> int:
    """Bytes that the file must have, by its own header."""
    tensors, entries = _number(file, "<Q"), _number(file, "<Q")
    if tensors > _MAX_ENTRIES or entries > _MAX_ENTRIES:
        raise ValueError(f"{tensors} tensors, {entries} metadata entries")
    alignment = _ALIGNMENT
    for _ in range(entries):
        key = _exactly(file, _length(file, size))
        kind = _number(file, "<I")
        if key == b"general.alignment" and kind == _UINT32:
            alignment = max(1, _number(file, "<I"))
        else:
            _skip_value(file, kind, size)
    end = 0
    for _ in range(tensors):
        end = max(end, _tensor_end(path, file, size))
    if not tensors:
        return file.tell()
    needed = -(-file.tell() // alignment) * alignment + end
    if needed > _MAX_BYTES:
        raise ValueError(f"weights of {needed} bytes")
    return needed


def _tensor_end(path: Path, file: BinaryIO, size: int) -> int:
    """Where a tensor ends, from the beginning of the weights."""
    import gguf

    _skip(file, _length(file, size), size)
    dimensions = _number(file, "<I")
    if dimensions > _MAX_DIMENSIONS:
        raise ValueError(f"a tensor of {dimensions} dimensions")
    elements = math.prod(_number(file, "<Q") for _ in range(dimensions))
    kind, offset = _number(file, "<I"), _number(file, "<Q")
    if kind >= _LIKELY_TYPES:
        raise ValueError(f"a tensor of type {kind}")
    try:
        block, block_bytes = gguf.GGML_QUANT_SIZES[gguf.GGMLQuantizationType(kind)]
    except (ValueError, KeyError) as exc:
        raise ModelFileError(
            "model_feature_unsupported", path=path, feature=reason_of("feature_gguf_type", kind=kind)
        ) from exc
    return int(offset + elements // block * block_bytes)


def _number(file: BinaryIO, layout: str) -> int:
    return int(struct.unpack(layout, _exactly(file, struct.calcsize(layout)))[0])


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise _CutOff
    return data


def _length(file: BinaryIO, size: int) -> int:
    length = _number(file, "<Q")
    if length > _MAX_BYTES:
        raise ValueError(f"a text of {length} bytes")
    if length > size - file.tell():
        raise _CutOff
    return length


def _skip(file: BinaryIO, count: int, size: int) -> None:
    if count > size - file.tell():
        raise _CutOff
    file.seek(count, os.SEEK_CUR)


def _skip_value(file: BinaryIO, kind: int, size: int, depth: int = 0) -> None:
    if kind in _SCALAR_BYTES:
        _skip(file, _SCALAR_BYTES[kind], size)
    elif kind == _STRING:
        _skip(file, _length(file, size), size)
    elif kind == _ARRAY and depth < 2:
        inner, count = _number(file, "<I"), _number(file, "<Q")
        if count > _MAX_ARRAY:
            raise ValueError(f"an array of {count} elements")
        if inner in _SCALAR_BYTES:
            _skip(file, _SCALAR_BYTES[inner] * count, size)
        elif count > (size - file.tell()) // _LEAST_ELEMENT:
            raise _CutOff
        elif inner == _STRING:
            _skip_texts(file, count, size)
        else:
            for _ in range(count):
                _skip_value(file, inner, size, depth + 1)
    else:
        raise ValueError(f"metadata of unknown type {kind}")


def _skip_texts(file: BinaryIO, count: int, size: int) -> None:
    """Vocabularies and their merges are nearly all of a header: read by the megabyte, not by the text.

    A few texts are read by what they may take: a header may have a million arrays of one text.
    """
    at = file.tell()
    data, begin = b"", at  # of the file, from there on
    unpack = struct.Struct("<Q").unpack_from
    for left in range(count, 0, -1):
        if at - begin + _LENGTH_BYTES > len(data):
            file.seek(at)
            data, begin = file.read(min(_CHUNK, left * _LIKELY_TEXT)), at
            if len(data) < _LENGTH_BYTES:
                raise _CutOff
        length: int = unpack(data, at - begin)[0]
        at += _LENGTH_BYTES
        if length > _MAX_BYTES:
            raise ValueError(f"a text of {length} bytes")
        if length > size - at:
            raise _CutOff
        at += length
    file.seek(at)
