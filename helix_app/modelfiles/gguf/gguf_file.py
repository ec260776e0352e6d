"""GGUF files: header and tensors; weights are unpacked by the ``gguf`` library.

What Helix needs of a header is kept as JSON in the cache folder, keyed by path, size and times of the file and the
library's version.
"""

from __future__ import annotations

import hashlib
import json
import logging
import math
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from helix_app.base import texts
from helix_app.base.errors import ModelFileError
from helix_app.base.files import replacing
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.process import paths
from helix_app.modelfiles.gguf import groups4
from helix_app.modelfiles.gguf.gguf_fields import read_fields
from helix_app.modelfiles.gguf.gguf_guard import check_header
from helix_app.modelfiles.gguf.mapping import whole_file
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor
from helix_app.modelfiles.stamps import stamp, versions

log = logging.getLogger(__name__)
_LINE = 1 << 12  # bytes that are unpacked as one line, about; sixteen of them and their numbers stay in a core's cache
_VERSION = 4  # of the cached header; raise when its content changes


@dataclass(frozen=True)
class TensorInfo:
    """Where a tensor lies. ``shape`` is in torch order (rows first); ``offset`` counts from the start of its file.

    ``part`` is the index of that file in ``GgufHeader.parts``.
    """

    shape: tuple[int, ...]
    type: str
    offset: int
    nbytes: int
    part: int = 0


