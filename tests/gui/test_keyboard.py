"""The whole flow by keyboard only: no mouse, and no method of the window is called."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.commands import CommandPalette
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import ChangeChat
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.settling import settle

NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


class Keyboard:
    """Presses keys where the cursor is."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        window.activateWindow()
        settle()

    @property
    def at(self) -> QWidget:
        """What has the focus: of a popup, else of the window."""
        popup = QApplication.activePopupWidget()
        if popup is not None:
            return popup.focusWidget() or popup
        return QApplication.focusWidget() or self.window

    def press(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = NONE) -> None:
        """One key."""
        QTest.keyClick(self.at, key, modifiers)
        settle()

    def write(self, text: str) -> None:
        """A text."""
        QTest.keyClicks(self.at, text)

    def back_to(self, name: str) -> None:
        """Shift+Tab until the cursor is in what a screen reader calls so."""
        for _ in range(60):
            if self.at.accessibleName() == name:
                return
            self.press(Qt.Key.Key_Backtab, SHIFT)
        raise AssertionError(f"no way to {name}")


@pytest.fixture
def store(window: MainWindow) -> FakeStore:
    """Two conversations that are kept."""
    old = made_chat("old", question("q", "", "Why?"), answer("a", "q", "Because of rivers."))
    return FakeStore(window, made_chat("other", question("p", "", "What?")), old)


def test_a_conversation_from_its_begin_to_its_end(window: MainWindow, store: FakeStore) -> None:
    keys, engine = Keyboard(window), Driver(window)

    # pick one of the list
    keys.press(Qt.Key.Key_F, CTRL | SHIFT)
    assert keys.at.accessibleName() == "Search conversations"
    keys.press(Qt.Key.Key_Down)
    keys.press(Qt.Key.Key_End)
    keys.press(Qt.Key.Key_Return)
    assert window.book.current.id == "old"

    # write, send, stop
    keys.press(Qt.Key.Key_L, CTRL)
    assert keys.at is window.chat.composer.editor
    keys.write("And then")
    keys.press(Qt.Key.Key_Return, SHIFT)
    keys.write("what?")
    keys.press(Qt.Key.Key_Return)
    assert engine.requests[-1].messages[-1].content == "And then\nwhat?"
    engine.write("It flows")
    assert engine.cancels == 0
    keys.press(Qt.Key.Key_Escape)
    assert engine.cancels == 1
    engine.finish("It flows", "cancelled")

    # write the reply again, and turn to the version before
    keys.press(Qt.Key.Key_R, CTRL)
    assert len(engine.requests) == 2
    engine.finish("It flows on.")
    assert engine.reply.answer() == "It flows on."
    keys.back_to("Version before")
    keys.press(Qt.Key.Key_Space)
    assert engine.reply.answer() == "It flows"

    # edit the question
    keys.press(Qt.Key.Key_L, CTRL)
    keys.back_to("Edit this message")
    keys.press(Qt.Key.Key_Space)
    assert keys.at.accessibleName() == "Edit the message"
    keys.press(Qt.Key.Key_A, CTRL)
    keys.write("Where to?")
    keys.press(Qt.Key.Key_Return)
    assert engine.requests[-1].messages[-1].content == "Where to?"
    engine.finish("To the sea.")

    # rename, delete, bring back
    keys.press(Qt.Key.Key_F, CTRL | SHIFT)
    keys.press(Qt.Key.Key_Down)
    keys.press(Qt.Key.Key_End)
    keys.press(Qt.Key.Key_F2)
    keys.press(Qt.Key.Key_A, CTRL)
    keys.write("Rivers")
    keys.press(Qt.Key.Key_Return)
    assert any(isinstance(asked, ChangeChat) and asked.title == "Rivers" for asked in store.asked)
    keys.press(Qt.Key.Key_L, CTRL)
    keys.press(Qt.Key.Key_Backspace, CTRL | SHIFT)
    assert window.chat.is_empty
    keys.press(Qt.Key.Key_Z, CTRL | SHIFT)
    assert window.book.current.id == "old"


def test_the_palette_the_search_and_the_settings(window: MainWindow, store: FakeStore) -> None:
    keys = Keyboard(window)
    keys.press(Qt.Key.Key_K, CTRL)
    palette = window.findChild(CommandPalette)
    assert palette is not None
    QTest.keyClicks(palette.field, "theme dark")
    QTest.keyClick(palette.field, Qt.Key.Key_Return)
    assert window.settings.theme == "dark"
    window.activateWindow()
    settle()

    keys.press(Qt.Key.Key_F, CTRL | SHIFT)
    keys.write("rivers")
    assert window.chats.sidebar.search.text() == "rivers"
    keys.press(Qt.Key.Key_Escape)

    keys.press(Qt.Key.Key_Comma, CTRL)
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.activateWindow()
    settle()
    keys.press(Qt.Key.Key_Down)
    assert dialog.sections.currentRow() == 1
    keys.press(Qt.Key.Key_Escape)
    settle()
    assert window.findChild(SettingsDialog) is None
    window.activateWindow()
    settle()

    for number, page in enumerate(("chat", "inspect", "compare", "benchmark"), 1):
        keys.press(Qt.Key(Qt.Key.Key_0 + number), CTRL)
        assert window.pages.current.name == page
