"""A reply as its tokens: marked by origin with and without colour, read, selected and copied."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.look.palette import DARK, LIGHT, contrast
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.gui.tokens.view import TINT, TokenView, draw_underline
from helix_app.runs.run import RunItem
from helix_app.runs.trace import Trace
from tests.gui.fake import record
from tests.runs.made_runs import made_run


@pytest.fixture
def view(qtbot: QtBot, theme: Theme) -> TokenView:
    made = TokenView(theme)
    qtbot.addWidget(made)
    made.show_trace(Trace(made_run(80, alternatives=3).items))
    made.resize(420, 3000)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_copy_gives_the_text_without_ghosts(view: TokenView) -> None:
    text = "".join(token.text for token in view.trace.tokens)
    view.set_ghosts(True)
    assert view.selected_text() == text
    view.select_all()
    QTest.keyClick(view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == text


def test_a_selection_is_drawn_by_mouse(view: TokenView) -> None:
    first, last = view.rect_of(2).center().toPoint(), view.rect_of(7).center().toPoint()
    picked = record(view.token_picked)
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    QTest.mouseMove(view, last)
    move_to(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)
    assert view.selected_text() == "".join(token.text for token in view.trace.tokens[2:8])
    assert picked == []  # to select is not to pick
    QTest.mouseClick(view, Qt.MouseButton.LeftButton, pos=last)
    assert picked == [7]


def move_to(view: TokenView, point: QPoint) -> None:
    from PySide6.QtCore import QEvent, QPointF
    from PySide6.QtGui import QMouseEvent

    left = Qt.MouseButton.LeftButton
    event = QMouseEvent(QEvent.Type.MouseMove, QPointF(point), QPointF(point), left, left, Qt.KeyboardModifier(0))
    view.mouseMoveEvent(event)


def test_arrow_keys_go_from_token_to_token(view: TokenView) -> None:
    picked = record(view.token_picked)
    QTest.keyClick(view, Qt.Key.Key_Right)
    view.light([0], 0)
    QTest.keyClick(view, Qt.Key.Key_Right)
    view.light([0], 0)
    QTest.keyClick(view, Qt.Key.Key_Left)
    assert picked == [0, 1, 0]


def test_hover_tells_the_numbers_of_the_events(view: TokenView) -> None:
    trace = view.trace
    for token, emitted in enumerate(trace.tokens):
        told = "\n".join(view.describe(view.flow.piece_of(token)))
        assert f"#{token + 1}" in told
        assert f"p = {words.probability(emitted.target_prob)}" in told
        assert f"Slot {trace.slot_of(token)}, in block {trace.block_of(token)}" in told or token + 1 == len(
            trace.tokens
        )
        assert all(words.quoted(best.text) in told for best in emitted.alternatives)
        number = trace.round_of[token]
        if number >= 0:
            event = trace.rounds[number]
            assert f"Round {event.index + 1}, k = {event.k}" in told
        if emitted.provenance == "accepted":
            proposed = trace.proposal_of(token)
            assert proposed is not None
            assert f"q = {words.probability(proposed.draft_prob)}" in told
            assert f"= {words.probability(min(1.0, proposed.target_prob / proposed.draft_prob))}" in told
    view.set_ghosts(True)
    ghost = next(piece for piece, position in enumerate(view.flow.ghosts) if position >= 0)
    event = trace.rounds[trace.round_of[view.flow.tokens[ghost]]]
    proposed = event.proposed[view.flow.ghosts[ghost]]
    told = "\n".join(view.describe(ghost))
    assert "rejected by the target" in told
    assert words.proposal_line(proposed) in told


def test_origins_read_without_colour(qapp) -> None:
    """Drawn in one colour, each origin's mark differs from the others'."""
    seen = set()
    for provenance in ("accepted", "corrected", "bonus", "plain"):
        image = QImage(60, 14, QImage.Format.Format_Grayscale8)
        image.fill(255)
        painter = QPainter(image)
        draw_underline(painter, provenance, 4, 56, 7, QColor("black"))
        painter.end()
        pixels = np.frombuffer(image.constBits(), np.uint8, image.sizeInBytes()).reshape(14, -1)[:, :60] < 128
        seen.add((int(pixels.any(axis=1).sum()) > 3, bool(pixels.any()), bool(pixels.any(axis=0)[6:54].all())))
    assert len(seen) == 4


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
def test_text_on_a_tint_can_be_read(palette) -> None:
    for name in ("accepted", "corrected", "bonus"):
        colour, back = QColor(getattr(palette, name)), QColor(palette.canvas)
        share = TINT / 255
        mixed = [round(share * a + (1 - share) * b) for a, b in zip(colour.getRgb()[:3], back.getRgb()[:3])]
        assert contrast(palette.text, "#{:02x}{:02x}{:02x}".format(*mixed)) >= 4.5


def test_only_what_is_in_sight_is_painted(view: TokenView, monkeypatch: pytest.MonkeyPatch) -> None:
    painted: list[int] = []
    real = TokenView._paint_line
    monkeypatch.setattr(TokenView, "_paint_line", lambda self, p, line: (painted.append(line), real(self, p, line)))
    view.grab(view.rect_of(50).toRect())
    assert 1 <= len(painted) <= 2
    assert view.flow.lines > 10


def test_height_follows_width_and_growth(view: TokenView) -> None:
    assert view.height_for(200) > view.height_for(800)
    view.resize(420, 100)
    grown = record(view.height_changed)
    before = view.height_for(420)
    trace = view.trace
    for item in made_run(40, seed=5).items[3:]:
        trace.add(RunItem(item.seconds, item.event))
    view.refresh()
    assert grown
    assert view.height_for(420) > before


def test_a_selection_is_given_up_where_the_lines_are_others(view: TokenView) -> None:
    whole = view.selected_text()
    first, last = view.rect_of(2).center().toPoint(), view.rect_of(7).center().toPoint()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=first)
    move_to(view, last)
    QTest.mouseRelease(view, Qt.MouseButton.LeftButton, pos=last)
    assert len(view.selected_text()) < len(whole)
    view.resize(300, 3000)
    assert view.selected_text() == whole
