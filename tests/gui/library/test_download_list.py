"""Downloads as rows: how far, paused, not complete, gone."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot

from helix_app.gui.library.download_list import HIGHEST, DownloadList
from helix_app.gui.look.theme import Theme
from helix_app.protocol.library import UnfinishedItem
from helix_app.protocol.models.hub import DownloadFailed, DownloadProgress
from tests.gui.fake import record

pytestmark = pytest.mark.styled

HALF = DownloadProgress("m", "download", 50_000_000, 100_000_000, 10_000_000.0, 5.0)


@pytest.fixture
def downloads(theme: Theme, qtbot: QtBot) -> DownloadList:
    made = DownloadList(theme)
    qtbot.addWidget(made)
    return made


def test_how_far_a_download_is(downloads: DownloadList) -> None:
    assert downloads.isHidden()
    downloads.show_progress(HALF, "Model")
    row = downloads.row("m")
    assert row is not None
    assert not downloads.isHidden()
    assert row.facts.whole() == "Downloading · 50.0 MB of 100 MB · 50 % · 10.0 MB/s · 5 s left"
    assert (row.line.fraction(), row.turn.text(), row.remove.isHidden()) == (0.5, "Pause", True)
    downloads.show_progress(DownloadProgress("m", "verify", 0, 0), "Model")
    assert row.line.fraction() is None
    downloads.drop("m")
    assert downloads.isHidden()
    assert not downloads.running("m")


def test_pause_resume_and_remove(downloads: DownloadList) -> None:
    paused, resumed = record(downloads.pause_requested), record(downloads.resume_requested)
    removed = record(downloads.remove_requested)
    downloads.show_progress(HALF, "Model")
    row = downloads.row("m")
    assert row is not None
    row.turn.click()
    assert (paused, row.turn.isEnabled()) == (["m"], False)
    downloads.show_failed(DownloadFailed("m", "download_cancelled"), "Model")
    assert (row.facts.whole(), row.turn.text(), row.turn.isEnabled(), row.more.isHidden()) == (
        "Paused",
        "Resume",
        True,
        True,
    )
    row.turn.click()
    downloads.show_progress(HALF, "Model")
    assert (resumed, row.state) == (["m"], "running")
    downloads.show_failed(DownloadFailed("m", "download_cancelled"), "Model")
    row.remove.click()
    assert (removed, downloads.row("m")) == (["m"], None)


def test_why_one_is_not_complete_stays(downloads: DownloadList) -> None:
    failed = DownloadFailed("m", "download_busy", "HTTP 429", (("host", "a.host"),))
    downloads.show_failed(failed, "Model")
    row = downloads.row("m")
    assert row is not None
    assert "a.host gets too many requests" in row.more.text()
    downloads.show_unfinished((UnfinishedItem("m", "Model", 1, 2),))
    downloads.show_unfinished(())
    assert row.state == "failed"
    assert downloads.row("m") is row


def test_what_was_stopped_is_shown_until_it_is_gone(downloads: DownloadList) -> None:
    items = tuple(UnfinishedItem(str(n), f"Model {n}", 10, 0 if n else 40) for n in range(6))
    downloads.show_unfinished(items)
    first, second = downloads.row("0"), downloads.row("1")
    assert first is not None
    assert second is not None
    assert (first.facts.whole(), first.line.fraction()) == ("Paused · 10 B of 40 B", 0.25)
    assert (second.facts.whole(), second.line.fraction()) == ("Paused · 10 B", 0)
    downloads.resize(800, 400)
    (rows,) = downloads.findChildren(QScrollArea)
    assert rows.height() == HIGHEST
    downloads.show_unfinished(items[:1])
    assert [downloads.row(str(n)) is not None for n in range(6)] == [True] + [False] * 5
    assert first.sizeHint().height() <= rows.height() < HIGHEST


def test_a_name_that_comes_later_is_taken(downloads: DownloadList) -> None:
    downloads.show_progress(HALF, "m")
    downloads.show_progress(HALF, "Model")
    row = downloads.row("m")
    assert row is not None
    assert row.name.whole() == "Model"
    assert row.turn.accessibleName() == "Pause Model"
