"""Tokens in lines: nothing lost, nothing cut, marked by origin with and without colour."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtTest import QTest

from helix_app.gui.look.palette import DARK, LIGHT, contrast
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.gui.tokens.flow import NEWLINE, TokenFlow
from helix_app.gui.tokens.view import TINT, TokenView, draw_underline
from helix_app.runs.run import RunItem
from helix_app.runs.trace import Trace
from tests.gui.fake import record
from tests.runs.made_runs import made_run


def measure(text: str) -> float:
    return 10.0 * len(text)


def flow_of(trace: Trace, width: float, ghosts: bool) -> TokenFlow:
    flow = TokenFlow(measure)
    flow.lay_out(trace, width, ghosts)
    return flow


def pieces(flow: TokenFlow) -> list[tuple[int, int, str, float, float]]:
    return list(zip(flow.tokens, flow.ghosts, flow.texts, flow.xs, flow.widths))


@pytest.mark.parametrize("ghosts", [False, True])
@pytest.mark.parametrize("width", [60.0, 333.0, 2000.0])
def test_every_token_stands_once_in_order_inside_the_width(ghosts: bool, width: float) -> None:
    trace = Trace(made_run(150).items)
    flow = flow_of(trace, width, ghosts)
    shown = ["".join(t for token, g, t, _, _ in pieces(flow) if token == n and g < 0) for n in range(len(trace.tokens))]
    assert [text.replace(NEWLINE, "\n") for text in shown] == [token.text for token in trace.tokens]
    assert flow.tokens == sorted(flow.tokens)
    assert flow.first[0] == 0
    assert flow.first == sorted(set(flow.first))
    for line in range(flow.lines):
        inside = list(flow.pieces(line))
        assert inside
        assert flow.xs[inside[0]] == 0
        for left, right in pairwise(inside):
            assert flow.xs[right] >= flow.xs[left] + flow.widths[left]
            assert flow.ghosts[left] >= 0 or not flow.texts[left].endswith(NEWLINE)  # a line ends there
        end = flow.xs[inside[-1]] + flow.widths[inside[-1]]
        assert end <= width or len(inside) == 1
    rejected = sum(len(trace.rejected_of(n)) for n in range(len(trace.rounds)))
    assert rejected > 0
    assert sum(g >= 0 and not t.endswith(NEWLINE) for _, g, t, _, _ in pieces(flow)) <= rejected
    assert any(g >= 0 for g in flow.ghosts) == ghosts


def test_words_are_not_cut_at_the_end_of_a_line() -> None:
    trace = Trace(made_run(150).items)
    flow = flow_of(trace, 333.0, False)
    for first in flow.first[1:]:
        before, text = flow.texts[first - 1], flow.texts[first]
        assert before.endswith(NEWLINE) or text.startswith(" ")


def test_tokens_that_come_later_stand_where_they_would_have_stood() -> None:
    items = made_run(120).items
    trace, grown = Trace(), TokenFlow(measure)
    for number, item in enumerate(items):
        trace.add(item)
        if number % 7 == 0:
            grown.lay_out(trace, 300.0, True)
    grown.lay_out(trace, 300.0, True)
    whole = flow_of(trace, 300.0, True)
    assert pieces(grown) == pieces(whole)
    assert grown.first == whole.first
    assert not grown.lay_out(trace, 300.0, True)
    assert grown.lay_out(trace, 310.0, True)


def test_ghosts_stand_before_the_correction_in_the_order_of_the_draft() -> None:
    trace = Trace(made_run(60).items)
    flow = flow_of(trace, 1e9, True)
    for number in range(len(trace.rounds)):
        rejected = trace.rejected_of(number)
        if not rejected:
            continue
        correction = trace.tokens_of(number)[-1]
        at = flow.piece_of(correction)
        event = trace.rounds[number]
        ghosts = [piece for piece in range(len(flow.tokens)) if flow.tokens[piece] == correction and piece < at]
        assert list(dict.fromkeys(flow.ghosts[p] for p in ghosts)) == list(range(event.accepted, event.k))


def test_a_point_finds_its_piece() -> None:
    trace = Trace(made_run(60).items)
    flow = flow_of(trace, 300.0, True)
    for line in range(flow.lines):
        for piece in flow.pieces(line):
            middle = flow.xs[piece] + flow.widths[piece] / 2
            assert flow.piece_at(line, middle) == piece
            assert flow.line_of(piece) == line
    assert flow.piece_at(0, 10_000) is None
    assert flow.piece_at(0, 10_000, nearest=True) == flow.pieces(0)[-1]
    assert flow.piece_at(-1, 0) is None
    assert TokenFlow(measure).piece_at(0, 0, nearest=True) is None


@pytest.fixture
def view(qtbot, theme: Theme) -> TokenView:
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


def test_probabilities_keep_a_digit_that_matters() -> None:
    assert [words.probability(p) for p in (0.0, 1.0, 0.12345, 0.0005, 0.0000123)] == [
        "0.000",
        "1.000",
        "0.123",
        "0.001",
        "1e-05",
    ]


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