@dataclass(frozen=True)
class GgufHeader:
    """What Helix needs of a GGUF header.

    Attributes:
        path: the file; of a split model, its first part.
        metadata: scalar and string metadata, and the tokenizer's arrays (tokens, token_type, merges, scores).
        tensors: by name, of all parts.
        parts: the files of a split model in order (``split.py``); empty for a single file.
    """

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]
    parts: tuple[Path, ...] = ()

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the model."""
        return self.parts or (self.path,)

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", "unknown"))

    def tensor(self, name: str, rows: slice | None = None) -> np.ndarray[Any, Any]:
        """The tensor dequantised to float32, in torch order; some rows of it, if any are named.

        Raises:
            ModelFileError: the tensor is missing, cut off, or of a type ``gguf`` cannot dequantise.
        """
        import gguf

        info = self.info(name)
        try:
            kind = gguf.GGMLQuantizationType[info.type]
            shape, raw = _cut(info, self._raw(info), rows)
            if kind == gguf.GGMLQuantizationType.F32:
                return np.asarray(raw.view(np.float32).reshape(shape))
            if kind == gguf.GGMLQuantizationType.F16:
                return raw.view(np.float16).reshape(shape).astype(np.float32)
            return np.asarray(gguf.dequantize(_in_lines(raw, shape, kind), kind), dtype=np.float32).reshape(shape)
        except NotImplementedError as exc:
            raise ModelFileError(
                "model_feature_unsupported", feature=reason_of("feature_weights", kind=info.type), detail=str(exc)
            ) from exc
        except (ValueError, OSError, KeyError) as exc:
            raise self._unusable(info, name, exc) from exc

    def groups4(self, name: str, rows: slice | None = None) -> groups4.Groups4 | None:
        """The tensor's own integers, or those of some rows, if the file holds it in four bits (Q4_0, Q4_1), else None.

        Raises:
            ModelFileError: the tensor is missing or cut off.
        """
        info = self.info(name)
        if not groups4.is_groups4(info.type) or len(info.shape) != 2:
            return None
        try:
            shape, raw = _cut(info, self._raw(info), rows)
            return groups4.unpack(raw, info.type, shape)
        except (ValueError, OSError) as exc:
            raise self._unusable(info, name, exc) from exc

    def packed(self, name: str, rows: slice | None = None) -> PackedTensor | None:
        """A matrix (or several as one), or some rows of it, as the file holds it; None for one that is not in blocks.

        It stays with the model, so that all of a file are parts of one mapping, which takes one descriptor: large
        models have more tensors than a process may have files open.

        Raises:
            ModelFileError: the tensor is missing or cut off.
        """
        info = self.info(name)
        if info.type in ("F32", "F16", "BF16") or len(info.shape) not in (2, 3):
            return None
        try:
            whole = whole_file(self.files[info.part])[info.offset : info.offset + info.nbytes]
            if whole.size < info.nbytes:
                raise ValueError(f"{info.nbytes} bytes at {info.offset} go past the end")
            shape, raw = _cut(info, whole, rows)
            return PackedTensor(info.type, raw.reshape(math.prod(shape[:-1]), -1), shape[-1])
        except (ValueError, OSError) as exc:
            raise self._unusable(info, name, exc) from exc

    def _unusable(self, info: TensorInfo, name: str, exc: Exception) -> ModelFileError:
        reason = reason_of("tensor_unread", name=name)
        return ModelFileError("model_corrupt", path=self.files[info.part], reason=reason, detail=f"{name}: {exc}")

    def info(self, name: str) -> TensorInfo:
        """Where a tensor lies. Raises ModelFileError for one that is missing."""
        info = self.tensors.get(name)
        if info is None:
            raise ModelFileError("model_weights_mismatch", path=self.path, what=reason_of("tensor_missing", name=name))
        return info

    def _raw(self, info: TensorInfo) -> np.ndarray[Any, Any]:
        return np.memmap(self.files[info.part], dtype=np.uint8, mode="r", offset=info.offset, shape=(info.nbytes,))


def _cut(
    info: TensorInfo, raw: np.ndarray[Any, Any], rows: slice | None
) -> tuple[tuple[int, ...], np.ndarray[Any, Any]]:
    """The shape and the bytes of a tensor, or of some rows of it: a view of the mapped file either way."""
    if rows is None:
        return info.shape, raw
    cut = raw.reshape(info.shape[0], -1)[rows]
    return (cut.shape[0], *info.shape[1:]), cut.reshape(-1)


def _in_lines(raw: np.ndarray[Any, Any], shape: tuple[int, ...], kind: Any) -> np.ndarray[Any, Any]:
    """The bytes of a tensor in lines of whole blocks, each a row or several: ``gguf`` takes sixteen lines at a time.

    It is a plain array: of a memory map, every view takes three times as long.
    """
    import gguf

    row = gguf.quant_shape_to_byte_shape(shape, kind)[-1]
    rows = raw.size // max(1, row)
    several = next((n for n in range(max(1, _LINE // max(1, row)), 1, -1) if rows % n == 0), 1)
    return np.asarray(raw).view(np.ndarray).reshape(-1, several * row)


def read_header(path: Path) -> GgufHeader:
    """The header of one GGUF file, from the cache when the file has not changed.

    Raises:
        ModelFileError: not a GGUF file, of a version that is not read here, cut off, or nonsense inside.
    """
    try:
        key = f"{stamp(path)}|{versions('gguf')}|{_VERSION}"
    except OSError as exc:
        raise ModelFileError("model_not_found", path=path, detail=str(exc)) from exc
    cached = paths.cache_dir() / "headers" / f"{short_name(key)}.json"
    header = _from_cache(cached, path)
    if header is None:
        header = _parse(path)
        _to_cache(cached, header)
    return header


def file_key(*files: Path) -> str:
    """A short name that changes whenever one of the files does."""
    return short_name("|".join(stamp(file) for file in files))


def short_name(text: str) -> str:
    """A hash to name files by. The text may hold file names that are not UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _parse(path: Path) -> GgufHeader:
    try:
        check_header(path)
        metadata, fields = read_fields(path)
        tensors = {name: TensorInfo(f.shape, f.type, f.offset, f.nbytes) for name, f in fields.items()}
    except OSError as exc:
        raise ModelFileError("model_unreadable", path=path, reason=texts.why(exc), detail=repr(exc)) from exc
    except (ValueError, KeyError, IndexError, TypeError, OverflowError, struct.error) as exc:
        reason = reason_of("header_nonsense_of", said=exc)
        raise ModelFileError("model_corrupt", path=path, reason=reason, detail=repr(exc)) from exc
    return GgufHeader(path, {name: value for name, value in metadata.items() if _wanted(name)}, tensors)


def _wanted(name: str) -> bool:
    return not name.startswith("general.languages") and "precompiled_charsmap" not in name


def _from_cache(file: Path, path: Path) -> GgufHeader | None:
    try:
        raw = texts.read_json(file)
        tensors = {name: TensorInfo(tuple(t[0]), t[1], t[2], t[3]) for name, t in raw["tensors"].items()}
        return GgufHeader(path, raw["metadata"], tensors)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None


def _to_cache(file: Path, header: GgufHeader) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        tensors = {n: [list(t.shape), t.type, t.offset, t.nbytes] for n, t in header.tensors.items()}
        part = file.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({"metadata": header.metadata, "tensors": tensors}), encoding="utf-8")
        replacing.replace(part, file)
    except OSError as exc:
        log.info("header cache not written: %s", exc)
