"""GGUF files of every kind, made from a sound one or by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import gguf
import numpy as np

T = gguf.GGUFValueType


def rewrite(
    source: Path,
    path: Path,
    *,
    arch: str = "llama",
    changes: Mapping[str, Any] | None = None,
    tensors: Callable[[str], bool] = lambda name: True,
    endian: gguf.GGUFEndian = gguf.GGUFEndian.LITTLE,
    most: int = 0,
    dry_first: bool = False,
) -> Path:
    """A copy of a GGUF file with other metadata or fewer tensors.

    Args:
        changes: metadata to replace or add; None leaves a key out, a list of integers is an array.
        tensors: which of them are kept, by name.
        most: tensors of one part of a split model; 0 writes one file.
        dry_first: the first part of a split model holds no tensors.
    """
    reader = gguf.GGUFReader(source)
    split = {"split_max_tensors": most, "small_first_shard": dry_first} if most else {}
    writer = gguf.GGUFWriter(str(path), arch, endianess=endian, **split)
    changes = dict(changes or {})
    for name, field in reader.fields.items():
        if name.startswith("GGUF.") or name == "general.architecture" or name in changes:
            continue
        sub = field.types[-1] if field.types[0] == T.ARRAY else None
        writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub)
    for name, value in changes.items():
        add(writer, name, value)
    for item in reader.tensors:
        if tensors(item.name):
            writer.add_tensor(item.name, item.data, raw_shape=item.data.shape, raw_dtype=item.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def made(path: Path, arch: str, changes: Mapping[str, Any], tensors: Mapping[str, tuple[int, ...]]) -> Path:
    """A GGUF file of this metadata and tensors of zeros."""
    writer = gguf.GGUFWriter(str(path), arch)
    for name, value in changes.items():
        add(writer, name, value)
    for name, shape in tensors.items():
        writer.add_tensor(name, np.zeros(shape, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def add(writer: gguf.GGUFWriter, name: str, value: Any) -> None:
    """Add metadata by the value's own type; None adds nothing."""
    if value is None:
        return
    kinds = {bool: T.BOOL, int: T.UINT32, float: T.FLOAT32, str: T.STRING}
    if isinstance(value, list):
        writer.add_key_value(name, value, T.ARRAY, sub_type=kinds[type(value[0])])
    else:
        writer.add_key_value(name, value, kinds[type(value)])
