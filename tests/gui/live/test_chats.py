"""The block map over the time of several chats: colours that stay, what is shown of a pool, what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from helix_app.gui.live.block_map import PAGE, BlockGrid, cell_colours
from helix_app.gui.live.chats import Chats, coloured
from helix_app.gui.live.pool_map import PoolMap
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_SHARED,
    BLOCK_USED,
    NO_OWNER,
    CacheSnapshot,
    PrefillDone,
)
from tests.gui import fake


def cells(blocks: int = 64, **runs: tuple[int, int, int, int]) -> np.ndarray:
    """A pool with some runs of blocks: (first, count, state, owner)."""
    made = np.zeros(blocks, fake.CELL)
    made["owner"] = NO_OWNER
    for first, count, state, owner in runs.values():
        made[first : first + count] = fake.cell(state, 16, 0, 1, owner)
    return made


def told(chats: Chats, made: np.ndarray, *owners: str) -> np.ndarray:
    chats.follow(made, owners)
    return coloured(made, chats.hues())["owner"]


def test_a_chat_keeps_its_colour_while_its_blocks_are_cached() -> None:
    chats = Chats()
    assert (told(chats, cells(a=(0, 6, BLOCK_USED, 0)), "first")[:6] == 0).all()
    hues = told(chats, cells(a=(0, 6, BLOCK_CACHED, NO_OWNER)))
    assert (hues[:6] == 0).all()
    assert (hues[6:] == NO_OWNER).all()
    assert chats.name(3) == "first"
    assert (told(chats, cells()) == NO_OWNER).all()  # evicted: forgotten


def test_the_next_reply_of_a_chat_goes_on_in_its_colour() -> None:
    chats = Chats()
    told(chats, cells(a=(0, 6, BLOCK_USED, 0)), "first")
    told(chats, cells(a=(0, 6, BLOCK_CACHED, NO_OWNER)))
    made = cells(a=(0, 5, BLOCK_USED, 0), tail=(5, 1, BLOCK_CACHED, NO_OWNER), new=(6, 3, BLOCK_USED, 0))
    assert (told(chats, made, "second")[:9] == 0).all()
    assert chats.blocks_of("second", made) == 9


def test_another_chat_with_the_same_beginning_has_a_colour_of_its_own() -> None:
    chats = Chats()
    told(chats, cells(a=(0, 6, BLOCK_USED, 0)), "first")
    told(chats, cells(a=(0, 6, BLOCK_CACHED, NO_OWNER)))
    made = cells(same=(0, 2, BLOCK_USED, 0), rest=(2, 4, BLOCK_CACHED, NO_OWNER), new=(32, 4, BLOCK_USED, 0))
    hues = told(chats, made, "other")
    assert set(hues[2:6].tolist()) == {0}
    assert set(hues[[0, 1, *range(32, 36)]].tolist()) == {1}
    assert chats.blocks_of("other", made) == 6


def test_two_sequences_at_once_and_a_colour_that_is_free_again() -> None:
    chats = Chats()
    both = cells(a=(0, 3, BLOCK_USED, 0), b=(32, 3, BLOCK_SHARED, 1))
    hues = told(chats, both, "a", "b")
    assert (hues[0], hues[32]) == (0, 1)
    told(chats, cells(b=(32, 3, BLOCK_USED, 0)), "b")
    hues = told(chats, cells(c=(0, 3, BLOCK_USED, 0), b=(32, 3, BLOCK_USED, 1)), "c", "b")
    assert (hues[0], hues[32]) == (0, 1)


def test_owners_of_blocks_that_a_snapshot_does_not_name_stay() -> None:
    """Numbers of owners are of the snapshot that told them."""
    chats = Chats()
    made = cells(a=(0, 3, BLOCK_USED, 0), b=(32, 3, BLOCK_USED, 1))
    chats.follow(made, ("a", "b"))
    made[0:3] = fake.cell(BLOCK_FREE)
    chats.follow(made, ("b",), np.arange(3))
    assert [chats.name(block) for block in (0, 32)] == ["", "b"]


# --------------------------------------------------------------------------- the picture


@pytest.fixture
def pool(qtbot, theme: Theme) -> PoolMap:
    made = PoolMap(theme, "KV cache blocks")
    qtbot.addWidget(made)
    made.resize(320, 240)
    made.show()
    return made


def shot(made: np.ndarray, *owners: str) -> CacheSnapshot:
    snapshot = fake.snapshot(made, owners=0)
    return CacheSnapshot(**{**snapshot.__dict__, "owners": owners})


def drawn(grid: BlockGrid, block: int) -> int:
    """The colour in the lower left of a block."""
    place, scale = grid.rect_of(block), grid.devicePixelRatioF()
    return int(grid.pixels()[int((place.bottom() - 2) * scale), int((place.left() + 2) * scale)])


def test_cached_blocks_are_drawn_in_the_muted_colour_of_their_chat(pool: PoolMap, theme: Theme) -> None:
    colours = cell_colours(theme)
    pool.apply(shot(cells(a=(0, 6, BLOCK_USED, 0)), "r"))
    pool.grid.on_frame()
    assert drawn(pool.grid, 2) == colours.hues[0]
    pool.apply(shot(cells(a=(0, 6, BLOCK_CACHED, NO_OWNER))))
    pool.grid.on_frame()
    assert drawn(pool.grid, 2) == colours.muted[0]
    assert len({int(colour) for colour in (*colours.muted, *colours.hues, colours.free, colours.cached)}) == 18


def test_a_large_pool_shows_what_is_in_use_and_says_the_rest(pool: PoolMap) -> None:
    pool.apply(shot(cells(512, a=(0, 7, BLOCK_USED, 0)), "r"))
    pool.grid.on_frame()
    assert pool.grid.pitch >= 24  # cells that can be told apart
    assert pool.grid.hidden_blocks == 512 - PAGE
    assert pool.whole.text() == "+ 480 free"
    assert pool.grid.rect_of(500).isEmpty()
    assert pool.grid.block_at(pool.grid.rect_of(31).center().toPoint()) == 31
    pool.apply(shot(cells(512, a=(0, 7, BLOCK_USED, 0), b=(320, 2, BLOCK_USED, 1)), "r", "s"))
    pool.grid.on_frame()
    assert pool.grid.block_at(pool.grid.rect_of(321).center().toPoint()) == 321
    pool.whole.click()
    assert pool.grid.hidden_blocks == 0
    assert pool.grid.block_at(pool.grid.rect_of(500).center().toPoint()) == 500
    assert pool.whole.text() == "In use only"


def test_a_change_among_shown_blocks_is_drawn_where_it_is(pool: PoolMap, theme: Theme) -> None:
    pool.apply(shot(cells(512, a=(64, 3, BLOCK_USED, 0)), "r"))
    pool.grid.on_frame()
    images = pool.grid.images
    pool.apply(CacheSnapshot(**{**fake.delta([68], cells(1, a=(0, 1, BLOCK_USED, 0)), 512).__dict__, "owners": ("r",)}))
    pool.grid.on_frame()
    assert pool.grid.images == images
    assert drawn(pool.grid, 68) == cell_colours(theme).hues[0]


def test_a_full_or_a_small_pool_is_shown_whole(pool: PoolMap) -> None:
    for made in (cells(512, a=(0, 400, BLOCK_USED, 0)), cells(PAGE, a=(0, 3, BLOCK_USED, 0))):
        pool.apply(shot(made, "r"))
        pool.grid.on_frame()
        assert pool.grid.hidden_blocks == 0
        assert pool.whole.isHidden()


# --------------------------------------------------------------------------- in words


def test_the_chats_share_and_what_was_reused(window: MainWindow) -> None:
    target = window.live.blocks.maps["target"]
    assert target.note.text() == "16 tokens each"
    assert target.reuse.isHidden()
    window.on_event(PrefillDone("r1", 430, 412, 0.1))
    window.on_event(shot(cells(512, a=(0, 7, BLOCK_USED, 0)), "r1"))
    assert target.note.text() == "16 tokens each; this chat: 7 blocks"
    assert target.reuse.text() == "412 of 430 tokens did not have to be read again"
    window.on_event(shot(cells(512, a=(0, 6, BLOCK_CACHED, NO_OWNER))))
    assert target.note.text() == "16 tokens each; this chat: 6 blocks"
    window.on_event(PrefillDone("r2", 40, 0, 0.1))
    assert target.reuse.text() == "The prompt was read as a whole: 40 tokens"
    window.actions_.new_chat.trigger()
    QApplication.processEvents()
    assert target.note.text() == "16 tokens each"
    assert target.reuse.isHidden()
