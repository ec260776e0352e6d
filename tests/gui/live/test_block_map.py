"""The map of the paged cache: every block in one picture, and what is said of it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from PySide6.QtCore import QSize
from pytestqt.qtbot import QtBot

from helix_app.gui.live.block_map import BlockGrid, cell_colours
from helix_app.gui.live.pool import grid_for
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_SHARED, BLOCK_USED
from tests.gui import fake

pytestmark = pytest.mark.styled


@pytest.mark.parametrize("blocks", [16, 512, 16_000])
def test_map_is_legible_at_every_size(qtbot: QtBot, theme: Theme, blocks: int) -> None:
    pitch, columns = grid_for(blocks, 300, 140, 6, 22)
    assert pitch >= 6
    assert columns * pitch <= 300
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    grid.show()
    cells = fake.pool_cells(blocks)
    grid.apply(fake.snapshot(cells))
    grid.on_frame()
    before = grid.pixels().copy()
    images = grid.images
    grid.apply(fake.delta([0, blocks - 1], np.array([fake.cell(BLOCK_CACHED, 16)] * 2, fake.CELL), blocks))
    grid.on_frame()
    assert grid.images == images  # only the changed blocks were drawn
    fresh = BlockGrid(theme)
    qtbot.addWidget(fresh)
    cells[[0, blocks - 1]] = fake.cell(BLOCK_CACHED, 16)
    fresh.apply(fake.snapshot(cells))
    fresh.show()
    fresh.on_frame()
    np.testing.assert_array_equal(grid.pixels(), fresh.pixels())
    assert (grid.pixels() != before).any()


def test_tooltip_says_what_a_block_holds(qtbot: QtBot, theme: Theme) -> None:
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    cells = np.array([fake.cell(BLOCK_SHARED, 16, 3, 2, 1)] * 16, fake.CELL)
    grid.apply(fake.snapshot(cells))
    grid.show()
    grid.on_frame()
    assert grid.block_at(grid.rect().topLeft()) == 0
    assert grid.block_at(grid.rect().bottomRight() * 2) is None
    words = grid.describe(0)
    for part in ("Block 0: shared", "Sequence 2", "16 of 16", "3 slots hold unverified", "2 sequences"):
        assert part in words


def test_tooltip_says_which_layers_read_a_block_that_have_none(qtbot: QtBot, theme: Theme) -> None:
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    cells = np.array([fake.cell(BLOCK_SHARED, 16)] * 4, fake.CELL)
    grid.show_cells(cells, ("a",), 16, (0, 512), (4, 0))
    assert "4 layers that keep nothing" in grid.describe(0)
    grid.show_cells(cells, ("a",), 16, (0, 512))
    assert "keep nothing" not in grid.describe(0)


@pytest.fixture
def grid(theme: Theme, qtbot: QtBot) -> BlockGrid:
    """A map of 64 blocks in a room of 200 by 120 pixels."""
    made = BlockGrid(theme)
    qtbot.addWidget(made)
    made.set_room(QSize(200, 120))
    made.show()
    made.apply(fake.snapshot(fake.pool_cells(64)))
    made.on_frame()
    return made


def test_every_block_is_found_where_it_is_drawn(grid: BlockGrid) -> None:
    places = [grid.rect_of(block) for block in range(64)]
    assert [grid.block_at(place.center().toPoint()) for place in places] == list(range(64))
    assert not any(a.intersects(b) for a, b in pairwise(places))
    assert grid.rect_of(64).isEmpty()
    assert grid.width() <= 200
    assert grid.height() <= 120


def test_another_room_or_size_is_drawn_anew(grid: BlockGrid) -> None:
    images, fitting = grid.images, grid.pitch
    grid.set_room(QSize(200, 120))
    assert grid.images == images  # the same room
    grid.set_room(QSize(100, 60))
    assert grid.images == images + 1
    assert grid.pitch < fitting
    grid.fixed_pitch = 30
    grid.on_theme_changed()
    assert grid.pitch == 30
    assert grid.fitting_pitch() < 30


def test_only_blocks_that_differ_are_drawn_again(grid: BlockGrid, theme: Theme) -> None:
    images, before = grid.images, grid.pixels().copy()
    cells = grid.state.cells.copy()
    cells[63] = fake.cell(BLOCK_USED, 16, 0, 1, 2)
    grid.show_cells(cells, grid.state.owners, 16)
    assert grid.images == images
    changed = np.argwhere(grid.pixels() != before)
    place = grid.rect_of(63)
    assert len(changed)
    assert changed[:, 1].min() >= place.left()
    assert changed[:, 0].min() >= place.top()
    grid.show_cells(fake.pool_cells(32), (), 16)  # a pool of another size
    assert grid.images == images + 1


def test_colours_are_those_of_the_theme(grid: BlockGrid, theme: Theme) -> None:
    for choice in ("light", "dark"):
        theme.choose(choice)
        free = grid.rect_of(63).center().toPoint()
        assert int(grid.pixels()[free.y(), free.x()]) == cell_colours(theme).free


def test_before_a_pool_there_is_nothing_to_point_at(theme: Theme, qtbot: QtBot) -> None:
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    grid.on_frame()
    assert grid.block_at(grid.rect().center()) is None
    assert grid.rect_of(0).isEmpty()
