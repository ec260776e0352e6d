"""Errors where they belong, offers, and quiet notices that come and go."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QTimer
from pytestqt.qtbot import QtBot

from helix_app.base import messages
from helix_app.base.messages import NOTICES
from helix_app.gui.kit.controls.notices import MOST_NOTICES, PASSING, ErrorBox, NoticeBar, OfferBox
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.events import Failed, Notice
from tests.gui.driver import Driver
from tests.gui.fake import record

FALLBACK = events.Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter")))


def test_only_what_is_over_passes_by_itself(window: MainWindow) -> None:
    assert set(PASSING) <= set(NOTICES)
    window.on_event(FALLBACK)
    window.on_event(events.Notice("bench_exported", (("file", "a.html"),)))
    lasting, passing = window.chat.notices._notices
    assert lasting.passing is None
    assert isinstance(passing.passing, QTimer)
    passing.details.setChecked(True)
    passing.passing.timeout.emit()
    assert len(window.chat.notices.sentences()) == 2  # it is being read
    passing.details.setChecked(False)
    passing.passing.timeout.emit()
    assert window.chat.notices.sentences() == [lasting.sentence.text()]


def test_notices_are_shown_once_and_can_be_dismissed(chat: Driver) -> None:
    notice = Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter")))
    chat.window.on_events([notice, notice])
    bar = chat.window.chat.notices
    assert bar.sentences() == ["DirectML could not be used (no adapter), so Helix runs on the CPU."]
    bar.clear()
    assert not bar.isVisible()


@pytest.fixture
def error(theme: Theme, qtbot: QtBot) -> ErrorBox:
    """An error box by itself."""
    made = ErrorBox(theme)
    qtbot.addWidget(made)
    return made


def test_an_error_is_a_sentence_with_details_and_a_next_step(error: ErrorBox) -> None:
    error.show_failure(Failed("out_of_memory", "bad_alloc"), "Try again")
    assert error.isVisible()
    assert error.sentence.text() == error.accessibleName() == messages.error_text("out_of_memory")
    assert not error.detail.isVisible()
    error.details.click()
    assert error.detail.isVisible()
    assert error.detail.text() == "bad_alloc"
    acted, dismissed = record(error.acted), record(error.dismissed)
    error.action.click()
    error.close_button.click()
    assert (len(acted), len(dismissed)) == (1, 1)


def test_the_next_error_begins_without_the_details_of_the_last(error: ErrorBox) -> None:
    error.show_failure(Failed("out_of_memory", "bad_alloc"), "Try again")
    error.details.click()
    error.show_failure(Failed("engine_busy", "lock held"))
    assert not error.detail.isVisible()
    assert not error.action.isVisible()
    error.show_failure(Failed("engine_busy"))
    assert not error.details.isVisible()


def test_details_need_more_height_and_say_so(error: ErrorBox) -> None:
    error.show_failure(Failed("out_of_memory", "line\n" * 6))
    low, changed = error.height_for(400), record(error.height_changed)
    error.details.click()
    assert error.height_for(400) > low
    assert changed
    assert error.height_for(200) > error.height_for(400)


def test_an_offer_has_one_answer_or_two(theme: Theme, qtbot: QtBot) -> None:
    two, one = OfferBox(theme, "Full.", "Larger", "New"), OfferBox(theme, "Full.", "New")
    for box in (two, one):
        qtbot.addWidget(box)
        box.show()
        assert not box.close_button.isVisible()
    acted, other = record(two.acted), record(two.other_chosen)
    two.other.click()
    assert (len(acted), len(other)) == (0, 1)
    assert one.action.isVisible()
    assert not one.other.isVisible()


def test_only_the_latest_notices_are_kept(theme: Theme, qtbot: QtBot) -> None:
    bar = NoticeBar(theme)
    qtbot.addWidget(bar)
    assert bar.isHidden()
    for number in range(MOST_NOTICES + 1):
        bar.add(Notice("draft_dropped", (("reason", f"reason {number}"),)))
    assert len(bar.sentences()) == MOST_NOTICES
    assert "reason 1" in bar.sentences()[0]
    assert bar.isVisible()
    bar.clear()
    assert bar.sentences() == []
    assert bar.isHidden()
