"""The inspector: one round or token, shown everywhere; its numbers are those of the events."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from helix_app.base import messages
from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.inspect.timeline import Timeline
from helix_app.gui.kit import pictures
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens import words
from helix_app.runs.run import Run
from helix_app.runs.trace import PROMPT, Trace
from helix_app.runs.what_if import estimates, survival
from tests.gui.fake import record
from tests.runs.made_runs import made_run


@pytest.fixture
def run() -> Run:
    return made_run(150)


@pytest.fixture
def page(qtbot, theme: Theme, run: Run) -> InspectPage:
    made = InspectPage(theme)
    qtbot.addWidget(made)
    made.resize(1200, 700)
    made.show()
    qtbot.waitExposed(made)
    made.show_trace(Trace(run.items))
    return made


# ------------------------------------------------------------------------------ the timeline


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


def test_a_block_is_picked_by_mouse_and_keys(page: InspectPage) -> None:
    grid = page.pool.grid
    picked = record(grid.block_picked)
    QTest.mouseClick(grid, Qt.MouseButton.LeftButton, pos=grid.rect_of(21).center().toPoint())
    QTest.keyClick(grid, Qt.Key.Key_Right)
    QTest.keyClick(grid, Qt.Key.Key_Left)
    assert picked == [21, 22, 21]


def test_cells_grow_and_shrink_and_fit_again(page: InspectPage) -> None:
    grid = page.pool.grid
    fitting = grid.pitch
    page.pool.zoom(1)
    assert grid.pitch == fitting + 3
    for _ in range(9):
        page.pool.zoom(-1)
    assert grid.pitch == fitting


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


def test_charts_show_what_the_rounds_say(page: InspectPage) -> None:
    positions, found = survival(page.trace.rounds), estimates(page.trace.rounds)
    alive = 1.0
    for position, shown in zip(positions, page.facts.survival.alive()):
        alive *= position.accepted / position.reached
        assert shown == pytest.approx(alive)
    assert page.facts.what_if.bars() == [e for e in found if e.policy in ("fixed", "additive")]
    assert "never drafted so many" in page.facts.what_if.describe(8)
    assert "never drafted" not in page.facts.what_if.describe(2)
    measured = next(e for e in found if e.policy == "measured")
    assert f"Measured {measured.tokens_per_second:.0f} tok/s" in page.facts.summary.text()


def test_what_is_beyond_the_tried_k_is_hatched(page: InspectPage) -> None:
    image = page.facts.what_if.grab().toImage()

    def share(index: int) -> float:
        """How much of a bar's lower half is filled."""
        chart = page.facts.what_if
        bar = chart.bars()[index]
        box = chart.bar(index, bar.tokens_per_second / chart._top()).adjusted(4, 20, -4, -4).toRect()
        back = image.pixel(1, 1)
        points = [(x, y) for x in range(box.left(), box.right()) for y in range(box.top(), box.bottom())]
        return sum(image.pixel(x, y) != back for x, y in points) / len(points)

    assert share(4) > 0.95
    assert 0.05 < share(8) < 0.8


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


@pytest.mark.parametrize("blocks", [16, 16_000])
def test_pools_of_every_size_are_legible(page: InspectPage, blocks: int) -> None:
    page.show_trace(Trace(made_run(12, prompt=4, blocks=blocks, others=0).items))
    page.pick(5)
    grid = page.pool.grid
    assert grid.pitch >= 6
    assert len(grid.state.cells) == blocks
    assert (grid.pixels() != grid.pixels()[-1, -1]).any()


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


def test_the_timeline_becomes_vectors(page: InspectPage, tmp_path: Path) -> None:
    assert pictures.save_picture(page.timeline, tmp_path / "rounds.svg")
    assert "<image" not in (tmp_path / "rounds.svg").read_text(encoding="utf-8")


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
