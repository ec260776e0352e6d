"""The text of an arm as the chat shows it."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from helix_app.gui.compare.formatted import LONG, FormattedPane
from helix_app.gui.look.theme import Theme
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar
from tests.comparing import plain_reply
from tests.gui.compare.instruments.person import CompareDriver


@pytest.fixture
def pane(theme: Theme, qtbot: QtBot) -> FormattedPane:
    """A pane by itself."""
    made = FormattedPane(theme, "Reply of A, formatted")
    qtbot.addWidget(made)
    made.resize(300, 120)
    made.show()
    return made


def words(pane: FormattedPane) -> list[str]:
    return [block.text() for block in pane.blocks().text_blocks()]


def test_replies_are_shown_as_the_chat_shows_them(driver: CompareDriver) -> None:
    words = ["A ", "**bold** ", "word.\n\n", "- one\n", "- two\n"]
    driver.run()
    driver.arm(0, plain_reply(words))
    driver.arm(1, plain_reply(words))
    driver.done()
    first = driver.page.panes[0]
    assert first.formatted.isVisible()
    shown = "\n".join(block.text() for block in first.formatted.blocks().text_blocks())
    assert "A bold word." in shown
    assert "**" not in shown
    driver.page.clock.seek(driver.page.records[0].seconds[1])
    assert first.formatted.shown_text() == "A **bold** "
    driver.page.clock.seek(driver.page.clock.duration)
    assert first.formatted.shown_text() == "".join(words)
    driver.page.look.pick("plain")
    assert first.text.isVisible()
    assert first.text.shown_text() == "".join(words)


def test_what_is_laid_out_already_stays(pane: FormattedPane) -> None:
    pane.show_text("# Title\n\nSome **bold** ")
    title = pane.blocks().widgets()[0]
    pane.show_text("# Title\n\nSome **bold** words")
    assert words(pane) == ["Title", "Some bold words"]
    assert pane.blocks().widgets()[0] is title


def test_a_shorter_or_another_text_is_laid_out_from_its_beginning(pane: FormattedPane) -> None:
    pane.show_text("One **two** three")
    pane.show_text("One **tw")
    assert words(pane) == ["One **tw"]
    pane.show_text("Other words, and more of them")
    assert words(pane) == ["Other words, and more of them"]


def test_nothing_is_laid_out_while_it_is_hidden(pane: FormattedPane) -> None:
    pane.hide()
    pane.show_text("Some text")
    assert pane.shown_text() == ""
    pane.show()
    assert pane.shown_text() == "Some text"


def test_a_long_text_goes_back_when_the_hand_rests(pane: FormattedPane) -> None:
    text = "word " * (LONG // 2)
    pane.show_text(text)
    pane.show_text(text[: LONG + 500])
    pane.show_text(text[: LONG + 5])
    assert pane.shown_text() == text
    pane.refresh()  # what the timer does then
    assert pane.shown_text() == text[: LONG + 5]
    pane.show_text(text[:10])  # short enough to be shown at once
    assert pane.shown_text() == text[:10]


def test_the_end_is_in_sight_until_a_person_scrolls(pane: FormattedPane) -> None:
    text, bar = "A line.\n\n" * 40, pane.verticalScrollBar()
    pane.show_text(text)
    QApplication.processEvents()
    assert bar.value() == bar.maximum() > 0
    bar.setValue(3)
    pane.show_text(text + "One more.")
    assert bar.value() == 3
    pane.follow()
    assert bar.value() == bar.maximum()


def test_nothing_in_a_reply_of_a_given_form_is_markdown(driver: CompareDriver) -> None:
    shown = driver.page.panes[0].formatted
    for form, text in ((Grammar("json_object"), '{"a": "__b__"}'), (None, '{"a": "b"}')):
        driver.page.race(GenerateRequest("r", (ChatMessage("user", "x"),), grammar=form))
        driver.arm(0, plain_reply(['{"a": ', '"__b__"}']))
        assert words(shown) == [text]
        driver.arm(1, plain_reply(['{"a": ', '"__b__"}']))
        driver.done()
        driver.page.clock.seek(driver.page.records[0].seconds[0])
        driver.page.clock.seek(driver.page.clock.duration)
        assert words(shown) == [text]
