"""A small table of text, drawn in the window's own way."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from helix_app.gui.look.theme import Theme
from helix_app.protocol.bench_views import BenchTable

WRAPPED = 24  # characters of a cell from which on it may be wrapped
UNBROKEN = 20  # characters of it that stay on a line: a ratio and its interval


def clear(grid: QGridLayout) -> None:
    """Take every widget out of a grid and let it go."""
    while (item := grid.takeAt(0)) is not None:
        if (old := item.widget()) is not None:
            old.hide()
            old.deleteLater()


class TextTable(QWidget):
    """Rows of selectable text under a muted head; columns of figures in a mono font, flush right.

    Attributes:
        shown: what it shows; None for nothing.
        cells: the labels, row by row.
    """

    def __init__(self, theme: Theme, name: str, *, total: bool = False, parent: QWidget | None = None) -> None:
        """``total``: the last row sums up the others."""
        super().__init__(parent)
        self.setAccessibleName(name)
        self._theme, self._total = theme, total
        self.shown: BenchTable | None = None
        self.cells: list[list[QLabel]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(4)

    def show_table(self, table: BenchTable | None) -> None:
        """Replace what is shown; None hides it."""
        clear(self._grid)
        self.shown, self.cells = table, []
        self.setVisible(table is not None)
        if table is None:
            return
        wide = {
            column
            for row in table.rows
            for column, text in enumerate(row)
            if column and column not in table.right and len(text) > WRAPPED
        }
        columns = len(table.head) + (not wide)  # the last takes the room that is left
        for column, text in enumerate(table.head if any(table.head) else ()):
            head = QLabel(text.replace(" ", "\n") if column in table.right else text)
            head.setProperty("tone", "muted")
            head.setFont(self._theme.fonts.small)
            if column in table.right:
                head.setAlignment(Qt.AlignmentFlag.AlignRight)  # of its lines
            self._grid.addWidget(head, 0, column, self._alignment(table, column) | Qt.AlignmentFlag.AlignBottom)
        if any(table.head):
            self._add_line(1, columns)
        for number, row in enumerate(table.rows):
            last = self._total and number == len(table.rows) - 1 and number > 0
            if last:
                self._add_line(number + 2, columns)
            self.cells.append([])
            for column, text in enumerate(row):
                cell = self._cell(table, row, column, text)
                if last and column == 0:
                    cell.setFont(self._theme.fonts.strong)
                place = number + 3 if last else number + 2
                self._grid.addWidget(cell, place, column, self._alignment(table, column))
                self.cells[-1].append(cell)
        for column in range(self._grid.columnCount()):
            self._grid.setColumnStretch(column, 1 if column in wide or column == len(table.head) else 0)

    def _cell(self, table: BenchTable, row: tuple[str, ...], column: int, text: str) -> QLabel:
        cell = QLabel(text)
        cell.setTextFormat(Qt.TextFormat.PlainText)
        cell.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        if column:
            cell.setAccessibleName(f"{row[0]}, {table.head[column]}: {text}")
            cell.setFont(self._theme.fonts.mono_small)
            if column not in table.right and len(text) > WRAPPED:
                cell.setWordWrap(True)
                cell.setMinimumWidth(cell.fontMetrics().horizontalAdvance("0" * UNBROKEN))
        return cell

    def _add_line(self, row: int, columns: int) -> None:
        line = QFrame()
        line.setObjectName("divider")
        line.setFixedHeight(1)
        self._grid.addWidget(line, row, 0, 1, columns)

    @staticmethod
    def _alignment(table: BenchTable, column: int) -> Qt.AlignmentFlag:
        return Qt.AlignmentFlag.AlignRight if column in table.right else Qt.AlignmentFlag(0)
