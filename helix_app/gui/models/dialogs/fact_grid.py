"""Names and facts in two columns."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from helix_app.gui.look.theme import Theme

_NAMES = 190  # pixels of the column of names


class FactGrid(QWidget):
    """A table of a name and a fact a row; long facts take several lines."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._rows: list[tuple[str, str]] = []
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(24)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(1, 1)
        self._grid.setColumnMinimumWidth(0, _NAMES)  # grids under each other have their facts under each other

    def show_rows(self, rows: Iterable[tuple[str, str]]) -> None:
        """Show these in place of what stood there."""
        self._rows = list(rows)
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for row, (name, text) in enumerate(self._rows):
            label, fact = QLabel(name.strip()), QLabel(text)
            label.setProperty("tone", "muted")
            label.setIndent(12 if name.startswith(" ") else 0)
            fact.setFont(self._theme.fonts.mono)
            fact.setTextFormat(Qt.TextFormat.PlainText)
            fact.setWordWrap(True)
            fact.setAccessibleName(f"{name.strip()}: {text}")
            fact.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            self._grid.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            self._grid.addWidget(fact, row, 1)
        self.setVisible(bool(self._rows))

    def rows(self) -> list[tuple[str, str]]:
        """What it shows."""
        return list(self._rows)
