"""A pool with its title and totals: what is shown of it, in whose colours, and what it means for the chat."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helix_app.gui.live.block_map import PAGE, BlockGrid, cell_colours
from helix_app.gui.live.pool_map import PoolMap
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_USED, NO_OWNER, CacheSnapshot, PrefillDone
from tests.gui import fake
from tests.gui.fake import cells


@pytest.fixture
def pool(qtbot: QtBot, theme: Theme) -> PoolMap:
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


def test_totals_between_replies_say_what_is_kept(pool: PoolMap) -> None:
    pool.apply(shot(cells(512, a=(0, 7, BLOCK_USED, 0), b=(7, 2, BLOCK_CACHED, NO_OWNER)), "r"))
    assert pool.totals.whole() == "7 / 512 blocks, 2 cached"
    pool.apply(shot(cells(512, b=(0, 9, BLOCK_CACHED, NO_OWNER))))
    assert pool.totals.whole() == "9 / 512 blocks cached"


def test_states_of_recurrent_layers_are_told_where_there_are_some(pool: PoolMap) -> None:
    pool.apply(shot(cells(512, a=(0, 7, BLOCK_USED, 0)), "r"))
    assert pool.note.text() == "16 tokens each"
    pool.apply(replace(shot(cells(512, a=(0, 7, BLOCK_USED, 0)), "r"), states=8, used_states=1, kept_states=2))
    assert pool.note.text() == "16 tokens each; 1 state in use, 2 kept"


def test_another_pool_begins_without_a_word_of_the_last(pool: PoolMap) -> None:
    pool.on_prefill(PrefillDone("r", 1, 1, 0.1))
    pool.apply(shot(cells(512, a=(0, 1, BLOCK_USED, 0)), "r"))
    assert pool.reuse.text() == "1 of 1 token did not have to be read again"
    assert pool.note.text().endswith("this chat: 1 block")
    pool.clear()
    assert pool.reuse.isHidden()
    assert pool.note.text() == "16 tokens each"
