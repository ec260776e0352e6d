"""The stylesheet: whole in both themes, and about widgets that there are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

import helix_app.gui
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.palette import CONTRAST, DARK, LIGHT, Palette
from helix_app.gui.look.stylesheet import stylesheet
from helix_app.gui.look.theme import Theme

pytestmark = pytest.mark.styled

COLOUR = re.compile(r"#[0-9a-f]{6}\b")


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=["light", "dark", "contrast"])
def test_it_is_whole_and_knows_no_colour_of_its_own(palette: Palette) -> None:
    sheet = stylesheet(palette)
    assert "$" not in sheet
    assert sheet.count("{") == sheet.count("}") > 80
    assert set(COLOUR.findall(sheet)) <= {value for value in vars(palette).values() if isinstance(value, str)}


def test_themes_differ_in_colours_alone() -> None:
    light, dark = (COLOUR.sub("colour", stylesheet(palette)) for palette in (LIGHT, DARK))
    assert light == dark


def test_every_name_in_it_is_that_of_a_widget() -> None:
    folder = Path(helix_app.gui.__path__[0])
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    sheet = COLOUR.sub("", stylesheet(LIGHT))
    names = set(re.findall(r"#([A-Za-z]+)", sheet))
    assert len(names) > 15
    given = set(re.findall(r'setObjectName\("(\w+)"\)', source))
    styled = set(re.findall(r'super\(\).__init__\(theme, "(\w+)"', source))  # notices say theirs to their base
    assert names <= given | styled
    kinds = set(re.findall(r'\[kind="(\w+)"\]', sheet))
    assert kinds <= set(re.findall(r'kind="(\w+)"', source.replace(_own(folder), "")))


def _own(folder: Path) -> str:
    return (folder / "look" / "stylesheet.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("tone", "colour"), [("", "text"), ("muted", "muted"), ("danger", "danger_text"), ("accent", "accent_text")]
)
def test_a_label_has_the_colour_of_its_tone(theme: Theme, qtbot: QtBot, tone: str, colour: str) -> None:
    label = QLabel("words")
    qtbot.addWidget(label)
    label.setProperty("tone", tone)
    for choice in ("light", "dark"):
        theme.choose(choice)
        label.ensurePolished()
        assert label.palette().windowText().color() == theme.colour(colour)


def test_a_button_stays_as_large_when_it_has_the_focus(theme: Theme, qtbot: QtBot) -> None:
    for kind in ("secondary", "primary", "ghost", "link", "icon", "smallicon", "round"):
        button = ThemedButton(theme, "" if "icon" in kind else "Run", symbol="play", kind=kind, name="Run")
        qtbot.addWidget(button)
        button.show()
        button.activateWindow()
        size = button.sizeHint()
        button.setFocus()
        qtbot.waitUntil(button.hasFocus)
        assert button.sizeHint() == size, kind
