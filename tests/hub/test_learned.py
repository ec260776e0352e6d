"""Tables of what models write: where they are, and that they can be forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.hub.learned import forget, learned_table


def test_a_table_for_each_model(home: Path, tmp_path: Path) -> None:
    folder = home / "data" / "ngram"
    assert learned_table(tmp_path / "tiny.gguf", "tiny") == folder / "tiny.table"
    mine, other = learned_table(tmp_path / "a" / "m.gguf", None), learned_table(tmp_path / "b" / "m.gguf", None)
    assert mine != other
    assert mine.parent == other.parent == folder


def test_forgetting_reaches_an_engine_that_has_the_table_open(home: Path, tmp_path: Path) -> None:
    path = learned_table(tmp_path / "tiny.gguf", "tiny")
    table = NgramTable(path, 100, 7, writable=True)
    table.learn([1, 2, 3, 4, 5, 6], 0)
    assert table.find([1, 2, 3, 4]) is not None
    (path.parent / "notes.txt").write_text("not a table", encoding="utf-8")
    size = path.stat().st_size
    assert forget() == 1
    assert table.find([1, 2, 3, 4]) is None
    assert table.used == 0
    assert path.stat().st_size == size
    assert (path.parent / "notes.txt").read_text(encoding="utf-8") == "not a table"
    table.learn([1, 2, 3, 4, 5, 6], 0)  # and learns on, in the same file
    again = NgramTable(path, 100, 7, writable=True)
    assert again.find([1, 2, 3, 4]) is not None


def test_nothing_was_learnt(home: Path) -> None:
    assert forget() == 0
    assert not home.exists()


def test_a_table_that_cannot_be_wiped(home: Path) -> None:
    folder = home / "data" / "ngram"
    (folder / "tiny.table").mkdir(parents=True)
    with pytest.raises(HelixError) as caught:
        forget()
    assert (caught.value.code, caught.value.fields) == ("forget_failed", {"folder": str(folder)})
    assert caught.value.detail
    assert "–" not in messages.error_text(caught.value.code, caught.value.fields)


def test_one_table_that_cannot_be_written_does_not_save_the_others(home: Path) -> None:
    folder = home / "data" / "ngram"
    (folder / "a.table").mkdir(parents=True)  # cannot be opened as a file
    other = folder / "b.table"
    other.write_bytes(b"h" * 32 + b"x" * 64)
    with pytest.raises(HelixError) as error:
        forget()
    assert error.value.code == "forget_failed"
    assert other.read_bytes() == b"h" * 32 + bytes(64)


def test_a_folder_that_cannot_be_read_is_no_success(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(path: object) -> object:
        raise PermissionError("no")

    monkeypatch.setattr("helix_app.hub.learned.os.scandir", refused)
    with pytest.raises(HelixError):
        forget()
