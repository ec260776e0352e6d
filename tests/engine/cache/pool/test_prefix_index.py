"""The tree of contents behind the prefix cache."""

from __future__ import annotations

import pytest

from helix_app.engine.cache.pool.prefix_index import Content, PrefixIndex


def grown(*chunks: tuple[int, ...]) -> tuple[PrefixIndex, list[Content]]:
    """Contents one after the other, each held by a block of the only group."""
    index = PrefixIndex(1)
    made: list[Content] = []
    for block, tokens in enumerate(chunks):
        made.append(index.after(made[-1] if made else index.root, tokens))
        made[-1].blocks[0] = block
    return index, made


def test_a_chain_is_followed_as_far_as_every_token_is_the_same() -> None:
    index, made = grown((1, 2), (3, 4), (5, 6))
    assert index.chain([1, 2, 3, 4, 5, 6, 7], 2, 6) == made
    assert index.chain([1, 2, 3, 4, 5, 6, 7], 2, 5) == made[:2], "a whole block or none"
    assert index.chain([1, 2, 9, 4, 5, 6], 2, 6) == made[:1]
    assert index.chain([3, 4], 2, 2) == [], "the same tokens after others are another content"
    assert index.after(made[0], (3, 4)) is made[1]


def test_what_no_block_holds_stays_while_it_leads_to_one() -> None:
    index, made = grown((1, 2), (3, 4), (5, 6))
    for content in made[:2]:
        content.blocks[0] = -1
        index.drop(content)
    assert index.chain([1, 2, 3, 4, 5, 6], 2, 6) == made
    made[2].blocks[0] = -1
    index.drop(made[2])
    assert (len(index), index.root.uses, index.knows(made[1])) == (0, 0, False)
    index.check({})


def test_the_check_sees_damage() -> None:
    index, made = grown((1, 2), (3, 4))
    index.check({})
    with pytest.raises(AssertionError):
        index.check({made[0].number: 1})  # a sequence that nobody counted
    made[1].blocks[0] = -1
    with pytest.raises(AssertionError):
        index.check({})  # a content of no use
