"""One mapping a file, while anything of it is used."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest

from helix_app.modelfiles.gguf import mapping
from helix_app.modelfiles.gguf.mapping import whole_file


def test_all_parts_of_a_file_are_of_one_mapping_that_ends_with_them(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(range(200)))
    one, other = whole_file(path)[10:20], whole_file(path)[30:40]
    assert (one.tolist(), other.tolist()) == (list(range(10, 20)), list(range(30, 40)))
    assert not one.flags.writeable
    assert len(mapping._maps) == 1
    del one
    gc.collect()
    assert other.tolist() == list(range(30, 40))
    assert len(mapping._maps) == 1
    del other
    gc.collect()
    assert not mapping._maps


def test_a_file_that_was_replaced_is_mapped_anew(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    old = whole_file(path)
    new = tmp_path / "b"
    new.write_bytes(b"new!")
    os.replace(new, path)
    assert (bytes(whole_file(path)), bytes(old)) == (b"new!", b"old")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="descriptors are counted in /proc")
def test_a_hundred_parts_take_one_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(bytes(4096))
    before = len(os.listdir("/proc/self/fd"))
    parts = [whole_file(path)[i : i + 8] for i in range(100)]
    assert len(parts) == 100
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_an_empty_file_and_one_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="nothing"):
        whole_file(tmp_path / "nothing")
    (tmp_path / "empty").touch()
    with pytest.raises(ValueError, match="empty"):
        whole_file(tmp_path / "empty")
