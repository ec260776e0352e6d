"""What is written and not sent: kept while it is written, and there again after a restart."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.attachments import fenced
from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import KeepUnsent, OpenUnsent, UnsentOpened
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver


def test_a_text_that_was_never_sent_is_kept_at_the_end_and_comes_back(
    make_window: Callable[..., MainWindow], window: MainWindow
) -> None:
    store = FakeStore(window)
    window.chat.composer.attach(fenced("notes.md", "a\nb"))
    window.chat.composer.editor.setPlainText("half a thought")
    window.close()
    (kept,) = store.of(KeepUnsent)
    assert isinstance(kept, KeepUnsent)
    second = make_window()
    FakeStore(second)
    second.on_event(UnsentOpened(kept.draft, kept.settings))
    composer = second.chat.composer
    assert composer.editor.toPlainText() == "half a thought"
    assert composer.draft().pasted == ("```notes.md\na\nb\n```",)
    assert composer.text() == kept.draft


def test_the_window_asks_for_it_once(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    store = FakeStore(window)
    window.start()
    assert store.of(OpenUnsent) == [OpenUnsent()]


def test_it_is_kept_while_it_is_written(window: MainWindow, qtbot: QtBot) -> None:
    store = FakeStore(window)
    window.drafts._rest.setInterval(20)
    qtbot.keyClicks(window.chat.composer.editor, "half")
    qtbot.waitUntil(lambda: store.of(KeepUnsent) == [KeepUnsent("half")])
    window.drafts.keep()
    assert len(store.of(KeepUnsent)) == 1  # it is known


def test_a_conversation_that_begins_needs_it_no_more(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window)
    window.chat.composer.editor.setPlainText("half")
    window.drafts.keep()
    chat.ask("half a thought")
    assert store.of(KeepUnsent) == [KeepUnsent("half"), KeepUnsent("")]


def test_what_is_its_own_comes_back_too(window: MainWindow) -> None:
    own = to_text(Prompting({"max_tokens": 9}))
    store = FakeStore(window)
    window.book.set_prompting(own)
    window.drafts.keep()
    assert store.of(KeepUnsent) == [KeepUnsent("", own)]
    window.chat.new_chat()
    window.book.set_prompting("")
    window.book._fresh.chosen = False
    window.on_event(UnsentOpened("x", own))
    assert window.book.current.prompting.values == {"max_tokens": 9}
    assert "It has its own." in window.chat.composer.options.toolTip()


def test_what_was_typed_before_it_came_stands_behind_it(window: MainWindow) -> None:
    window.chat.composer.editor.setPlainText("since")
    window.chat.composer.attach("pasted")
    window.on_event(UnsentOpened("before"))
    assert window.chat.composer.draft().typed == "before\n\nsince"
    assert window.chat.composer.draft().pasted == ("pasted",)


def test_while_another_conversation_is_shown_it_waits_for_the_new_one(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?"), answer("a", "q", "Because.")))
    window.book.open("c")
    window.on_event(UnsentOpened("half a thought"))
    assert window.chat.composer.text() == ""
    window.chat.new_chat()
    assert window.chat.composer.text() == "half a thought"


def test_up_in_an_empty_field_brings_back_the_message_before(window: MainWindow, chat: Driver) -> None:
    editor = window.chat.composer.editor
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert editor.toPlainText() == ""  # there is none
    chat.ask("First?")
    chat.finish("One.")
    window.chat.composer.attach(fenced("notes.md", "a"))
    chat.ask("Second?")
    chat.finish("Two.")
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert window.chat.composer.text() == "```notes.md\na\n```\n\nSecond?"
    assert editor.textCursor().atEnd()
    editor.setPlainText("Third?")
    QTest.keyClick(editor, Qt.Key.Key_Up)
    assert editor.toPlainText() == "Third?"
    editor.clear()
    QTest.keyClick(editor, Qt.Key.Key_Up)  # the file still stands there
    assert window.chat.composer.text() == "```notes.md\na\n```"
