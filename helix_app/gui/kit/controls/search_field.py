"""A field to search in, with a button that empties it."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QToolButton, QWidget

from helix_app.gui.look.theme import CONTROL


class SearchField(QLineEdit):
    """One line with a hint while it is empty; ``name`` is what screen readers call it."""

    def __init__(self, hint: str, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setPlaceholderText(hint)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        self.setFixedHeight(CONTROL)
        for button in self.findChildren(QToolButton):
            button.setAccessibleName(self.tr("Clear the search"))
