"""Rows of models: made when they are seen, and the cursor stays where it was."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.library.rows import ModelRow, RowList
from helix_app.gui.look.theme import Theme


class Numbers(RowList):
    """A row for each number."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, "Numbers")
        self.count, self.made = 2, 0

    def make_rows(self) -> list[QWidget]:
        self.made += 1
        rows: list[QWidget] = [self.heading("Numbers")]
        for number in range(self.count):
            row = ModelRow(self._theme)
            row.show_words(str(number), "facts", "a sentence" if number else "")
            row.add_button("Go", f"Go to {number}")
            rows.append(row)
        return rows


def test_rows_are_made_when_somebody_looks(theme: Theme, qtbot: QtBot) -> None:
    rows = Numbers(theme)
    qtbot.addWidget(rows)
    rows.refresh()
    assert (rows.made, rows.rows()) == (0, [])
    rows.show()
    assert (rows.made, len(rows.rows())) == (1, 2)
    rows.count = 3
    rows.refresh()
    assert (rows.made, len(rows.rows())) == (2, 3)
    assert all(row.isVisible() for row in rows.rows())  # at once
    rows.hide()
    rows.show()
    assert rows.made == 2


def test_the_cursor_stays_on_its_button(theme: Theme, qtbot: QtBot) -> None:
    rows = Numbers(theme)
    qtbot.addWidget(rows)
    rows.show()
    qtbot.waitExposed(rows)
    rows.activateWindow()
    rows.rows()[1].buttons[0].setFocus()
    qtbot.waitUntil(lambda: rows.rows()[1].buttons[0].hasFocus())
    rows.refresh()
    qtbot.waitUntil(lambda: rows.rows()[1].buttons[0].hasFocus())


def test_a_row_says_what_it_is_about(theme: Theme, qtbot: QtBot) -> None:
    row = ModelRow(theme)
    qtbot.addWidget(row)
    row.show_words("Name", "facts", "It cannot run.", tone="danger", tip="/a/path")
    assert (row.name.whole(), row.facts.whole(), row.more.text()) == ("Name", "facts", "It cannot run.")
    assert row.name.toolTip() == "/a/path"
    assert row.more.property("tone") == "danger"
    row.show_words("Name", "facts")
    assert row.more.isHidden()
    button = row.add_button("", "Delete it", symbol="trash", kind="icon")
    assert (button.accessibleName(), button.toolTip()) == ("Delete it", "Delete it")
