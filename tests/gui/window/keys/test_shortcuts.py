"""Keys of commands: the default ones, those a person chose, and what tells of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QPushButton, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.window.commands import CommandPalette
from helix_app.gui.window.keys.shortcuts import Shortcuts, plain, refusal, words
from helix_app.gui.window.main_window import MainWindow
from tests.gui.settling import settle


@pytest.fixture
def made(qtbot: QtBot) -> Iterator[Shortcuts]:
    """Three commands: two with keys, one without."""
    owner = QWidget()
    qtbot.addWidget(owner)
    shortcuts = Shortcuts(owner)
    for name, keys in (("new", ["Ctrl+N"]), ("larger", ["Ctrl++", "Ctrl+="]), ("unload", [])):
        action = QAction(f"&{name.title()}…", owner)
        action.setShortcuts([QKeySequence(key) for key in keys])
        shortcuts.add(name, "File", action)
    yield shortcuts
    owner.close()


def keys(shortcuts: Shortcuts, name: str) -> list[str]:
    return [key.toString() for key in shortcuts.keys(name)]


@pytest.mark.parametrize(
    ("text", "shown"), [("&New chat", "New chat"), ("Open…", "Open"), ("Fish && chips", "Fish & chips")]
)
def test_texts_of_actions(text: str, shown: str) -> None:
    assert plain(text) == shown


def test_default_keys_are_those_of_the_action(made: Shortcuts) -> None:
    assert [command.name for command in made.commands()] == ["New", "Larger", "Unload"]
    assert keys(made, "larger") == ["Ctrl++", "Ctrl+="]
    assert words(made.keys("larger")) == "Ctrl++ or Ctrl+="
    assert made.kept() == {}


def test_a_person_gives_a_command_keys_and_takes_them_away(made: Shortcuts, qtbot: QtBot) -> None:
    with qtbot.waitSignal(made.edited) as told:
        made.set("unload", QKeySequence("Ctrl+Alt+U"))
    assert told.args == [{"unload": "Ctrl+Alt+U"}]
    made.set("new", None)
    assert made.kept() == {"unload": "Ctrl+Alt+U", "new": ""}
    made.reset("new")
    assert keys(made, "new") == ["Ctrl+N"]
    made.reset_all()
    assert made.kept() == {}


def test_keys_belong_to_one_command(made: Shortcuts) -> None:
    owner = made.owner(QKeySequence("Ctrl+="))
    assert owner is not None
    assert owner.id == "larger"
    assert made.owner(QKeySequence("Ctrl+="), "larger") is None
    made.set("unload", QKeySequence("Ctrl+="))
    assert (keys(made, "unload"), keys(made, "larger")) == (["Ctrl+="], ["Ctrl++"])
    made.reset("larger")
    assert (keys(made, "unload"), keys(made, "larger")) == ([], ["Ctrl++", "Ctrl+="])


def test_what_settings_keep_is_loaded(made: Shortcuts) -> None:
    made.load({"new": "Ctrl+Shift+N", "larger": "", "unload": "not keys at all", "gone": "Ctrl+G"})
    assert [keys(made, command.id) for command in made.commands()] == [["Ctrl+Shift+N"], [], []]
    made.load({"larger": "Ctrl++, Ctrl+7"})
    assert keys(made, "larger") == ["Ctrl++", "Ctrl+7"]
    assert keys(made, "new") == ["Ctrl+N"]


@pytest.mark.parametrize(
    ("key", "free"),
    [
        *((key, True) for key in ("Ctrl+G", "F5", "Alt+Up", "Ctrl++")),
        *((key, False) for key in ("G", "Return", "Ctrl+V", "Shift+A", "Up")),
    ],
)
def test_keys_for_writing_cannot_be_taken(key: str, free: bool) -> None:
    assert (refusal(QKeySequence(key)) == "") is free


def test_a_tooltip_ends_with_the_keys_whatever_it_says(made: Shortcuts, qtbot: QtBot) -> None:
    button = QPushButton()
    qtbot.addWidget(button)
    button.setToolTip("New chat")
    told = True
    made.tell(button, "new", lambda: told)
    assert button.toolTip() == "New chat (Ctrl+N)"
    made.set("new", QKeySequence("Ctrl+G"))
    assert button.toolTip() == "New chat (Ctrl+G)"
    button.setToolTip("Another\nwith more")
    assert button.toolTip() == "Another (Ctrl+G)\nwith more"
    told = False
    made.set("new", QKeySequence("Ctrl+H"))
    assert button.toolTip() == "Another\nwith more"


def test_new_keys_work_are_told_everywhere_and_are_kept(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(shortcuts={"new_chat": "Ctrl+G"})
    assert "Ctrl+G" in window.toolbar.new_chat.toolTip()
    assert "(Ctrl+U)" in window.chat.composer.clip.toolTip()
    window.shortcuts.set("live", QKeySequence("Ctrl+Alt+L"))
    assert window.settings.shortcuts == {"new_chat": "Ctrl+G", "live": "Ctrl+Alt+L"}
    assert "Ctrl+Alt+L" in window.toolbar.live.toolTip()
    window.actions_.commands.trigger()
    palette = window.findChild(CommandPalette)
    assert palette is not None
    palette.field.setText("live panel")
    assert palette.list.item(0).data(Qt.ItemDataRole.UserRole) == "Ctrl+Alt+L"
    palette.reject()
    window.activateWindow()
    settle()
    shown: list[str] = []
    window.actions_.keys.triggered.connect(lambda: shown.append("sheet"))
    window.shortcuts.set("keys", QKeySequence("Ctrl+Alt+L"))
    QTest.keyClick(window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    assert shown == ["sheet"]


def test_every_command_of_the_menus_can_have_keys(window: MainWindow) -> None:
    found = {command.action for command in window.shortcuts.commands()}
    top = [action.menu() for action in window.menuBar().actions()]
    lines = [action for menu in top for action in menu.actions() if not action.isSeparator() and action.menu() is None]
    assert {action.text() for action in lines} <= {action.text() for action in found}
    assert len({command.id for command in window.shortcuts.commands()}) == len(found)
