"""Run files are read and written away from the window's thread, and given up when another is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QThread

from helix_app.base.process.logs import log_file
from helix_app.bridge import run_files
from helix_app.bridge.run_files import RunFiles
from helix_app.runs import run as runs
from helix_app.runs.run import Run, RunItem
from tests.runs.made_runs import made_run


class Watch:
    """What was handed over."""

    def __init__(self, files: RunFiles) -> None:
        self.items: list[RunItem] = []
        self.batches: list[int] = []
        self.said: list[str] = []
        files.batch.connect(self.on_batch)
        files.begun.connect(lambda path: self.said.append(f"begun {Path(path).name}"))
        files.opened.connect(lambda path: self.said.append(f"opened {Path(path).name}"))
        files.saved.connect(lambda path: self.said.append(f"saved {Path(path).name}"))
        files.failed.connect(lambda path, failed: self.said.append(f"{failed.code} {Path(path).name}"))

    def on_batch(self, items: list[RunItem]) -> None:
        self.items += items
        self.batches.append(len(items))


@pytest.fixture
def files(qapp):
    made = RunFiles()
    yield made
    made.shutdown()
    assert not made.thread_.isRunning()


def test_a_run_is_handed_over_in_batches(files: RunFiles, qtbot, tmp_path: Path) -> None:
    run = made_run(200)
    watch = Watch(files)
    with qtbot.waitSignal(files.saved):
        files.save(str(tmp_path / "a"), run)
    with qtbot.waitSignal(files.opened):
        files.open(str(tmp_path / "a"))
    assert watch.items == run.items
    assert max(watch.batches) == run_files.BATCH
    assert watch.said == ["saved a", "begun a", "opened a"]


def test_opening_another_gives_the_first_one_up(files: RunFiles, qtbot, tmp_path: Path) -> None:
    long, short = made_run(400), made_run(3, name="short")
    long.save(tmp_path / "long")
    short.save(tmp_path / "short")
    watch = Watch(files)
    files.open(str(tmp_path / "long"))
    with qtbot.waitSignal(files.opened):
        files.open(str(tmp_path / "short"))
    assert watch.items == short.items
    assert watch.said == ["begun long", "begun short", "opened short"]


def test_what_still_comes_of_a_file_that_was_given_up_is_dropped(files: RunFiles, qtbot, tmp_path: Path) -> None:
    long, short = made_run(600), made_run(3, name="short")
    long.save(tmp_path / "long")
    short.save(tmp_path / "short")
    watch = Watch(files)

    def on_batch(_items: list[RunItem]) -> None:  # others of the same file wait behind this one
        files.batch.disconnect(on_batch)
        QThread.msleep(100)
        files.open(str(tmp_path / "short"))
        watch.items.clear()

    files.batch.connect(on_batch)
    with qtbot.waitSignal(files.opened):
        files.open(str(tmp_path / "long"))
    assert watch.items == short.items


def test_what_cannot_be_read_or_written_is_told(files: RunFiles, qtbot, tmp_path: Path) -> None:
    (tmp_path / "bad").write_bytes(b"x")
    watch = Watch(files)
    for act in (
        lambda: files.open(str(tmp_path / "bad")),
        lambda: files.open(str(tmp_path / "missing")),
        lambda: files.save(str(tmp_path / "no" / "x"), made_run(1)),
    ):
        with qtbot.waitSignal(files.failed):
            act()
    told = [line for line in watch.said if not line.startswith("begun")]
    assert told == ["run_file bad", "run_missing missing", "run_not_saved x"]


def test_a_fault_of_our_own_is_told_and_leaves_the_thread_alive(
    files: RunFiles, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch = Watch(files)
    with monkeypatch.context() as patch:
        patch.setattr(runs, "read", lambda _path: 1 / 0)
        with qtbot.waitSignal(files.failed) as told:
            files.open(str(tmp_path / "a"))
    assert watch.said[-1] == "internal a"
    failed = told.args[1]
    assert dict(failed.fields) == {"log": str(log_file())}
    assert "ZeroDivisionError" in failed.detail
    with qtbot.waitSignal(files.saved):
        files.save(str(tmp_path / "a"), made_run(1))


def test_the_work_is_done_on_its_own_thread(files: RunFiles, qtbot, tmp_path: Path, monkeypatch) -> None:
    seen: list[QThread] = []
    real = runs.save
    monkeypatch.setattr(runs, "save", lambda items, path: (seen.append(QThread.currentThread()), real(items, path)))
    with qtbot.waitSignal(files.saved):
        files.save(str(tmp_path / "a"), made_run(1))
    assert seen == [files.thread_]


def test_after_the_end_nothing_is_begun(qapp, tmp_path: Path) -> None:
    files = RunFiles()
    files.shutdown()
    files.save(str(tmp_path / "a"), Run())
    files.shutdown()
    assert list(tmp_path.iterdir()) == []
