"""Another theme, and back again: each button with an icon looks as one that was made in that theme."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from PySide6.QtCore import QPoint
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.kit.controls.buttons import CheckBox, Picker, ThemedButton
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.gui.window.navigation import NavButton
from tests.gui import views
from tests.gui.look.test_theme_switch import dialog_of, screen_of
from tests.gui.settling import end, load, settle

pytestmark = pytest.mark.styled

# a view of each kind of page and dialog; the others are behind ``-m soak``
_EACH = (
    "welcome",
    "error",
    "conversation_edited",
    "inspect",
    "compare",
    "benchmark",
    "server_running",
    "models",
    "help",
)
VIEWS = [
    name if name in _EACH else pytest.param(name, marks=pytest.mark.soak)
    for name in views.VIEWS
    if name not in ("downloading", "download_failed")
]


def icons_of(window: MainWindow, name: str) -> dict[str, np.ndarray]:
    """What the screen holds of each button and label with an icon, by where it stands in the window or its dialog."""
    shown = dialog_of(window, name) or window
    screen = screen_of(window, dialog_of(window, name))
    found: dict[str, np.ndarray] = {}
    for widget in shown.findChildren(QWidget):
        if widget.isVisible() and _has_icon(widget):
            at = widget.mapTo(shown, QPoint(0, 0))
            found[_place(widget, shown)] = screen[at.y() : at.y() + widget.height(), at.x() : at.x() + widget.width()]
    return found


def _has_icon(widget: QWidget) -> bool:
    if isinstance(widget, QAbstractButton):
        return not widget.icon().isNull() or isinstance(widget, (NavButton, Picker, CheckBox))
    return isinstance(widget, QLabel) and not widget.pixmap().isNull()


def _place(widget: QWidget, window: QWidget) -> str:
    """Where a widget stands among its siblings, from the window down."""
    steps = []
    at: QWidget | None = widget
    while at is not None and at is not window:
        parent = at.parentWidget()
        siblings = [] if parent is None else [child for child in parent.children() if type(child) is type(at)]
        steps.append(f"{type(at).__name__}{siblings.index(at) if at in siblings else ''}")
        at = parent
    return f"{'/'.join(reversed(steps))} {widget.accessibleName()}"


@pytest.mark.parametrize("name", VIEWS)
def test_icons_follow_the_theme_there_and_back(make_window: Callable[..., MainWindow], name: str) -> None:
    made = {}
    for theme in ("dark", "light"):
        window = make_window(theme=theme)
        views.show(window, name)
        made[theme] = icons_of(window, name)
        if theme == "dark":
            end(window)
    assert made["light"]
    for theme in ("dark", "light"):
        window.state.change(theme=theme)
        seen = icons_of(window, name)
        assert set(seen) == set(made[theme])
        stale = [place for place, pixels in seen.items() if not _alike(pixels, made[theme][place])]
        assert not stale, f"{theme}: {stale}"


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether two pictures of a button are the same to an eye: what moves by itself is none of these."""
    return a.shape == b.shape and not bool((np.abs(a.astype(np.int16) - b) > 12).any())


PAGES = ("inspect", "compare", "benchmark", "server", "models")


def _pages(window: MainWindow) -> dict[str, np.ndarray]:
    """The icons of pages, each shown for it."""
    found: dict[str, np.ndarray] = {}
    for page in PAGES:
        window.pages.show_page(page)
        settle()
        focused = QApplication.focusWidget()
        if focused is not None:
            focused.clearFocus()  # whose ring is not what is compared
        found |= icons_of(window, page)
    return found


def test_icons_of_pages_follow_a_theme_that_was_chosen_elsewhere(make_window: Callable[..., MainWindow]) -> None:
    light = make_window(theme="light")
    load(light)
    made = _pages(light)
    end(light)
    window = make_window(theme="dark")
    load(window)
    _pages(window)
    window.pages.show_page("chat")
    window.state.change(theme="light")
    seen = _pages(window)
    assert set(seen) == set(made)
    assert [place for place, pixels in seen.items() if not _alike(pixels, made[place])] == []


def test_a_button_that_gets_its_icon_later_follows_too(theme: Theme, qtbot: QtBot) -> None:
    button = ThemedButton(theme, "Later")
    qtbot.addWidget(button)
    assert button.icon().isNull()
    button.set_symbol("play")
    before = button.icon().cacheKey()
    theme.choose("dark")
    assert button.icon().cacheKey() == icon("play", theme.palette.text, theme.palette.disabled, gap=4).cacheKey()
    assert button.icon().cacheKey() != before
