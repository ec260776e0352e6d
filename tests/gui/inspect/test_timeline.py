"""The rounds over time: bars, scrubbing, zoom, and what is said of a round."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from helix_app.base import messages
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.inspect.timeline import Timeline, time_text
from helix_app.gui.kit import pictures
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from tests.gui.fake import record

pytestmark = pytest.mark.styled


def test_bars_are_the_figures_of_the_rounds(page: InspectPage) -> None:
    rounds = page.trace.rounds
    for name, values in (
        ("k", [e.k for e in rounds]),
        ("accepted", [e.accepted for e in rounds]),
        ("draft", [e.draft_seconds * 1000 for e in rounds]),
        ("verify", [e.verify_seconds * 1000 for e in rounds]),
        ("overhead", [e.overhead_seconds * 1000 for e in rounds]),
    ):
        np.testing.assert_allclose(page.timeline.values(name), values)
    means, _, group = page.timeline.bars()
    assert group == 1
    np.testing.assert_allclose(means["k"], [e.k for e in rounds])


def test_many_rounds_are_means_a_column(page: InspectPage) -> None:
    page.timeline.resize(140, 150)
    means, _, group = page.timeline.bars()
    assert group > 1
    k = page.timeline.values("k")
    assert means["k"][1] == pytest.approx(k[group : 2 * group].mean())
    assert means["k"][-1] == pytest.approx(k[(len(means["k"]) - 1) * group :].mean())


def test_click_drag_and_keys_go_to_a_round(page: InspectPage) -> None:
    timeline = page.timeline
    for number in (0, 77, 149):
        QTest.mouseClick(timeline, Qt.MouseButton.LeftButton, pos=timeline.point_of(number))
        assert page.number == number
    keys = ((Qt.Key.Key_Home, 0), (Qt.Key.Key_Right, 1), (Qt.Key.Key_Left, 0), (Qt.Key.Key_PageDown, 20))
    for key, number in (*keys, (Qt.Key.Key_End, 149), (Qt.Key.Key_Right, 149)):
        QTest.keyClick(timeline, key)
        assert page.number == number
    page.back.click()
    assert page.number == 148
    page.forth.click()
    assert page.number == 149
    assert not page.forth.isEnabled()


def test_zoom_keeps_the_round_under_the_pointer_and_double_click_resets(page: InspectPage) -> None:
    timeline = page.timeline
    x = timeline.x_of(90)
    timeline.zoom(0.3, 90)
    low, high = timeline.visible_rounds()
    assert (high - low) == 45
    assert timeline.x_of(90) == pytest.approx(x, abs=30)
    page.pick(3)  # out of sight: it comes into sight
    assert timeline.visible_rounds()[0] <= 3
    QTest.mouseDClick(timeline, Qt.MouseButton.LeftButton, pos=timeline.rect().center())
    assert timeline.visible_rounds() == (0, 150)


def test_a_tooltip_says_the_controllers_reason(page: InspectPage) -> None:
    event = page.trace.rounds[11]
    told = page.timeline.describe(11)
    assert messages.k_reason_text(event.k_reason) in told
    assert f"{event.k} proposed, {event.accepted} accepted" in told
    assert words.milliseconds(event.verify_seconds) in told


def test_an_empty_timeline_can_be_touched(qtbot, theme: Theme) -> None:
    timeline = Timeline(theme)
    qtbot.addWidget(timeline)
    timeline.show()
    picked = record(timeline.round_picked)
    QTest.mouseClick(timeline, Qt.MouseButton.LeftButton)
    QTest.keyClick(timeline, Qt.Key.Key_Right)
    timeline.grab()
    assert picked == []


def test_the_timeline_becomes_vectors(page: InspectPage, tmp_path: Path) -> None:
    assert pictures.save_picture(page.timeline, tmp_path / "rounds.svg")
    assert "<image" not in (tmp_path / "rounds.svg").read_text(encoding="utf-8")


def test_a_wheel_over_the_timeline_zooms(page: InspectPage) -> None:
    from PySide6.QtCore import QPoint
    from PySide6.QtGui import QWheelEvent

    place = QPointF(page.timeline.rect().center())
    event = QWheelEvent(
        place,
        place,
        QPoint(),
        QPoint(0, 240),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    page.timeline.wheelEvent(event)
    low, high = page.timeline.visible_rounds()
    assert high - low < 150


def test_the_rounds_over_time_have_room_for_their_labels(theme: Theme) -> None:
    timeline = Timeline(theme)
    timeline.resize(600, 170)
    metrics = timeline.fontMetrics()
    labels = ["k = 8", "k = 15.9", *(time_text(ms) for ms in (9.9, 999.0, 1234.0, 9_999_000.0))]
    assert max(metrics.horizontalAdvance(text) for text in labels) <= timeline.x_of(0) - 6
    timeline.deleteLater()


@pytest.mark.parametrize(
    ("milliseconds", "words_"),
    [
        (4.23, "4.2 ms"),
        (42.0, "42 ms"),
        (999.4, "999 ms"),
        (999.6, "1.0 s"),
        (4230.0, "4.2 s"),
        (99_940.0, "99.9 s"),
        (4_230_000.0, "4,230 s"),
    ],
)
def test_times_of_an_axis(milliseconds: float, words_: str) -> None:
    assert time_text(milliseconds) == words_
