"""The block map at a moment of the run: what it shows, how it is picked, and the books below it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.inspect.page import InspectPage
from helix_app.gui.inspect.pool_panel import PoolPanel
from helix_app.gui.live.legend import Legend
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import NO_BLOCK
from helix_app.runs.run import RunItem
from helix_app.runs.trace import Trace
from helix_app.runs.waste import Ledger
from tests.gui import fake
from tests.gui.fake import record
from tests.runs.made_runs import made_run

pytestmark = pytest.mark.styled


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


@pytest.mark.parametrize("blocks", [16, 16_000])
def test_pools_of_every_size_are_legible(page: InspectPage, blocks: int) -> None:
    page.show_trace(Trace(made_run(12, prompt=4, blocks=blocks, others=0).items))
    page.pick(5)
    grid = page.pool.grid
    assert grid.pitch >= 6
    assert len(grid.state.cells) == blocks
    assert (grid.pixels() != grid.pixels()[-1, -1]).any()


@pytest.fixture
def panel(theme: Theme, qtbot: QtBot) -> PoolPanel:
    """The map by itself, of a short run."""
    made = PoolPanel(theme)
    qtbot.addWidget(made)
    made.resize(420, 500)
    made.show()
    made.show_trace(Trace(made_run(12).items))
    return made


def test_totals_and_books_are_those_of_the_moment(panel: PoolPanel) -> None:
    early = panel.show_moment(1)
    assert early is not None
    first = panel.totals.text()
    assert first == f"{early.used} / 512 used, {early.cached} cached"
    late = panel.show_moment(12)
    assert late is not None
    assert panel.books is not None
    assert panel.words.text().splitlines() == panel.lines(panel.books)
    assert panel.books.rolled_back_slots > 0
    panel.show_moment(1)
    assert panel.totals.text() == first


BOOKS = Ledger(2, 9, 1, 1, 0, 0, 1, 2_000_000, 190_000_000)


def test_the_books_in_words(panel: PoolPanel) -> None:
    assert panel.lines(BOOKS) == [
        "Empty: 9 slots in 2 part-filled blocks · unverified: 1 slot",
        "Rolled back so far: 1 slot of a rejected draft token",
        "2.0 MB in use; 188 MB less than 1 whole context reserved at the start",
    ]
    shared = panel.lines(Ledger(0, 0, 0, 0, 3, 4, 2, None, None))
    assert shared[2:] == [
        "Shared: 3 blocks, which spares 4 more",
        "Bytes: unknown, this run does not tell the size of a block",
    ]


def test_states_of_recurrent_layers_in_words(panel: PoolPanel) -> None:
    used = Ledger(0, 0, 0, 0, 0, 0, 1, 2_000_000, 190_000_000, used_states=1, kept_states=3, kept_bytes=60_000_000)
    assert panel.lines(used)[2] == "Recurrent layers: 1 state in use, 3 kept for prompts to come (60.0 MB)"
    kept = Ledger(0, 0, 0, 0, 0, 0, 0, None, None, kept_states=2)
    assert panel.lines(kept)[2] == "Recurrent layers: 0 states in use, 2 kept for prompts to come"


def test_what_fell_out_of_a_window_is_shown_and_told(page: InspectPage) -> None:
    trace = Trace(made_run(30, prompt=120, windows=(0, 40)).items)
    page.show_trace(trace)
    page.pick(29)
    panel = page.pool
    assert panel.books is not None
    view = trace.pools["target"].at(30, "r")
    table = np.frombuffer(view.tables["r"], "<u4")
    gone = sum(int((np.frombuffer(blocks, "<u4") == NO_BLOCK).sum()) for blocks in view.tables.values())
    assert panel.books.passed_blocks == gone > 8
    assert f"Fallen out of windows: {panel.books.passed_blocks} blocks that are not held" in panel.words.text()
    assert "out of the window" in panel.findChildren(Legend)[0].accessibleName()
    kinds = {panel.grid.describe(block) for block in range(512)}
    assert any("fell out of the window, free to reuse" in words and "see 40 tokens" in words for words in kinds)
    assert any("used" in words and "see all tokens" in words for words in kinds)
    page.on_block_picked(int(table[len(table) // 2 - 2]))
    full = page.tokens.lit()
    page.on_block_picked(int(table[-2]))
    assert page.tokens.lit() == full != frozenset(), "both groups' blocks hold the same tokens"
    page.show_trace(Trace(made_run(12).items))
    page.pick(5)
    assert "out of the window" not in panel.findChildren(Legend)[0].accessibleName()


def test_paging_never_saves_less_than_nothing(panel: PoolPanel) -> None:
    books = Ledger(0, 0, 0, 0, 0, 0, 1, 2_000_000, 1_000_000)
    assert panel.lines(books)[-1] == "2.0 MB in use; 0 B less than 1 whole context reserved at the start"


def test_a_run_without_snapshots_says_so(panel: PoolPanel) -> None:
    panel.show_trace(Trace(made_run(3, snapshots=False).items))
    assert panel.show_moment(2) is None
    assert panel.empty.isVisible()
    assert not panel.totals.isVisible()
    panel.show_trace(Trace(made_run(3).items))
    assert not panel.empty.isVisible()


def test_the_pool_of_a_draft_can_be_picked(panel: PoolPanel) -> None:
    assert not panel.picker.isVisible()  # there is but one
    run = made_run(3, blocks=64)
    trace = Trace([*run.items, RunItem(9.0, fake.snapshot(fake.pool_cells(32), pool="draft"))])
    panel.show_trace(trace)
    picked = record(panel.pool_picked)
    assert panel.picker.isVisible()
    panel.picker.pick("draft")
    assert (panel.pool, panel.picker.shown(), len(picked)) == ("draft", "Draft", 1)
    assert panel.show_moment(3) is not None
    assert len(panel.grid.state.cells) == 32
    panel.show_trace(trace)
    assert panel.pool == "target"


def test_plus_and_minus_ask_for_other_sizes(panel: PoolPanel) -> None:
    panel.show_moment(3)
    asked, fitting = record(panel.grid.zoom_asked), panel.grid.pitch
    QTest.keyClick(panel.grid, Qt.Key.Key_Plus)
    assert panel.grid.pitch > fitting
    QTest.keyClick(panel.grid, Qt.Key.Key_Minus)
    assert panel.grid.pitch == fitting
    assert asked == [1, -1]


def test_a_frame_around_a_block_is_drawn_and_one_that_is_not_there_is_not(panel: PoolPanel) -> None:
    panel.show_moment(3)
    bare = panel.grid.grab().toImage()
    panel.frame([2], (2, 5))
    assert panel.grid.framed() == (2,)
    assert panel.grid.grab().toImage() != bare
    panel.frame([999])
    assert panel.grid.grab().toImage() == bare
