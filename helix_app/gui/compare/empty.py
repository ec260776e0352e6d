"""What stands in place of a comparison that has not been run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

WIDEST = 560  # of the explanation, under 80 characters


class EmptyComparison(QWidget):
    """What a comparison is, and three prompts to begin with.

    Signals:
        suggestion_picked: put this text into the prompt.
    """

    suggestion_picked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.title = QLabel(self.tr("One prompt, two ways to decode it"))
        self.title.setFont(theme.fonts.title)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words = QLabel()
        self.words.setProperty("tone", "muted")
        self.words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.words.setWordWrap(True)
        self.words.setFixedWidth(WIDEST)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 16, 24, 16)
        column.setSpacing(8)
        column.addStretch(5)
        column.addWidget(self.title)
        row = QHBoxLayout()
        row.addStretch()
        row.addWidget(self.words)
        row.addStretch()
        column.addLayout(row)
        column.addSpacing(16)
        self._suggestions: list[ThemedButton] = []
        for text in (
            self.tr("Write a Python function that merges two sorted lists."),
            self.tr("Repeat the word apple twenty times, then the word pear."),
            self.tr("Tell a short story about a fox and a bear."),
        ):
            button = ThemedButton(theme, text, kind="round")
            button.clicked.connect(lambda _=False, text=text: self.suggestion_picked.emit(text))
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self._suggestions.append(button)
        column.addStretch(6)

    def set_available(self, available: bool, reason: str) -> None:
        """Explain, or say why nothing can be run."""
        explained = self.tr(
            "The two run one after the other, so that neither slows the other down, from the same prompt, seed and "
            "sampling settings. Then you can replay them side by side on one clock."
        )
        self.words.setText(explained if available else reason)
        for button in self._suggestions:
            button.setVisible(available)
