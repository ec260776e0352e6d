"""GGUF files: header, config and tokenizer metadata, parsed by the ``gguf`` library.

The library walks 49,000 tokens in Python (over two seconds for the default model), so what Helix needs of a
header is kept as JSON in the cache folder, keyed by path, size and time of the file.
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
from typing import Any, BinaryIO

import numpy as np

from helix_app import paths, texts
from helix_app.errors import ModelFileError
from helix_app.modelfiles import groups4
from helix_app.modelfiles.config import ARCHITECTURES, ModelConfig, RopeScaling

log = logging.getLogger(__name__)
_VERSION = 3  # of the cached header; raise when its content changes
_MAX_ARRAY = 8_000_000
_MAX_ENTRIES = 1_000_000
_SCALAR_BYTES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9


@dataclass(frozen=True)
class TensorInfo:
    """Where a tensor lies. ``shape`` is in torch order (rows first); ``offset`` counts from the file's start."""

    shape: tuple[int, ...]
    type: str
    offset: int
    nbytes: int


@dataclass(frozen=True)
class GgufHeader:
    """What Helix needs of a GGUF header.

    Attributes:
        metadata: scalar and string metadata, and the tokenizer's arrays (tokens, token_type, merges, scores).
        tensors: by name.
    """

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, TensorInfo]

    @property
    def architecture(self) -> str:
        return str(self.metadata.get("general.architecture", "unknown"))

    def tensor(self, name: str) -> np.ndarray[Any, Any]:
        """The tensor dequantised to float32, in torch order.

        Raises:
            ModelFileError: the tensor is missing, cut off, or of a type ``gguf`` cannot dequantise.
        """
        import gguf

        info = self._info(name)
        try:
            kind = gguf.GGMLQuantizationType[info.type]
            raw = self._raw(info)
            if kind == gguf.GGMLQuantizationType.F32:
                return np.asarray(raw.view(np.float32).reshape(info.shape))
            if kind == gguf.GGMLQuantizationType.F16:
                return raw.view(np.float16).reshape(info.shape).astype(np.float32)
            shaped = raw.reshape(gguf.quant_shape_to_byte_shape(info.shape, kind))
            return np.asarray(gguf.dequantize(shaped, kind), dtype=np.float32).reshape(info.shape)
        except NotImplementedError as exc:
            raise ModelFileError("model_feature_unsupported", feature=f"{info.type} weights", detail=str(exc)) from exc
        except (ValueError, OSError, KeyError) as exc:
            raise ModelFileError("model_corrupt", path=self.path, detail=f"{name}: {exc}") from exc

    def groups4(self, name: str) -> groups4.Groups4 | None:
        """The tensor's own integers if the file holds it in four bits (Q4_0, Q4_1), else None.

        Raises:
            ModelFileError: the tensor is missing or cut off.
        """
        info = self._info(name)
        if not groups4.is_groups4(info.type) or len(info.shape) != 2:
            return None
        try:
            return groups4.unpack(self._raw(info), info.type, info.shape)
        except (ValueError, OSError) as exc:
            raise ModelFileError("model_corrupt", path=self.path, detail=f"{name}: {exc}") from exc

    def _info(self, name: str) -> TensorInfo:
        info = self.tensors.get(name)
        if info is None:
            raise ModelFileError("model_weights_mismatch", path=self.path, what=f"{name} is missing")
        return info

    def _raw(self, info: TensorInfo) -> np.ndarray[Any, Any]:
        return np.memmap(self.path, dtype=np.uint8, mode="r", offset=info.offset, shape=(info.nbytes,))


def read_header(path: Path) -> GgufHeader:
    """The header of a GGUF file, from the cache when the file has not changed.

    Raises:
        ModelFileError: not a GGUF file, cut off, or nonsense inside.
    """
    try:
        stat = path.stat()
    except OSError as exc:
        raise ModelFileError("model_not_found", path=path, detail=str(exc)) from exc
    key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}|{_VERSION}"
    cached = paths.cache_dir() / "headers" / f"{short_name(key)}.json"
    header = _from_cache(cached, path)
    if header is None:
        header = _parse(path)
        _to_cache(cached, header)
    return header


