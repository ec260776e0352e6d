"""The frame of a dialog that edits one text: the editor, a sentence on what is written, and its buttons."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.dialog import Dialog, answer_row
from helix_app.gui.look.theme import Theme


class TextDialog(Dialog):
    """Edits a copy of a text; who builds on it says what may be kept.

    Attributes:
        editor: the text.
        said: what is to be said of it.
        reset: puts another text in its place.
        save: keeps it.
    """

    def __init__(self, theme: Theme, text: str, name: str, term: str, reset: str, parent: QWidget | None) -> None:
        """Show ``text``; ``name`` is what the editor is called, ``term`` what F1 explains, ``reset`` a button."""
        super().__init__(parent)
        self._theme = theme
        self.editor = QPlainTextEdit(text)
        self.editor.setFont(theme.fonts.mono)
        self.editor.setTabChangesFocus(True)
        terms.give(self.editor, term)
        self.editor.setAccessibleName(name)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setFont(theme.fonts.small)
        self.said.setMinimumHeight(2 * self.said.fontMetrics().lineSpacing())
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.reset = ThemedButton(theme, reset, kind="ghost")
        cancel = ThemedButton(theme, self.tr("Cancel"))
        self.save = ThemedButton(theme, self.tr("Use this"), kind="primary")
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 16)
        column.setSpacing(12)
        column.addWidget(self.editor, 1)
        column.addWidget(self.said)
        column.addLayout(answer_row(self, self.reset, self.put_back, cancel, self.save))

    def put_back(self) -> None:
        """Have the other text in the editor.

        Raises:
            NotImplementedError: who builds on this has not said which.
        """
        raise NotImplementedError

    def say(self, text: str, *, wrong: bool) -> None:
        """Say this below the editor."""
        self.said.setText(text)
        self.said.setProperty("tone", "danger" if wrong else "muted")
        self.said.style().unpolish(self.said)
        self.said.style().polish(self.said)
