"""Benchmark results in a real SQLite file."""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.process import paths
from helix_app.store.benchmarks import BenchmarkStore, StoredRun

RUN = StoredRun(0, "2026-01-02T03:04:05+01:00", "Größe 135M · CPU · bf16", 48, True, 1.42, 1.38, 1.47)
EMPTY = StoredRun(0, "2026-01-02T03:05:05+01:00", "m", 3, False, None, None, None)


@pytest.fixture
def store(tmp_path: Path) -> BenchmarkStore:
    return BenchmarkStore(tmp_path / "new folder" / "benchmarks.db")


def test_runs_come_back_the_latest_first(store: BenchmarkStore) -> None:
    assert store.runs() == ()
    first, second = store.add(RUN, '{"text": "é🙂"}'), store.add(EMPTY, "{}")
    again = BenchmarkStore(store.path)
    assert again.runs() == (replace(EMPTY, id=second), replace(RUN, id=first))
    assert again.document(first) == '{"text": "é🙂"}'


def test_a_deleted_run_is_gone_and_its_number_is_not_given_again(store: BenchmarkStore) -> None:
    first = store.add(RUN, "{}")
    store.delete(first)
    store.delete(first)
    assert store.runs() == ()
    with pytest.raises(HelixError) as failed:
        store.document(first)
    assert failed.value.code == "store_gone"
    assert store.add(RUN, "{}") != first


def test_large_documents_are_compressed(store: BenchmarkStore) -> None:
    document = "0123456789" * 500_000
    run = store.add(RUN, document)
    assert store.path.stat().st_size < len(document) / 10
    assert store.document(run) == document


def test_a_damaged_file_is_kept_aside(store: BenchmarkStore) -> None:
    store.path.parent.mkdir()
    store.path.write_bytes(b"this is no database, but somebody may want it" * 100)
    run = store.add(RUN, "{}")
    assert [found.id for found in store.runs()] == [run]
    (aside,) = (p for p in store.path.parent.iterdir() if "damaged" in p.name)
    assert aside.read_bytes().startswith(b"this is no database")


def test_a_damaged_document_is_told(store: BenchmarkStore) -> None:
    run = store.add(RUN, "{}")
    with sqlite3.connect(store.path) as db:
        db.execute("UPDATE runs SET document = ?", (b"junk",))
    with pytest.raises(HelixError) as failed:
        store.document(run)
    assert failed.value.code == "store_gone"
    assert len(store.runs()) == 1


def test_a_file_of_a_later_version_is_left_alone(store: BenchmarkStore) -> None:
    store.add(RUN, "{}")
    with sqlite3.connect(store.path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(HelixError) as failed:
        store.runs()
    assert failed.value.code == "store_newer"
    assert store.path.exists()


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HelixError) as failed:
        BenchmarkStore(tmp_path / "x" / "benchmarks.db").add(RUN, "{}")
    assert failed.value.code == "store_write"
    tmp_path.chmod(0o700)


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(HelixError) as failed:
        BenchmarkStore(tmp_path / "x" / "benchmarks.db").runs()
    assert failed.value.code == "store_write"


def test_threads_write_at_once(store: BenchmarkStore) -> None:
    threads = [threading.Thread(target=store.add, args=(RUN, "{}")) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.runs()) == 8


def test_it_lies_in_the_data_folder() -> None:
    assert BenchmarkStore().path.parent == paths.data_dir()
