"""Headers read from the mapped file say what the gguf library says of them."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

import gguf
import numpy as np
import pytest

from helix_app.modelfiles.gguf.gguf_fields import read_fields
from tests.modelfiles.made_files import rewrite


def plain(value: object) -> object:
    return value.tolist() if hasattr(value, "tolist") else value


@pytest.mark.parametrize("quant", ["F32", "Q8_0"])
def test_it_reads_what_the_library_reads(zoo, quant: str) -> None:
    path = zoo.gguf("llama-small", quant=quant)
    metadata, tensors = read_fields(path)
    reader = gguf.GGUFReader(path)
    theirs = {name: plain(f.contents()) for name, f in reader.fields.items() if not name.startswith("GGUF.")}
    assert metadata == theirs
    assert {
        t.name: (tuple(reversed(t.shape.tolist())), t.tensor_type.name, int(t.data_offset), int(t.n_bytes))
        for t in reader.tensors
    } == {name: (f.shape, f.type, f.offset, f.nbytes) for name, f in tensors.items()}


def test_a_long_array_that_nothing_needs_is_left_where_it_is(small: Path, tmp_path: Path) -> None:
    path = rewrite(small, tmp_path / "long.gguf", changes={"some.numbers": [1] * 70_000, "short.numbers": [1, 2]})
    tracemalloc.start()
    try:
        metadata, _ = read_fields(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert "some.numbers" not in metadata
    assert metadata["short.numbers"] == [1, 2]
    assert peak < path.stat().st_size


def test_a_tensor_that_is_there_twice_is_nonsense(tmp_path: Path) -> None:
    path = tmp_path / "twice.gguf"
    writer = gguf.GGUFWriter(str(path), "llama")
    for name in ("a.weight", "b.weight"):
        writer.add_tensor(name, np.zeros((2, 32), dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    path.write_bytes(path.read_bytes().replace(b"b.weight", b"a.weight"))
    with pytest.raises(ValueError, match="twice"):
        read_fields(path)