def file_key(path: Path) -> str:
    """A short name that changes whenever the file does."""
    stat = path.stat()
    return short_name(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}")


def short_name(text: str) -> str:
    """A hash to name files by. The text may hold file names that are not UTF-8."""
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _parse(path: Path) -> GgufHeader:
    import gguf

    _guard(path)
    try:
        reader = gguf.GGUFReader(path)
        metadata = {
            name: _plain(value.contents())
            for name, value in reader.fields.items()
            if not name.startswith("GGUF.") and _wanted(name)
        }
        size = path.stat().st_size
        tensors = {}
        for item in reader.tensors:
            shape = tuple(int(n) for n in reversed(item.shape.tolist()))
            tensors[item.name] = TensorInfo(shape, item.tensor_type.name, int(item.data_offset), int(item.n_bytes))
            if item.data_offset + item.n_bytes > size:
                raise ValueError(f"{item.name} ends beyond the file")
    except (ValueError, KeyError, IndexError, OSError, TypeError, OverflowError, UnicodeDecodeError) as exc:
        raise ModelFileError("model_corrupt", path=path, detail=f"{type(exc).__name__}: {exc}") from exc
    return GgufHeader(path, metadata, tensors)


def _plain(value: Any) -> Any:
    """A value JSON can hold: numpy arrays and scalars become lists and numbers."""
    return value.tolist() if hasattr(value, "tolist") else value


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
        os.replace(part, file)
    except OSError as exc:
        log.info("header cache not written: %s", exc)


