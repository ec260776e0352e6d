"""The menu bar: every action of the window, with its shortcut, offered only when it can be done."""

from __future__ import annotations

from dataclasses import fields

import pytest
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMainWindow, QMenu
from pytestqt.qtbot import QtBot

from helix_app.gui.kit.language import LANGUAGES
from helix_app.gui.window import menus
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.loading import Unloaded
from tests.gui.driver import Driver


def listed(menu: QMenu) -> list[QAction]:
    """The actions of a menu and of those in it."""
    found: list[QAction] = []
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            found += listed(inner)
        elif not action.isSeparator():
            found.append(action)
    return found


def menus_of(window: QMainWindow) -> list[QMenu]:
    return [menu for action in window.menuBar().actions() if isinstance(menu := action.menu(), QMenu)]


def test_shortcuts(window: MainWindow) -> None:
    shortcuts = {action.shortcut().toString() for action in window.findChildren(QAction)}
    assert {"Ctrl+N", "Ctrl+L", "Ctrl+O", "Ctrl+,", "Esc", "F1"} <= shortcuts
    all_shortcuts = [a.shortcut().toString() for a in window.findChildren(QAction) if not a.shortcut().isEmpty()]
    assert len(all_shortcuts) == len(set(all_shortcuts))


def test_theme_menu(window: MainWindow) -> None:
    window.actions_.theme_dark.trigger()
    assert window.theme.palette.name == "dark"
    assert window.settings.theme == "dark"
    window.actions_.theme_light.trigger()
    assert window.theme.palette.name == "light"


def test_an_empty_chat_offers_only_what_can_be_done(window: MainWindow) -> None:
    a, chat = window.actions_, Driver(window)
    of_replies = (a.stop, a.again, a.copy_reply, a.latest, a.inspect, a.save_run)
    assert [action.isEnabled() for action in of_replies] == [False] * 6
    chat.ask("x")
    assert [action.isEnabled() for action in of_replies[:4]] == [True, False, True, True]
    chat.finish("y")
    assert [action.isEnabled() for action in of_replies[:4]] == [False, True, True, True]
    a.new_chat.trigger()
    assert [action.isEnabled() for action in of_replies[:4]] == [False] * 4


def test_every_action_is_in_a_menu_once(qtbot: QtBot) -> None:
    window = QMainWindow()
    qtbot.addWidget(window)
    made = menus.build(window)
    actions = [getattr(made, field.name) for field in fields(made) if field.name not in ("view", "after_pages")]
    found = [action for menu in menus_of(window) for action in listed(menu)]
    assert len(actions) == len(found) == len(set(found))
    assert set(actions) == set(found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_line_of_a_menu_has_a_letter_of_its_own(qtbot: QtBot, speaking, language: str) -> None:
    speaking(language)
    window = QMainWindow()
    qtbot.addWidget(window)
    menus.build(window)
    for menu in menus_of(window):
        texts = [action.text() for action in menu.actions() if not action.isSeparator()]
        letters = [text[text.index("&") + 1].lower() for text in texts if "&" in text]
        assert len(letters) == len(texts), texts
        assert len(set(letters)) == len(letters), texts


def test_one_theme_is_checked(window: MainWindow) -> None:
    a = window.actions_
    for value, checked in (("dark", a.theme_dark), ("system", a.theme_system), ("light", a.theme_light)):
        window.state.change(theme=value)
        assert [theme for theme in (a.theme_system, a.theme_light, a.theme_dark) if theme.isChecked()] == [checked]


def test_a_model_can_be_unloaded_while_there_is_one_and_nothing_is_measured(window: MainWindow) -> None:
    unload = window.actions_.unload
    assert unload.isEnabled()
    window.state.begin("benchmark")
    assert not unload.isEnabled()
    window.state.end("benchmark")
    assert unload.isEnabled()
    window.on_event(Unloaded())
    assert not unload.isEnabled()


def test_what_belongs_to_the_chat_turns_to_it(window: MainWindow, chat: Driver) -> None:
    chat.ask("x")
    chat.finish("y")
    for action in (window.actions_.focus, window.actions_.latest, window.actions_.new_chat):
        window.pages.show_page("compare")
        action.trigger()
        assert window.chat.isVisible(), action.text()
