"""Which chat wrote which block: colours that stay while its blocks are cached, and are free again after."""

from __future__ import annotations

import numpy as np

from helix_app.gui.live.chats import Chats, coloured
from helix_app.protocol.events import (
    BLOCK_CACHED,
    BLOCK_FREE,
    BLOCK_SHARED,
    BLOCK_USED,
    NO_OWNER,
)
from tests.gui import fake
from tests.gui.fake import cells


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
