"""What SQLite itself says of a file that cannot be used becomes a reason and a next step, each with a code."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import REASONS, Reason
from helix_app.base.messages import error_text
from helix_app.store.benchmarks import BenchmarkStore, StoredRun
from helix_app.store.troubles import trouble_of

RUN = StoredRun(0, "2026-01-02T03:04:05+01:00", "m", 3, True, None, None, None)


def made(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, timeout=0, isolation_level=None)
    db.execute("CREATE TABLE IF NOT EXISTS t (x)")
    return db


def fill(path: Path) -> None:
    with closing(made(path)) as db:
        db.execute("PRAGMA max_page_count = 2")
        db.execute("INSERT INTO t VALUES (zeroblob(100000))")


def write_what_may_be_read(path: Path) -> None:
    made(path).close()
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as db:
        db.execute("INSERT INTO t VALUES (1)")


def write_beside_another(path: Path) -> None:
    with closing(made(path)) as other, closing(made(path)) as db:
        other.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO t VALUES (1)")


def open_nothing(path: Path) -> None:
    sqlite3.connect(path / "there is no such folder" / "x.db")


def read_a_text(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)
    with closing(sqlite3.connect(path)) as db:
        db.execute("SELECT * FROM t")


def read_what_is_cut(path: Path) -> None:
    with closing(made(path)) as db:
        db.execute("INSERT INTO t VALUES (zeroblob(100000))")
    path.write_bytes(path.read_bytes()[:8192] + b"\xff" * 4096)
    with closing(sqlite3.connect(path)) as db:
        db.execute("SELECT count(*), sum(length(x)), max(x) FROM t").fetchall()


CASES = [
    (fill, "full"),
    (write_what_may_be_read, "readonly"),
    (write_beside_another, "locked"),
    (open_nothing, "closed"),
    (read_a_text, "damaged"),
    (read_what_is_cut, "damaged"),
]


@pytest.mark.parametrize(("work", "kind"), CASES)
def test_what_sqlite_says(work: Callable[[Path], None], kind: str, tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as raised:
        work(tmp_path / "x.db")
    found = trouble_of(raised.value)
    assert (found.kind, found.reason, found.hint) == (
        kind,
        REASONS[f"sqlite_{kind}"],
        REASONS[f"sqlite_hint_{kind}"],
    )


def test_a_disk_that_fails() -> None:
    assert trouble_of(sqlite3.OperationalError("disk I/O error")).kind == "faulty"
    assert trouble_of(OSError(errno.EIO, "Input/output error")).kind == "faulty"


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.ENOSPC, "full"), (errno.EROFS, "readonly"), (errno.EACCES, "readonly"), (0, "")]
)
def test_what_the_system_says(number: int, kind: str) -> None:
    found = trouble_of(OSError(number, "No space left on device"))
    assert found.kind == kind
    assert found.hint == REASONS[f"sqlite_hint_{kind or 'any'}"]


@pytest.mark.parametrize(("number", "kind"), [(5, "readonly"), (32, "locked"), (33, "locked")])
def test_on_windows_a_file_in_use_is_not_one_that_may_only_be_read(number: int, kind: str) -> None:
    error = PermissionError(errno.EACCES, "The process cannot access the file")
    error.winerror = number  # type: ignore[attr-defined,unused-ignore]
    found = trouble_of(error)
    assert (found.kind, found.reason) == (kind, "The process cannot access the file")
    assert found.hint == REASONS[f"sqlite_hint_{kind}"]


def test_what_is_not_known_is_told_as_sqlite_says_it() -> None:
    found = trouble_of(sqlite3.OperationalError("something new"))
    assert (found.kind, found.reason) == ("", "SQLite says something new")
    assert isinstance(found.reason, Reason)
    assert found.reason.fields == (("said", "something new"),)


def test_the_sentence_about_the_list_of_benchmarks(tmp_path: Path) -> None:
    store = BenchmarkStore(tmp_path / "b.db")
    store.add(RUN, "{}")
    store.path.unlink()
    store.path.mkdir()
    with pytest.raises(HelixError) as raised:
        store.runs()
    told = error_text(raised.value.code, raised.value.fields)
    assert told == (
        f"The list of benchmarks {store.path} cannot be read or written: the file cannot be opened. "
        "Check that the folder is there and that you may use it. Then try again."
    )
