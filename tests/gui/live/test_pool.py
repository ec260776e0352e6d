"""The picture of a pool's state: cells, pages and how they fit."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.gui.live.block_map import cell_colours
from helix_app.gui.live.pool import HUES, draw_cells, grid_for, pages_in_use, state_word
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_FREE, BLOCK_SHARED, BLOCK_USED
from tests.gui import fake


def test_cells_show_state_by_shape_and_not_by_colour_alone(theme: Theme) -> None:
    colours = cell_colours(theme)
    cells = np.array(
        [
            fake.cell(0),
            fake.cell(BLOCK_USED, 8, 0, 1, 0),
            fake.cell(BLOCK_USED, 12, 4, 1, 0),
            fake.cell(BLOCK_SHARED, 16, 0, 2, 0),
            fake.cell(BLOCK_CACHED, 16),
            fake.cell(BLOCK_USED, 16, 0, 1, 8),
        ],
        fake.CELL,
    )
    free, half, draft, shared, cached, ninth = draw_cells(cells, 16, 16, 1, colours)
    hue = colours.hues[0]
    assert (free == colours.free).all()
    assert (half[8:] == hue).all()
    assert not (half[:8] == hue).any()  # height of fill
    assert (draft[4:8] == colours.speculative).all()
    assert (draft[8:] == hue).all()
    assert (shared[0] == colours.shared).all()
    assert (shared[1:-1, 1:-1] == hue).all()  # an outline
    assert (cached == colours.cached_dot).any()  # a dot
    assert (ninth == hue).any()
    assert (ninth == colours.shared).any()  # hatching


@pytest.mark.parametrize(("fill", "rows"), [(0, 0), (1, 1), (8, 8), (15, 15), (16, 16), (99, 16)])
def test_a_block_is_filled_from_below(theme: Theme, fill: int, rows: int) -> None:
    colours = cell_colours(theme)
    (drawn,) = draw_cells(np.array([fake.cell(BLOCK_USED, fill, 0, 1, 0)], fake.CELL), 16, 16, 1, colours)
    assert (drawn[:, 8] == colours.hues[0]).sum() == rows
    assert (drawn[16 - rows :, 8] == colours.hues[0]).all()


def test_even_one_draft_slot_can_be_seen_in_a_small_cell(theme: Theme) -> None:
    colours = cell_colours(theme)
    (drawn,) = draw_cells(np.array([fake.cell(BLOCK_USED, 16, 1, 1, 0)], fake.CELL), 16, 5, 1, colours)
    assert (drawn[:2] == colours.speculative).all()
    assert not (drawn[2:] == colours.speculative).any()


def test_sequences_beyond_the_hues_are_striped(theme: Theme) -> None:
    cells = np.array([fake.cell(BLOCK_USED, 16, 0, 1, owner) for owner in (1, 1 + HUES)], fake.CELL)
    first, second = draw_cells(cells, 16, 16, 1, cell_colours(theme))
    assert len(np.unique(first)) == 1
    assert set(np.unique(first)) < set(np.unique(second))


@pytest.mark.parametrize(
    ("held", "blocks"),
    [
        ((), [0, 1, 2, 3]),  # nothing is in use: the first page
        ((5,), [4, 5, 6, 7]),
        ((0, 9), [0, 1, 2, 3, 8, 9]),  # the last page is not whole
    ],
)
def test_pages_in_use(held: tuple[int, ...], blocks: list[int]) -> None:
    cells = np.zeros(10, fake.CELL)
    for block in held:
        cells[block] = fake.cell(BLOCK_CACHED, 16)
    assert pages_in_use(cells, 4).tolist() == blocks


@pytest.mark.parametrize("blocks", [1, 7, 512, 5000])
def test_cells_are_as_large_as_the_room_allows(blocks: int) -> None:
    pitch, columns = grid_for(blocks, 300, 140, 6, 40)
    rows = -(-blocks // columns)
    assert columns * pitch <= 300
    assert rows * pitch <= 140 or pitch == 6  # under that nothing can be read: it scrolls
    wider = max(1, 300 // (pitch + 1))
    assert pitch == 40 or -(-blocks // wider) * (pitch + 1) > 140


def test_every_state_has_its_word() -> None:
    states = (BLOCK_FREE, BLOCK_USED, BLOCK_SHARED, BLOCK_CACHED)
    assert [state_word(state) for state in states] == ["free", "used", "shared", "cached"]
