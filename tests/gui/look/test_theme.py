"""Both themes are readable, and the window follows the choice."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication

from helix_app.base.process import paths
from helix_app.gui.look import icons
from helix_app.gui.look.palette import CONTRAST, DARK, LIGHT
from helix_app.gui.look.theme import Theme

pytestmark = pytest.mark.styled


def test_choice_switches_and_tells(qapp: QApplication, theme: Theme, qtbot) -> None:
    assert theme.palette is LIGHT
    with qtbot.waitSignal(theme.changed):
        theme.choose("dark")
    assert theme.palette is DARK
    assert DARK.canvas in qapp.styleSheet()
    theme.choose("contrast")
    assert theme.palette is CONTRAST
    assert CONTRAST.accent in qapp.styleSheet()
    theme.choose("light")
    assert LIGHT.text in qapp.styleSheet()


def test_system_follows_the_platform(qapp: QApplication) -> None:
    theme = Theme(qapp, "system")
    assert theme.palette in (LIGHT, DARK)
    theme.on_scheme_changed()
    assert theme.choice == "system"


def test_every_icon_draws_in_the_colour_asked_for(qapp: QApplication) -> None:
    names = sorted(path.stem for path in paths.resource("icons").glob("*.svg"))
    assert len(names) >= 15
    for name in names:
        picture = icons.pixmap(name, "#ff0000", 16, 2.0)
        assert picture.width() == 32
        image = picture.toImage()
        seen = {
            image.pixelColor(x, y).name() for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 200
        }
        assert seen, name
        if name != "app":
            assert seen == {"#ff0000"}, name
    assert isinstance(icons.icon("send", "#000000"), QIcon)
