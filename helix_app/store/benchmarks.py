"""Benchmark results of this computer, one row a run: what lists show as columns, and the whole document, compressed."""

from __future__ import annotations

import logging
import sqlite3
import time
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from helix_app.base.errors import HelixError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.store.troubles import trouble_of

log = logging.getLogger(__name__)
_VERSION = 1
_WAIT_SECONDS = 5.0  # for another Helix that writes
_TABLE = """
CREATE TABLE IF NOT EXISTS runs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    created TEXT NOT NULL,
    title TEXT NOT NULL,
    replies INTEGER NOT NULL,
    complete INTEGER NOT NULL,
    speedup REAL,
    low REAL,
    high REAL,
    document BLOB NOT NULL
)
"""


@dataclass(frozen=True)
class StoredRun:
    """What a list shows of a run.

    Attributes:
        created: ISO 8601, with the offset from UTC.
        title: target, device and number format in words.
        speedup, low, high: Helix over plain decoding with its interval; None where there is none.
    """

    id: int
    created: str
    title: str
    replies: int
    complete: bool
    speedup: float | None
    low: float | None
    high: float | None


class BenchmarkStore:
    """A SQLite file; every call opens it anew, so that any thread may ask and another Helix may write."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or paths.data_dir() / "benchmarks.db"

    def add(self, run: StoredRun, document: str) -> int:
        """Keep a run; ``run.id`` is ignored. Returns its id.

        Raises:
            HelixError: ``store_write``: the disk is full, or the folder cannot be written.
        """
        blob = zlib.compress(document.encode("utf-8"), 6)
        values = (run.created, run.title, run.replies, run.complete, run.speedup, run.low, run.high, blob)
        with self._open() as db:
            cursor = db.execute(
                "INSERT INTO runs (created, title, replies, complete, speedup, low, high, document) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                values,
            )
            return int(cursor.lastrowid or 0)

    def runs(self) -> tuple[StoredRun, ...]:
        """All runs, the latest first."""
        with self._open() as db:
            rows = db.execute(
                "SELECT id, created, title, replies, complete, speedup, low, high FROM runs ORDER BY id DESC"
            ).fetchall()
        return tuple(StoredRun(a, b, c, d, bool(e), f, g, h) for a, b, c, d, e, f, g, h in rows)

    def document(self, run_id: int) -> str:
        """The JSON of a run. Raises HelixError ``store_gone`` when there is no such run any more."""
        with self._open() as db:
            row = db.execute("SELECT document FROM runs WHERE id = ?", (run_id,)).fetchone()
        if row is None:
            raise HelixError("store_gone")
        try:
            return zlib.decompress(row[0]).decode("utf-8")
        except (zlib.error, UnicodeDecodeError, TypeError) as exc:
            raise HelixError("store_gone", detail=str(exc)) from exc

    def delete(self, run_id: int) -> None:
        """Forget a run; one that is gone already is fine."""
        with self._open() as db:
            db.execute("DELETE FROM runs WHERE id = ?", (run_id,))

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection whose changes are kept if nothing goes wrong. Raises HelixError."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            try:
                db = self._connect()
            except sqlite3.DatabaseError as exc:
                if isinstance(exc, sqlite3.OperationalError):
                    raise
                self._put_aside(exc)
                db = self._connect()
            with closing(db), db:
                yield db
        except (sqlite3.Error, OSError) as exc:
            found = trouble_of(exc)
            fields = {"path": self.path, "reason": found.reason, "hint": found.hint}
            raise HelixError("store_write", detail=str(exc), **fields) from exc

    def _connect(self) -> sqlite3.Connection:
        db = sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
        try:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version > _VERSION:
                raise HelixError("store_newer", path=self.path)
            db.execute(_TABLE)
            db.execute(f"PRAGMA user_version = {_VERSION}")
            db.commit()
        except BaseException:
            db.close()
            raise
        return db

    def _put_aside(self, why: Exception) -> None:
        """A file that is no database is kept under another name: it may be somebody's."""
        aside = self.path.with_name(f"{self.path.name}.damaged-{int(time.time())}")
        log.error("%s is damaged (%s); kept as %s", self.path, why, aside.name)
        replacing.replace(self.path, aside)
