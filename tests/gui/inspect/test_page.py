"""The inspector: one round or token, shown everywhere; its numbers are those of the events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from helix_app.base import messages
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.kit import pictures
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.runs.run import Run
from helix_app.runs.trace import PROMPT, Trace
from tests.runs.made_runs import made_run

pytestmark = pytest.mark.styled

# ------------------------------------------------------------------------------ linked views


def test_a_round_is_shown_in_tokens_blocks_and_figures(page: InspectPage) -> None:
    trace = page.trace
    number = next(n for n, e in enumerate(trace.rounds) if e.k > 2 and 0 < e.accepted < e.k)
    event = trace.rounds[number]
    page.pick(number)
    assert page.tokens.lit() == frozenset(trace.tokens_of(number))
    assert list(page.pool.grid.framed()) == trace.blocks_of_round(number) != []
    np.testing.assert_array_equal(page.pool.grid.state.cells, trace.pools["target"].at(number + 1, "r").cells)
    assert page.where.text() == f"round {number + 1} of 150"
    told = page.details.text()
    assert f"k = {event.k} proposed, {event.accepted} accepted, {len(event.emitted)} written" in told
    for seconds in (event.draft_seconds, event.verify_seconds, event.overhead_seconds):
        assert words.milliseconds(seconds) in told
    assert messages.k_reason_text(event.k_reason) in told
    for proposed in event.proposed:
        assert words.probability(words.ratio(proposed)) in told
    assert told.count("✓") == event.accepted
    assert told.count("✗") == 1
    assert page.pool.books is not None
    assert page.pool.books.rolled_back_slots == trace.rejected[number]


def test_a_token_shows_its_round_its_block_and_its_slot(page: InspectPage) -> None:
    trace = page.trace
    token = trace.tokens_of(70)[0]
    box = page.tokens.rect_of(token)
    page._token_scroll.ensureVisible(0, int(box.center().y()))
    QTest.mouseClick(page.tokens, Qt.MouseButton.LeftButton, pos=box.center().toPoint())
    assert page.number == 70
    assert page.pool.grid.framed() == (trace.block_of(token),)
    assert f"#{token + 1}" in page.details.text()
    assert f"Slot {trace.slot_of(token)}, in block {trace.block_of(token)}" in page.details.text()
    page.pick(71)
    assert f"#{token + 1}" not in page.details.text()


def test_a_block_shows_the_tokens_it_holds_by_then(page: InspectPage) -> None:
    trace = page.trace
    page.pick(149)
    block = trace.block_of(40)
    assert block is not None
    page.pool.grid.block_picked.emit(block)
    held = [t for t in range(len(trace.tokens)) if trace.block_of(t) == block]
    assert sorted(page.tokens.lit()) == held
    assert len(held) == 16
    early = trace.round_of[held[3]]
    page.pick(early)
    page.pool.grid.block_picked.emit(block)
    assert sorted(page.tokens.lit()) == [t for t in held if trace.round_of[t] <= early]
    page.pool.grid.block_picked.emit(500)  # a free one
    assert page.tokens.lit() == frozenset()


def test_ghosts_are_shown_on_request(page: InspectPage) -> None:
    assert not any(position >= 0 for position in page.tokens.flow.ghosts)
    page.ghosts.setChecked(True)
    assert any(position >= 0 for position in page.tokens.flow.ghosts)


def test_before_the_first_round_the_prompt_is_shown(page: InspectPage) -> None:
    page.pick(0)
    page.back.click()
    assert page.number == PROMPT
    assert page.where.text() == "prompt"
    assert "40 tokens of prompt" in page.details.text()
    assert page.tokens.lit() == {0}
    assert not page.back.isEnabled()


# ------------------------------------------------------------------------------ growing, empty


def test_a_growing_run_is_followed_until_somebody_looks_elsewhere(page: InspectPage, run: Run) -> None:
    trace = Trace(run.items[:40])
    page.show_trace(trace, complete=False)
    assert page.number == len(trace.rounds) - 1
    for item in run.items[40:80]:
        trace.add(item)
    page.refresh()
    assert page.number == len(trace.rounds) - 1
    page.pick(2)
    for item in run.items[80:]:
        trace.add(item)
    page.end()
    assert page.number == 2
    assert page.timeline.count == 150
    assert len(page.tokens.flow.tokens) >= len(trace.tokens)
    assert "tok/s" in page.about.whole()


def test_empty_states_are_words(qtbot, theme: Theme) -> None:
    page = InspectPage(theme)
    qtbot.addWidget(page)
    page.resize(1000, 640)
    page.show()
    assert page.empty
    assert "Ask something in the chat" in page.nothing.text()
    page.show_trace(Trace(made_run(0, snapshots=False).items[:2]), complete=False)
    assert page.where.text() == "no round yet"
    assert page.pool.empty.isVisible()
    assert not page.pool.words.isVisible()
    page.grab()
    assert page.facts.survival.count() == page.facts.what_if.count() == 0
    assert page.facts.summary.text() == ""
    page.pick(7)
    page.on_block_picked(3)


def test_a_run_without_its_end_says_so(page: InspectPage, run: Run) -> None:
    page.show_trace(Trace(run.items[:60]))
    assert "its end is missing" in page.about.whole()


# ------------------------------------------------------------------------------ pictures


def views_of(page: InspectPage) -> list[QWidget]:
    return [page.timeline, page.tokens, page.pool, page.facts.survival, page.facts.what_if]


@pytest.mark.parametrize("index", range(5))
def test_every_view_becomes_a_picture(page: InspectPage, tmp_path: Path, index: int) -> None:
    page.pick(30)
    widget = views_of(page)[index]
    png, svg = tmp_path / "view.png", tmp_path / "view.svg"
    assert pictures.save_picture(widget, png)
    image = QImage(str(png))
    assert image.size() == widget.size() * 2
    assert len({image.pixel(x, y) for x in range(0, image.width(), 7) for y in range(0, image.height(), 7)}) > 3
    assert pictures.save_picture(widget, svg)
    drawn = svg.read_text(encoding="utf-8")
    assert drawn.lstrip().startswith("<?xml")
    assert drawn.count("<path") + drawn.count("<rect") + drawn.count("<image") + drawn.count("<poly") > 5


def test_the_menu_asks_for_a_file(page: InspectPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(str(tmp_path / "a"), "SVG drawing (*.svg)"), (str(tmp_path / "b.png"), ""), ("", "")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: answers.pop(0))
    for _ in range(3):
        page.pool._menu.menu().actions()[0].trigger()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.svg", "b.png"]
    told: list[str] = []
    monkeypatch.setattr(QMessageBox, "warning", lambda *args: told.append(args[2]))
    answers.append((str(tmp_path / "no" / "folder" / "c.png"), ""))
    page.pool._menu.menu().actions()[0].trigger()
    assert len(told) == 1
    assert "Choose a folder" in told[0]
