"""The conversation under a person's hands: scrolling, selection over messages, links, keys."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt, QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.message.bubble import UserBubble, text_width
from helix_app.gui.chat.view import LINE_CHARACTERS, MARGIN, ConversationView, column_width
from helix_app.gui.look.theme import Theme
from tests.gui.driver import Driver

pytestmark = pytest.mark.styled


@pytest.fixture
def view(theme: Theme, qtbot: QtBot) -> ConversationView:
    """A conversation by itself, of three short messages."""
    made = ConversationView(theme)
    qtbot.addWidget(made)
    made.resize(600, 300)
    made.show()
    for text in ("one", "two", "three"):
        made.add(UserBubble(theme, text))
    return made


def test_follows_the_text_only_from_the_bottom(chat: Driver, qtbot) -> None:
    view = chat.window.chat.view
    chat.ask("x")
    for number in range(60):
        chat.write(f"Paragraph {number}.\n\n")
    bar = view.verticalScrollBar()
    assert bar.maximum() > 0
    assert bar.value() == bar.maximum()
    bar.setValue(0)
    chat.write("More.\n\n" * 10)
    assert bar.value() == 0
    assert view.jump.isVisible()
    view.jump.click()
    assert bar.value() == bar.maximum()
    assert not view.jump.isVisible()
    chat.write("Even more.\n\n" * 10)
    assert bar.value() == bar.maximum()


def test_selection_runs_over_blocks_and_is_copied(chat: Driver) -> None:
    chat.ask("question")
    chat.write("First *paragraph*.\n\n- item one\n\n```\ncode\n```\n")
    content = chat.window.chat.view.content
    content.select_all()
    content.copy()
    assert QGuiApplication.clipboard().text() == "question\n\nFirst paragraph.\n\n• item one\n\ncode"
    content.clear_selection()
    assert content.selected_text() == ""
    first = chat.reply.text_blocks()[0]
    start = first.mapTo(content, QPoint(0, 4))
    QTest.mousePress(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseMove(content, start + QPoint(20, 0))
    QTest.mouseRelease(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start)
    QTest.mouseDClick(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, start + QPoint(4, 4))
    assert content.selected_text() == "First"


def test_links_open_in_the_browser_only_on_a_click(chat: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(QUrl(url).toString()))
    chat.ask("x")
    chat.write("[link](https://example.org/page)")
    assert opened == []
    block = chat.reply.text_blocks()[0]
    content = chat.window.chat.view.content
    QTest.mouseClick(
        content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, block.mapTo(content, QPoint(6, 8))
    )
    assert opened == ["https://example.org/page"]


def test_keys_typed_on_the_conversation_reach_the_composer(chat: Driver) -> None:
    chat.ask("x")
    content = chat.window.chat.view.content
    QTest.keyClicks(content, "h")
    assert chat.window.chat.composer.editor.toPlainText() == "h"


def test_a_line_stays_readable(theme: Theme) -> None:
    line = text_width(theme, LINE_CHARACTERS)
    assert column_width(theme, line + 500) == line
    assert column_width(theme, line) == line - 2 * MARGIN
    assert column_width(theme, 60) == 200


def test_a_message_that_goes_takes_its_selection_along(view: ConversationView) -> None:
    view.content.select_all()
    assert view.content.selected_text() == "one\n\ntwo\n\nthree"
    second = view.messages()[1]
    assert isinstance(second, UserBubble)
    view.remove(second)
    assert view.content.selected_text() == "one\n\nthree"
    view.clear()
    assert view.messages() == []
    assert view.content.selected_text() == ""


def test_the_clipboard_is_left_alone_where_nothing_is_selected(view: ConversationView) -> None:
    QGuiApplication.clipboard().setText("kept")
    view.content.clear_selection()
    view.content.copy()
    assert QGuiApplication.clipboard().text() == "kept"


def test_shift_and_a_click_select_up_to_there(view: ConversationView) -> None:
    content = view.content
    first, _, third = (block.mapTo(content, QPoint(0, 0)) for block in content.text_blocks())
    end = third + QPoint(content.text_blocks()[2].width() - 1, 8)
    QTest.mouseClick(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, first + QPoint(0, 8))
    QTest.mousePress(content, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ShiftModifier, end)
    assert content.selected_text() == "one\n\ntwo\n\nthree"


def test_a_page_up_leaves_the_end_and_a_page_down_returns_to_it(theme: Theme, view: ConversationView) -> None:
    view.add(UserBubble(theme, "line\n" * 60))
    bar = view.verticalScrollBar()
    assert bar.value() == bar.maximum() > view.height()
    view.page(-1)
    assert bar.value() == bar.maximum() - (bar.pageStep() - 48)
    assert not view.following
    assert view.jump.isVisible()
    view.page(1)
    assert view.following
    assert not view.jump.isVisible()
