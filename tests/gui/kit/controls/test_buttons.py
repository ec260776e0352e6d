"""Buttons of the window: icons that follow the theme, a box to check, and a picker with its menu."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import SEPARATOR, CheckBox, Choice, Picker, ThemedButton
from helix_app.gui.look.theme import CONTROL, Theme
from helix_app.gui.window.main_window import MainWindow
from tests.gui.fake import record

pytestmark = pytest.mark.styled

CHOICES = (
    Choice("auto", "Auto", "the best at hand", short="auto"),
    SEPARATOR,
    Choice("r&d", "R & D"),
    Choice("gone", "Gone", "not here", enabled=False),
)


def ink(button: ThemedButton) -> set[str]:
    """Colours of its icon."""
    image = button.icon().pixmap(16, 16).toImage()
    spots = ((x, y) for x in range(image.width()) for y in range(image.height()))
    return {image.pixelColor(x, y).name() for x, y in spots if image.pixelColor(x, y).alpha() == 255}


@pytest.mark.parametrize(
    ("kind", "colour"),
    [
        ("secondary", "text"),
        ("primary", "on_accent"),
        ("icon", "muted"),
        ("smallicon", "muted"),
        ("link", "accent_text"),
    ],
)
def test_an_icon_has_the_colour_of_its_text_in_each_theme(theme: Theme, qtbot: QtBot, kind: str, colour: str) -> None:
    button = ThemedButton(theme, symbol="stop", kind=kind, name="Stop")
    qtbot.addWidget(button)
    assert ink(button) == {theme.colour(colour).name()}
    theme.choose("dark")
    assert ink(button) == {theme.colour(colour).name()}


def test_another_icon_may_say_something_else(theme: Theme, qtbot: QtBot) -> None:
    button = ThemedButton(theme, "Copy", symbol="copy")
    qtbot.addWidget(button)
    before = button.icon().pixmap(16, 16).toImage()
    button.set_symbol("check")
    assert button.icon().pixmap(16, 16).toImage() != before
    button.set_symbol("copy")
    assert button.icon().pixmap(16, 16).toImage() == before


def test_a_button_is_called_by_its_text_unless_it_has_another_name(theme: Theme, qtbot: QtBot) -> None:
    plain, named = ThemedButton(theme, "Run"), ThemedButton(theme, "Run", name="Run the benchmark")
    for button in (plain, named):
        qtbot.addWidget(button)
    assert (plain.accessibleName(), named.accessibleName()) == ("Run", "Run the benchmark")
    assert not plain.focusPolicy() & Qt.FocusPolicy.ClickFocus  # a click leaves the cursor in the composer


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_box_shows_its_state_and_the_focus(qtbot: QtBot, make_window: Callable[..., MainWindow], theme: str) -> None:
    window = make_window(theme=theme)
    box = CheckBox(window.theme, "Learn from replies")
    qtbot.addWidget(box)
    pictures = []
    for checked in (False, True):
        box.setChecked(checked)
        pictures.append(box.grab().toImage())
    assert pictures[0] != pictures[1]
    assert pictures[1].pixelColor(8, 11).name() == window.theme.palette.accent
    box.show()
    box.activateWindow()
    box.setFocus()
    qtbot.waitUntil(box.hasFocus)
    edge = QPoint(8, 8)
    assert box.grab().toImage().pixelColor(edge).name() == window.theme.palette.text
    QTest.keyClick(box, Qt.Key.Key_Space)
    assert not box.isChecked()
    assert box.grab().toImage().pixelColor(edge).name() == window.theme.palette.accent


@pytest.fixture
def picker(theme: Theme, qtbot: QtBot) -> Picker:
    """One of something, with a choice that is not offered."""
    made = Picker(theme, "Draft", "Draft model", least=64, term="draft")
    qtbot.addWidget(made)
    made.set_choices(CHOICES)
    made.set_value("auto")
    made.show()
    return made


def test_what_the_closed_picker_shows(picker: Picker) -> None:
    assert picker.shown() == "auto"  # the short form
    picker.set_value("r&d")
    assert picker.shown() == "R & D"
    picker.set_value("auto", "Auto: n-gram")
    assert picker.shown() == "Auto: n-gram"
    picker.set_value("/x/other.gguf")  # of which there is no choice
    assert picker.shown() == "/x/other.gguf"
    assert picker.accessibleDescription() == "/x/other.gguf"


def test_the_menu_has_every_choice_and_marks_the_one_that_is_taken(picker: Picker) -> None:
    actions = picker.menu_actions()
    assert [action.text() for action in actions] == ["Auto\tthe best at hand", "", "R && D", "Gone\tnot here"]
    assert [action.isSeparator() for action in actions] == [False, True, False, False]
    assert [action.isEnabled() for action in actions if not action.isSeparator()] == [True, True, False]
    assert [action.icon().isNull() for action in actions if not action.isSeparator()] == [False, True, True]


def test_a_choice_is_told_and_shown_by_whoever_takes_it(picker: Picker) -> None:
    picked = record(picker.picked)
    picker.menu_actions()[2].trigger()
    assert (picked, picker.value) == (["r&d"], "auto")  # it may be refused
    picker.set_value("r&d")
    assert len(picked) == 1


@pytest.mark.parametrize("key", [Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_F4, Qt.Key.Key_Space])
def test_the_menu_opens_by_keyboard(picker: Picker, key: Qt.Key) -> None:
    QTest.keyClick(picker, key)
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    assert len(menu.actions()) == len(CHOICES)
    menu.close()


def test_it_is_as_wide_as_its_value_and_gives_way_to_a_width(picker: Picker) -> None:
    narrow = picker.sizeHint().width()
    picker.set_value("auto", "Auto: a model with a long name")
    assert picker.sizeHint().width() > narrow >= 64
    assert (picker.minimumSizeHint().width(), picker.sizeHint().height()) == (64, CONTROL)


def test_its_tooltip_says_what_is_chosen_and_what_that_is(picker: Picker) -> None:
    assert "Draft model: auto" in picker.toolTip()
    assert terms.tip("draft").split("'")[0] in picker.toolTip()


def test_an_icon_alone_says_what_it_does(theme: Theme, qtbot: QtBot) -> None:
    alone = ThemedButton(theme, symbol="close", kind="smallicon", name="Close the search")
    worded = ThemedButton(theme, "Close", symbol="close", name="Close the search")
    for button in (alone, worded):
        qtbot.addWidget(button)
    assert alone.toolTip() == "Close the search"
    assert worded.toolTip() == ""
