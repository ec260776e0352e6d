"""What stands under a reply: a sentence, its figures on demand, and what can be done with it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.message.footer import Footer
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.settling import settle


@pytest.fixture
def footer(theme: Theme, qtbot: QtBot) -> Footer:
    """A footer by itself."""
    made = Footer(theme)
    qtbot.addWidget(made)
    made.show()
    return made


def test_figures_under_the_reply(chat: Driver) -> None:
    chat.ask("x")
    chat.write("done")
    chat.finish("done")
    assert chat.reply.stats_text() == (
        "61 tok/s · TTFT 0.21 s · 212 tokens · 73 % accepted · k 1–7 · 2.9 tokens per pass · finished"
    )
    chat.ask("y")
    chat.finish(
        "a",
        "cancelled",
        tokens_generated=1,
        decode_tokens_per_second=None,
        tokens_per_second=None,
        time_to_first_token=None,
        drafted_tokens=0,
        mean_accepted_length=None,
    )
    assert chat.reply.stats_text() == "– tok/s · TTFT – · 1 token · – tokens per pass · stopped"


def test_figures_come_on_demand(window: MainWindow, chat: Driver) -> None:
    window.on_event(fake.ready(exact_rows=True))
    chat.ask("Hello")
    chat.write("Hi.")
    chat.finish("Hi.")
    footer = chat.reply._footer
    assert footer is not None
    assert chat.reply.verdict_text() == "About 1.6x faster than plain"
    assert footer.speed.text() == "61\u00a0tok/s"  # what everyone looks for needs no click
    assert footer.speed.isVisible()
    assert not footer.stats.isVisible()
    low = chat.reply.content_height()
    footer.details.click()
    assert footer.stats.isVisible()
    assert not footer.speed.isVisible()  # it is among them
    assert chat.reply.content_height() > low
    footer.details.click()
    assert chat.reply.content_height() == low


def test_figures_without_a_sentence_are_shown_at_once(footer: Footer) -> None:
    footer.show_figures([("61 tok/s", "Decode speed")])
    assert footer.stats.isVisible()
    assert not footer.verdict.isVisible()
    assert not footer.details.isVisible()
    footer.show_verdict("2.0x faster than plain")
    assert footer.verdict.isVisible()
    assert footer.details.isVisible()
    assert not footer.stats.isVisible()


def test_there_are_no_details_of_nothing(footer: Footer) -> None:
    footer.show_verdict("Too short to compare with plain")
    assert not footer.details.isVisible()


def test_showing_and_hiding_them_needs_another_height(footer: Footer) -> None:
    footer.show_verdict("2.0x faster than plain")
    footer.show_figures([("61 tok/s", "Decode speed")])
    changed = record(footer.height_changed)
    footer.details.click()
    assert footer.stats.isVisible()
    footer.details.click()
    assert not footer.stats.isVisible()
    assert len(changed) == 2


def test_a_figure_is_not_broken_and_says_what_it_means(footer: Footer) -> None:
    footer.show_figures([("61 tok/s", "Decode speed"), ("k 1–7", "Tokens drafted a round")])
    assert footer.stats.text() == "61\u00a0tok/s · k\u00a01–7"
    assert footer.stats.toolTip() == "61 tok/s: Decode speed\nk 1–7: Tokens drafted a round"
    assert footer.verdict.toolTip() == footer.stats.toolTip()


def test_every_action_has_a_name(footer: Footer) -> None:
    buttons = (footer.copy, footer.again, footer.edit, footer.more, footer.go_on, footer.race, footer.details)
    assert all(button.accessibleName() for button in buttons)
    assert all(action.text() for action in footer.menu.actions() if not action.isSeparator())
    assert footer.race.isHidden()  # until there is a reply to race
    assert footer.go_on.isHidden()  # until there is one that ended too early


def test_the_menu_offers_what_a_run_has(footer: Footer) -> None:
    def offered() -> list[str]:
        return [a.text() for a in footer.menu.actions() if a.isVisible() and not a.isSeparator()]

    footer.set_recorded(True)
    assert offered() == [
        "Show where its tokens came from",
        "Inspect this reply",
        "Save run…",
        "Branch from here",
        "Delete this reply",
    ]
    footer.set_recorded(True, tokens=False)  # its run has not all of it
    assert offered()[0] == "Inspect this reply"
    footer.set_recorded(False)
    assert offered() == ["Branch from here", "Delete this reply"]


def test_links_give_up_their_words_where_there_is_no_room(footer: Footer) -> None:
    footer.go_on.show()
    footer.race.show()
    parts = (footer.versions, footer.copy, footer.again, footer.edit, footer.more, footer.go_on, footer.race)
    for width, words in ((700, ("Continue", "Race it against plain")), (330, ("Continue", "")), (240, ("", ""))):
        footer.resize(width, footer.height())
        settle()
        assert (footer.go_on.text(), footer.race.text()) == words, width
        shown = [part.geometry() for part in parts if part.isVisible()]
        assert all(one.right() < other.left() for one, other in pairwise(shown))
        assert shown[-1].right() < width
    footer.resize(700, footer.height())
    settle()
    assert footer.race.text() == "Race it against plain"
    assert footer.race.accessibleName() == "Race it against plain"
