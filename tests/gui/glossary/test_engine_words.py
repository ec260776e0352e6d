"""The words of speculative decoding and of the cache say what the program does."""

from __future__ import annotations

from typing import get_args

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.settings import declared
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.gui.glossary import engine_words, terms
from helix_app.gui.glossary.term import Term
from helix_app.gui.kit.controls.buttons import Choice
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.gui.window.bars.toolbar import Toolbar
from helix_app.protocol.events import Provenance
from helix_app.protocol.requests import Verify


def test_both_groups_are_in_the_glossary() -> None:
    every: tuple[Term, ...] = (*engine_words.speculation(), *engine_words.cache())
    assert {term.key for term in every} >= {"draft", "plain", "kv_cache", "context"}
    assert all(terms.find(term.key) == term for term in every)
    assert not any(term.page for term in every)


@pytest.mark.parametrize("origin", get_args(Provenance))
def test_every_origin_of_a_token_is_explained(origin: str) -> None:
    assert f"{origin.capitalize()}: " in terms.term("origins").text
    assert origin in terms.tip("origins")


def test_every_policy_of_the_settings_is_explained() -> None:
    names = [name for _, name, _ in declared()["k"].options]
    assert names == ["Auto", "Additive", "Fixed"]
    assert all(name in terms.term("k").text for name in names)


def test_every_verification_is_explained() -> None:
    ways = [way.capitalize() for way in get_args(Verify) if way != "auto"]
    assert len(ways) == 2
    assert all(way in terms.term("verify").text for way in ways)


def test_every_draft_of_the_toolbar_is_explained(theme: Theme, state: State, qtbot: QtBot) -> None:
    bar = Toolbar(theme, state)
    qtbot.addWidget(bar)
    drafts: list[Choice] = [c for c in bar.draft.choices() if c.label and not c.value.startswith("\0")]
    assert len(drafts) == 6
    for choice in drafts:
        assert choice.label.partition(",")[0] in terms.term("draft").text


def test_a_block_has_room_for_as_many_tokens_as_it_says() -> None:
    size = BlockPool(1).block_size
    assert f"room for {size} tokens" in terms.tip("block")
    assert f"blocks of {size} tokens" in terms.term("kv_cache").text
