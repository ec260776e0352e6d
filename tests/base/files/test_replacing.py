"""Files that others hold for a moment, as on Windows, and folders that take none."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from helix_app.base.files import replacing


def held(number: int) -> PermissionError:
    """What Windows says while somebody has a file open."""
    error = PermissionError(13, "Access is denied")
    error.winerror = number  # type: ignore[attr-defined]
    return error


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    monkeypatch.setattr(replacing.time, "sleep", seconds.append)
    return seconds


def failing(times: int, error: OSError, work: Callable[..., None]) -> Callable[..., None]:
    left = [error] * times

    def tried(*args: object, **options: object) -> None:
        if left:
            raise left.pop()
        work(*args, **options)

    return tried


@pytest.mark.parametrize("number", [5, 32, 33])
def test_a_file_that_is_held_for_a_moment_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: list[float], number: int
) -> None:
    new, old = tmp_path / "Jörgs neue Datei", tmp_path / "old"
    new.write_text("new", encoding="utf-8")
    old.write_text("old", encoding="utf-8")
    monkeypatch.setattr(os, "replace", failing(3, held(number), os.replace))
    replacing.replace(new, old)
    assert old.read_text(encoding="utf-8") == "new"
    assert not new.exists()
    assert len(waited) == 3


def test_what_stays_held_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: list[float]) -> None:
    monkeypatch.setattr(os, "replace", failing(100, held(32), os.replace))
    with pytest.raises(PermissionError):
        replacing.replace(tmp_path / "new", tmp_path / "old")
    assert 0.5 < sum(waited) < 1.5


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(28, "No space left"), held(112)])
def test_nothing_else_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: list[float], error: OSError
) -> None:
    monkeypatch.setattr(os, "replace", failing(1, error, os.replace))
    with pytest.raises(OSError, match=error.strerror or ""):
        replacing.replace(tmp_path / "new", tmp_path / "old")
    assert waited == []


def test_a_file_that_is_held_for_a_moment_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waited: list[float]
) -> None:
    file = tmp_path / "model.part"
    file.touch()
    monkeypatch.setattr(Path, "unlink", failing(2, held(32), Path.unlink))
    replacing.remove(file)
    replacing.remove(file)  # which is gone
    assert not file.exists()
    assert len(waited) == 2


def test_a_new_file_has_a_name_of_its_own_and_no_other_reader(tmp_path: Path) -> None:
    made = [replacing.new_file(tmp_path, ".run-", ".part") for _ in range(3)]
    for descriptor, name in made:
        os.write(descriptor, b"a\nb")
        os.close(descriptor)
        assert Path(name).read_bytes() == b"a\nb"
        assert Path(name).parent == tmp_path
        if os.name == "posix":
            assert Path(name).stat().st_mode & 0o777 == 0o600
    names = {Path(name).name for _, name in made}
    assert len(names) == 3
    assert all(name.startswith(".run-") and name.endswith(".part") for name in names)


def test_a_folder_that_takes_no_files_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def refuse(path: str, flags: int, mode: int = 0o777) -> int:
        asked.append(path)
        raise held(5)

    monkeypatch.setattr(os, "open", refuse)
    monkeypatch.setattr(tempfile, "mkstemp", pytest.fail)
    with pytest.raises(PermissionError):
        replacing.new_file(tmp_path, ".run-")
    assert len(asked) == 1


def test_a_new_folder_has_a_name_of_its_own_and_is_refused_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = {replacing.new_folder(tmp_path, ".part-") for _ in range(3)}
    assert len(made) == 3
    assert all(folder.is_dir() and folder.name.startswith(".part-") for folder in made)
    asked = []

    def refuse(path: str, mode: int = 0o777) -> None:
        asked.append(path)
        raise held(5)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(PermissionError):
        replacing.new_folder(tmp_path, ".part-")
    assert len(asked) == 1
