"""Helix's own folders: how large they are, whether they can be written, and what lies in them; each may be broken."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from helix_app.doctor import folders


def test_every_folder_of_helix_is_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, models = tmp_path / "home", tmp_path / "models"
    monkeypatch.setenv("HELIX_HOME", str(home))
    monkeypatch.setenv("HELIX_MODELS", str(models))
    (home / "data").mkdir(parents=True)
    (home / "data" / "file").write_bytes(b"123")
    models.write_text("a file in the way")
    found = {fact.name: fact for fact in folders.helix_folders()}
    assert list(found) == ["settings", "data", "models", "cache", "logs"]
    assert (found["data"].path, found["data"].bytes, found["data"].writable) == (str(home / "data"), 3, True)
    assert (found["models"].path, found["models"].bytes, found["models"].writable) == (str(models), None, False)
    assert (found["logs"].bytes, found["logs"].writable) == (0, True)
    assert not (home / "logs").exists()  # looking makes none


def test_sizes_of_folders(tmp_path: Path) -> None:
    assert folders.folder_bytes(tmp_path / "none") == 0
    (tmp_path / "a/b").mkdir(parents=True)
    (tmp_path / "a/b/file").write_bytes(b"12345")
    (tmp_path / "file").write_bytes(b"678")
    assert folders.folder_bytes(tmp_path) == 8
    assert folders.folder_bytes(tmp_path / "file") is None


def test_a_folder_that_will_be_made_counts_by_the_one_above(tmp_path: Path) -> None:
    assert folders.can_write(tmp_path / "not" / "yet")
    (tmp_path / "file").write_bytes(b"")
    assert not folders.can_write(tmp_path / "file" / "below")
    assert not list(tmp_path.glob("tmp*"))
    free = folders.disk_free(tmp_path / "not" / "yet")
    assert free is not None
    assert free > 0


@pytest.mark.skipif(
    sys.platform == "win32" or getattr(os, "geteuid", int)() == 0, reason="permissions bind nobody here"
)
def test_a_folder_without_permissions(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0)
    try:
        assert folders.folder_bytes(locked) is None
        assert not folders.can_write(locked)
    finally:
        locked.chmod(0o700)


def test_damaged_settings_are_told_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    assert folders.settings_error(file) == ""
    file.write_text('{"k": ')
    assert folders.settings_error(file).startswith("JSONDecodeError")
    file.write_text("[]")
    assert folders.settings_error(file) == "it holds no settings"
    file.write_bytes(b"\xff\xfe\x00")
    assert folders.settings_error(file).startswith("UnicodeDecodeError")
    assert list(tmp_path.iterdir()) == [file]
    file.write_text("{}")
    assert folders.settings_error(file) == ""


def test_the_last_lines_of_the_crash_log(tmp_path: Path) -> None:
    file = tmp_path / "engine-crash.log"
    assert folders.crash_lines(file) == ()
    file.write_text("".join(f"line {n}\n" for n in range(50)))
    lines = folders.crash_lines(file)
    assert (len(lines), lines[0], lines[-1]) == (20, "line 30", "line 49")


def test_a_folder_that_takes_no_files_is_tried_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``tempfile`` tries one name after the other on Windows, without end."""
    asked: list[str] = []

    def refuse(path: str, *_: object) -> int:
        asked.append(path)
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr(os, "open", refuse)
    assert not folders.can_write(tmp_path)
    assert len(asked) == 1