def _guard(path: Path) -> None:
    """Walk the counts of the header so that a damaged one fails at once, not after hours of looping.

    Layout: the GGUF specification, version 2 and 3 (little endian).
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            if file.read(4) != b"GGUF":
                raise ModelFileError("model_not_a_model", path=path, detail="the file does not begin with GGUF")
            version, tensors, entries = struct.unpack("<IQQ", _exactly(file, 20))
            if version not in (2, 3):
                raise ValueError(f"GGUF version {version}")
            if tensors > _MAX_ENTRIES or entries > _MAX_ENTRIES:
                raise ValueError(f"{tensors} tensors, {entries} metadata entries")
            for _ in range(entries):
                _skip_string(file, size)
                (kind,) = struct.unpack("<I", _exactly(file, 4))
                _skip_value(file, kind, size)
        except (ValueError, struct.error) as exc:
            raise ModelFileError("model_corrupt", path=path, detail=f"header: {exc}") from exc


def _exactly(file: BinaryIO, count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise ValueError("the file ends inside its header")
    return data


def _skip_string(file: BinaryIO, size: int) -> None:
    (length,) = struct.unpack("<Q", _exactly(file, 8))
    _skip(file, length, size)


def _skip(file: BinaryIO, count: int, size: int) -> None:
    if count > size - file.tell():
        raise ValueError("the file ends inside its header")
    file.seek(count, os.SEEK_CUR)


def _skip_value(file: BinaryIO, kind: int, size: int, depth: int = 0) -> None:
    if kind in _SCALAR_BYTES:
        _skip(file, _SCALAR_BYTES[kind], size)
    elif kind == _STRING:
        _skip_string(file, size)
    elif kind == _ARRAY and depth < 2:
        inner, count = struct.unpack("<IQ", _exactly(file, 12))
        if count > _MAX_ARRAY:
            raise ValueError(f"an array of {count} elements")
        if inner in _SCALAR_BYTES:
            _skip(file, _SCALAR_BYTES[inner] * count, size)
        else:
            for _ in range(count):
                _skip_value(file, inner, size, depth + 1)
    else:
        raise ValueError(f"metadata of unknown type {kind}")


# --------------------------------------------------------------------------- config


def config_from_gguf(header: GgufHeader) -> ModelConfig:
    """A ModelConfig from GGUF metadata and tensor shapes.

    Raises:
        ModelFileError: an architecture or feature that the decoder does not have, or a missing key.
    """
    arch, meta = header.architecture, header.metadata
    if arch not in ARCHITECTURES:
        raise ModelFileError("model_unsupported", architecture=arch)
    if meta.get(f"{arch}.expert_count"):
        raise ModelFileError("model_feature_unsupported", feature="mixture of experts")

    def need(key: str) -> Any:
        return meta[f"{arch}.{key}"]

    def get(key: str, default: Any = None) -> Any:
        return meta.get(f"{arch}.{key}", default)

    try:
        hidden, heads = int(need("embedding_length")), int(need("attention.head_count"))
        kv_heads = int(get("attention.head_count_kv", heads))
        head_dim = int(get("attention.key_length") or hidden // max(heads, 1))
        if int(get("rope.dimension_count", head_dim)) != head_dim:
            raise ModelFileError("model_feature_unsupported", feature="partial rotary embeddings")
        embeddings = header.tensors["token_embd.weight"].shape
        config = ModelConfig(
            architecture=arch,
            vocab_size=int(embeddings[0]),
            hidden_size=hidden,
            intermediate_size=int(need("feed_forward_length")),
            num_layers=int(need("block_count")),
            num_heads=heads,
            num_kv_heads=kv_heads,
            head_dim=head_dim,
            context_length=int(get("context_length", 2048)),
            norm_eps=float(get("attention.layer_norm_rms_epsilon", 1e-6)),
            rope_theta=float(get("rope.freq_base", 10_000.0)),
            rope=_rope(header, get),
            tied_embeddings="output.weight" not in header.tensors,
            qkv_bias="blk.0.attn_q.bias" in header.tensors,
            out_bias="blk.0.attn_output.bias" in header.tensors,
            mlp_bias="blk.0.ffn_down.bias" in header.tensors,
            bos_token_id=meta.get("tokenizer.ggml.bos_token_id"),
            eos_token_ids=_end_tokens(meta),
        )
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as exc:
        raise ModelFileError("model_corrupt", path=header.path, detail=f"metadata: {exc!r}") from exc
    config.check(str(header.path))
    return config


def _rope(header: GgufHeader, get: Any) -> RopeScaling:
    kind = str(get("rope.scaling.type", "none"))
    factor = float(get("rope.scaling.factor", 1.0) or 1.0)
    original = int(get("rope.scaling.original_context_length") or 0) or None
    if "rope_freqs.weight" in header.tensors:
        factors = tuple(float(x) for x in header.tensor("rope_freqs.weight"))
        return RopeScaling(type="llama3", original_context=original, factors=factors)
    if kind == "linear" and factor != 1.0:
        return RopeScaling(type="linear", factor=factor)
    if kind == "yarn":
        return RopeScaling(
            type="yarn",
            factor=factor,
            original_context=original,
            attention_factor=_yarn_attention(get("rope.scaling.attn_factor"), factor),
            beta_fast=float(get("rope.scaling.yarn_beta_fast", 32.0)),
            beta_slow=float(get("rope.scaling.yarn_beta_slow", 1.0)),
        )
    if kind not in ("none", "linear"):
        raise ModelFileError("model_feature_unsupported", feature=f"{kind} rotary scaling")
    return RopeScaling()


def _yarn_attention(multiplier: Any, factor: float) -> float | None:
    """GGUF files keep what YaRN's own magnitude is multiplied with, not the product (llama.cpp, ``rope_yarn``)."""
    if multiplier is None:
        return None
    return float(multiplier) * (1.0 + 0.1 * math.log(max(factor, 1.0)))


def _end_tokens(meta: dict[str, Any]) -> tuple[int, ...]:
    """Every token that ends a turn. Files often name only one of them, so the usual names count too."""
    ends = [meta.get(f"tokenizer.ggml.{name}_token_id") for name in ("eos", "eot", "eom")]
    tokens = meta.get("tokenizer.ggml.tokens") or []
    named = {"<|im_end|>", "<|eot_id|>", "<|end_of_text|>", "<|endoftext|>", "<|eom_id|>", "</s>"}
    ends += [i for i, token in enumerate(tokens) if token in named]
    return tuple(dict.fromkeys(int(e) for e in ends if e is not None))
