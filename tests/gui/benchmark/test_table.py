"""A small table of text: what stands where, and what may be wrapped."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from helix_app.gui.benchmark.table import WRAPPED, TextTable
from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench_views import BenchTable

pytestmark = pytest.mark.styled

SPEEDS = BenchTable(("Kind", "Plain speed", "Note"), (("Chat", "10.0", "x"), ("All", "12.0", "y" * 40)), right=(1,))


@pytest.fixture
def table(theme: Theme, qtbot: QtBot) -> TextTable:
    """Rows of which the last one sums up."""
    made = TextTable(theme, "Speeds", total=True)
    qtbot.addWidget(made)
    made.resize(600, 200)
    made.show()
    made.show_table(SPEEDS)

    return made


def heads(table: TextTable) -> list[str]:
    """What is shown and is no cell."""
    QApplication.processEvents()  # a layout shows what is put into it with the next event
    cells = {cell for row in table.cells for cell in row}
    return [label.text() for label in table.findChildren(QLabel) if label not in cells and label.isVisible()]


def test_every_cell_says_to_whom_reads_by_ear_what_it_is_of(table: TextTable) -> None:
    assert [[cell.text() for cell in row] for row in table.cells] == [list(row) for row in SPEEDS.rows]
    assert [row[1].accessibleName() for row in table.cells] == ["Chat, Plain speed: 10.0", "All, Plain speed: 12.0"]


def test_figures_are_flush_right_under_a_head_in_lines(table: TextTable) -> None:
    assert heads(table) == ["Kind", "Plain\nspeed", "Note"]
    ends = {row[1].geometry().right() for row in table.cells}
    assert len(ends) == 1
    assert len({row[2].geometry().left() for row in table.cells}) == 1


def test_the_last_row_stands_out_where_it_sums_up(table: TextTable, theme: Theme) -> None:
    assert [row[0].font().weight() == theme.fonts.strong.weight() for row in table.cells] == [False, True]
    table.show_table(BenchTable(SPEEDS.head, SPEEDS.rows[:1], right=(1,)))  # a row alone sums up nothing
    assert table.cells[0][0].font().weight() != theme.fonts.strong.weight()


def test_only_long_words_are_wrapped(table: TextTable) -> None:
    long = BenchTable(("A", "B"), (("z" * 99, "y" * WRAPPED), ("x", "y" * (WRAPPED + 1))), right=())
    table.show_table(long)
    assert [[cell.wordWrap() for cell in row] for row in table.cells] == [[False, False], [False, True]]


def test_nothing_to_show_hides_it_and_what_it_showed_is_gone(table: TextTable) -> None:
    table.show_table(None)
    assert table.isHidden()
    assert (table.shown, table.cells) == (None, [])
    table.show_table(BenchTable(("", ""), (("cpu", "Some CPU"),)))
    assert heads(table) == []  # no head at all
    assert not table.isHidden()
