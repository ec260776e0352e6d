"""A code block: what it shows, its colours, its copy button and its height."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QColor, QGuiApplication
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from tests.gui.fake import record

pytestmark = pytest.mark.styled

CODE = "def f(x):\n    return x  # the same"


@pytest.fixture
def block(theme: Theme, qtbot: QtBot) -> CodeBlock:
    """A function in Python."""
    made = CodeBlock(theme)
    qtbot.addWidget(made)
    made.show_unit(Unit("code", body=CODE, language="python"))
    made.resize(500, made.height_for(500))
    return made


def colours(block: CodeBlock) -> set[str]:
    """Those that its text is drawn in."""
    line, found = block.body.document.begin(), set()
    while line.isValid():
        found |= {run.format.foreground().color().name() for run in line.layout().formats()}
        line = line.next()
    return found


def test_it_says_its_language(block: CodeBlock) -> None:
    label = block.findChild(QLabel)
    assert label.text() == "python"
    block.show_unit(Unit("code", body="x"))
    assert label.text() == "text"


def test_its_code_is_copied_and_the_button_says_so(block: CodeBlock) -> None:
    button = block.findChild(ThemedButton)
    button.click()
    assert QGuiApplication.clipboard().text() == CODE
    assert button.text() == "Copied"
    block.on_copy_reset()
    assert button.text() == "Copy"


def test_code_that_goes_on_is_added_and_needs_more_room(block: CodeBlock) -> None:
    changed, before = record(block.height_changed), block.height_for(500)
    block.show_unit(Unit("code", body=CODE + "\n\nf(1)", language="python"))
    assert block.body.text() == block.body.code() == CODE + "\n\nf(1)"
    assert changed
    assert block.height_for(500) > before
    renders = block.body.renders
    block.show_unit(Unit("code", body=CODE + "\n\nf(1)", language="python"))
    assert block.body.renders == renders  # nothing is new


def test_other_code_takes_its_place(block: CodeBlock) -> None:
    block.show_unit(Unit("code", body="SELECT 1", language="sql"))
    assert block.body.text() == "SELECT 1"


def test_a_line_that_is_too_long_scrolls_and_leaves_room_for_the_bar(block: CodeBlock) -> None:
    wide, high = block.body.content_size()
    assert block.height_for(wide + 100) == block.height_for(wide + 500)
    assert block.height_for(wide - 50) > block.height_for(wide + 100) > high


def test_colours_are_those_of_the_theme_that_is_in_effect(block: CodeBlock, theme: Theme) -> None:
    light = dict(theme.palette.syntax)
    assert {QColor(light[name]).name() for name in ("keyword", "comment", "function")} <= colours(block)
    theme.choose("dark")
    block.body.grab()  # what is out of sight keeps its colours until it is painted
    dark = dict(theme.palette.syntax)
    assert {QColor(dark[name]).name() for name in ("keyword", "comment", "function")} <= colours(block)
    assert QColor(light["keyword"]).name() not in colours(block)


def test_code_of_a_list_item_stands_under_it(block: CodeBlock) -> None:
    left = block.body.mapTo(block, block.body.rect().topLeft()).x()
    block.show_unit(Unit("code", body=CODE, language="python", indent=1))
    block.resize(501, block.height_for(501))
    block.grab()
    assert block.body.mapTo(block, block.body.rect().topLeft()).x() > left
