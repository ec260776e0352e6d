"""One laid-out block of text: what it shows, what can be selected in it, and what it never does."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QColor, QTextDocument
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.text.text_block import SafeDocument, TextBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.look.theme import Theme
from tests.gui.fake import record

pytestmark = pytest.mark.styled

LINKED = Unit("text", body='<a href="https://example.org/page">link</a> and more')


@pytest.fixture
def block(theme: Theme, qtbot: QtBot) -> TextBlock:
    """An empty block, 400 pixels wide."""
    made = TextBlock(theme)
    qtbot.addWidget(made)
    made.height_for(400)
    return made


def fit(block: TextBlock, width: int = 400) -> None:
    block.resize(width, block.height_for(width))


def test_the_unit_that_is_shown_is_not_laid_out_again(block: TextBlock) -> None:
    for _ in range(2):
        block.show_unit(Unit("text", body="some <b>words</b>"))
    assert (block.text(), block.renders) == ("some words", 1)
    block.show_unit(Unit("text", body="some <b>words</b> more"))
    assert block.renders == 2


def test_what_a_person_wrote_is_shown_as_it_stands(block: TextBlock) -> None:
    block.show_plain("<b>not bold</b>\n* no list")
    assert block.text() == "<b>not bold</b>\n* no list"


def test_it_is_higher_where_it_is_narrow_and_says_so(block: TextBlock) -> None:
    changed = record(block.height_changed)
    block.show_unit(Unit("text", body="word " * 60))
    assert changed
    assert block.height_for(100) > block.height_for(400)
    assert block.ideal_width() <= 400


def test_headings_are_larger_by_level(block: TextBlock) -> None:
    heights = []
    for level in (1, 2, 3):
        block.show_unit(Unit("heading", body="Title", level=level))
        heights.append(block.height_for(400))
    block.show_unit(Unit("text", body="Title"))
    assert heights == sorted(heights, reverse=True)
    assert heights[0] > block.height_for(400)


def test_a_part_can_be_marked_and_the_mark_of_its_list_goes_along(block: TextBlock) -> None:
    block.show_unit(Unit("text", body="item one", marker="•", indent=1))
    block.select(0, 4)
    assert block.selected_text() == "• item"
    block.select(5, 8)
    assert block.selected_text() == "one"
    block.select(0, block.length())
    assert block.selected_text() == "• item one"
    block.select(3, 3)
    assert block.selected_text() == ""


def test_a_point_finds_its_word_and_its_place(block: TextBlock) -> None:
    block.show_unit(Unit("text", body="first second"))
    fit(block)
    start, end = block.word_at(QPoint(6, 8))
    assert (start, end) == (0, 5)
    assert block.position_at(QPoint(2, -1)) == 0
    assert block.position_at(QPoint(2, block.height())) == block.length() == 12


def test_a_link_is_found_only_where_it_is(block: TextBlock) -> None:
    block.show_unit(LINKED)
    fit(block)
    assert block.link_at(QPoint(6, 8)) == "https://example.org/page"
    assert block.link_at(QPoint(block.ideal_width() - 4, 8)) == ""


def test_a_quotation_is_indented(block: TextBlock) -> None:
    block.show_unit(LINKED)
    fit(block)
    block.show_unit(Unit("text", body=LINKED.body, quote=2))
    assert block.link_at(QPoint(6, 8)) == ""
    assert block.link_at(QPoint(6 + 2 * 16, 8)) == "https://example.org/page"


def test_nothing_is_ever_fetched(tmp_path: Path) -> None:
    file = tmp_path / "secret.txt"
    file.write_text("here", encoding="utf-8")
    kind, place = QTextDocument.ResourceType.StyleSheetResource.value, QUrl.fromLocalFile(str(file))
    assert QTextDocument().resource(kind, place)  # what Qt's own would do
    assert not SafeDocument().resource(kind, place)


def test_another_theme_costs_nothing_out_of_sight(block: TextBlock, theme: Theme) -> None:
    block.show_unit(LINKED)
    fit(block)
    theme.choose("dark")
    assert block.renders == 1
    block.grab()
    assert block.renders == 2
    block.grab()
    assert block.renders == 2


def test_a_task_is_copied_with_its_box(block: TextBlock) -> None:
    block.show_unit(Unit("text", body="buy milk", marker="☑", indent=1))
    block.select(0, block.length())
    assert block.selected_text() == "☑ buy milk"


def test_boxes_of_tasks_differ_and_have_the_colour_of_the_theme(block: TextBlock, theme: Theme) -> None:
    accents = []
    for marker in ("☐", "☑"):
        block.show_unit(Unit("text", body="", marker=marker, indent=1))
        fit(block)
        image = block.grab().toImage()
        accent = QColor(theme.palette.accent)
        accents.append(sum(image.pixelColor(x, y) == accent for x in range(24) for y in range(image.height())))
    assert accents[0] == 0
    assert accents[1] > 20


def test_a_footnote_is_smaller(block: TextBlock) -> None:
    block.show_unit(Unit("text", body="words"))
    width = block.ideal_width()
    block.show_unit(Unit("note", body="words"))
    assert block.ideal_width() < width


@pytest.mark.parametrize(("text", "rtl"), [("point", False), ("نقطة", True)])
@pytest.mark.parametrize("marks", [{"marker": "•", "indent": 1}, {"marker": "1.", "indent": 1}, {"quote": 1}])
def test_marks_stand_where_lines_begin(block: TextBlock, text: str, rtl: bool, marks: dict[str, object]) -> None:
    block.show_unit(Unit("text", body=text, **marks))  # type: ignore[arg-type]
    block.resize(300, block.height_for(300))
    image = block.grab().toImage()
    empty = image.pixelColor(image.width() // 2, image.height() - 1)
    scale = image.width() / 300

    def inked(first: int, last: int) -> bool:
        columns = range(round(first * scale), round(last * scale))
        return any(image.pixelColor(x, y) != empty for x in columns for y in range(image.height()))

    assert inked(278, 300) if rtl else inked(0, 20)
    assert inked(0, 100) is not rtl
    assert inked(200, 300) is rtl
