"""Safetensors files that are read by the names of their tensors."""

from __future__ import annotations

from pathlib import Path

import pytest
import safetensors
import torch
from safetensors.torch import save_file

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.tensors.opened import OpenedFiles

A, B = torch.arange(6.0).view(3, 2), torch.arange(4.0)


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path]:
    save_file({"a": A}, tmp_path / "1.safetensors")
    save_file({"b": B}, tmp_path / "2.safetensors")
    return tmp_path / "1.safetensors", tmp_path / "2.safetensors"


def test_tensors_are_found_in_whichever_file_they_lie_while_it_is_open(files: tuple[Path, Path]) -> None:
    opened = OpenedFiles(files)
    assert "a" not in opened
    opened.open()
    assert [name in opened for name in ("a", "b", "c")] == [True, True, False]
    assert torch.equal(opened.tensor("a"), A)
    assert torch.equal(opened.tensor("b"), B)
    assert torch.equal(opened.tensor("a", 2), A[2])
    with pytest.raises(KeyError):
        opened.tensor("c")
    opened.close()
    assert "a" not in opened


def test_with_a_damaged_one_among_them_none_is_open(files: tuple[Path, Path]) -> None:
    files[1].write_bytes(files[1].read_bytes()[:-4])
    opened = OpenedFiles(files)
    with pytest.raises(ModelFileError) as caught:
        opened.open()
    assert (caught.value.code, str(caught.value.fields["path"])) == ("model_corrupt", str(files[1]))
    assert "a" not in opened


def test_a_file_that_windows_has_no_memory_to_map_is_not_called_damaged(
    files: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise safetensors.SafetensorError("The paging file is too small for this operation. (os error 1455)")

    monkeypatch.setattr(safetensors, "safe_open", refuse)
    with pytest.raises(MemoryError):
        OpenedFiles(files).open()
