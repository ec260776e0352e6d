"""A stack of widgets: what stands where, and that only what changed is asked again."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLabel, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.column import Column
from tests.gui.fake import record

pytestmark = pytest.mark.styled


class Box(QWidget):
    """As high as it is told; counts how often it was asked."""

    height_changed = Signal()

    def __init__(self, high: int = 20) -> None:
        super().__init__()
        self.high, self.asked = high, 0

    def height_for(self, _width: int) -> int:
        self.asked += 1
        return self.high

    def grow(self, high: int) -> None:
        self.high = high
        self.height_changed.emit()


@pytest.fixture
def column(qtbot: QtBot) -> Column:
    """Three boxes, 8 pixels apart."""
    made = Column()
    qtbot.addWidget(made)
    made.resize(300, 400)
    for _ in range(3):
        made.add(Box(), 8)
    return made


def boxes(column: Column) -> list[Box]:
    return [widget for widget in column.widgets() if isinstance(widget, Box)]


def tops(column: Column) -> list[int]:
    return [widget.y() for widget in column.widgets()]


def test_each_stands_below_the_one_before(column: Column) -> None:
    assert tops(column) == [0, 28, 56]  # nothing is above the first
    assert {widget.width() for widget in column.widgets()} == {300}
    assert column.content_height() == 76


def test_one_that_grows_moves_only_what_is_below_it(column: Column) -> None:
    changed = record(column.height_changed)
    before = [box.asked for box in boxes(column)]
    boxes(column)[1].grow(50)
    assert tops(column) == [0, 28, 86]
    assert boxes(column)[0].asked == before[0]
    assert len(changed) == 1
    boxes(column)[1].height_changed.emit()  # as high as before
    assert len(changed) == 1


def test_one_can_come_between_and_go_again(column: Column) -> None:
    first, second, third = boxes(column)
    between = Box(10)
    column.insert(1, between, 4)
    assert column.widgets() == [first, between, second, third]
    assert tops(column) == [0, 24, 42, 70]
    column.remove(first)
    assert tops(column) == [0, 18, 46]
    with pytest.raises(ValueError, match="not in this column"):
        column.index_of(first)


def test_a_gap_can_be_another_one_later(column: Column) -> None:
    column.set_gap(2, 30)
    assert tops(column) == [0, 28, 78]
    changed = record(column.height_changed)
    column.set_gap(2, 30)
    assert changed == []


def test_only_another_width_asks_all_again(column: Column) -> None:
    before = [box.asked for box in boxes(column)]
    assert column.height_for(300) == 76
    assert [box.asked for box in boxes(column)] == before
    column.height_for(200)
    assert [box.asked for box in boxes(column)] == [asked + 1 for asked in before]
    assert {widget.width() for widget in column.widgets()} == {200}


def test_wrapped_text_gets_its_height(column: Column) -> None:
    label = QLabel("some words of a sentence " * 20)
    label.setWordWrap(True)
    column.add(label)
    wide = label.height()
    assert wide == label.heightForWidth(300)
    column.height_for(100)
    assert label.height() == label.heightForWidth(100) > wide
