"""What stands in place of a conversation that has not begun."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme


class EmptyChat(QWidget):
    """A greeting, the model at hand and three questions to begin with, or three beginnings of a text.

    Signals:
        suggestion_picked: put this text into the composer.
    """

    suggestion_picked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._fonts = theme.fonts
        self.title = QLabel(self.tr("What would you like to ask?"))
        self.title.setWordWrap(True)
        self.title.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.model = QLabel()
        self.model.setProperty("tone", "muted")
        self.model.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.model.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(24, 24, 24, 24)
        column.setSpacing(8)
        column.addStretch(5)
        column.addWidget(self.title)
        column.addWidget(self.model)
        column.addSpacing(16)
        self._suggestions: list[ThemedButton] = []
        for number in range(3):
            button = ThemedButton(theme, "", kind="round")
            button.clicked.connect(lambda _=False, number=number: self.suggestion_picked.emit(self._texts[number]))
            column.addWidget(button, 0, Qt.AlignmentFlag.AlignHCenter)
            self._suggestions.append(button)
        column.addStretch(6)
        self.set_model(False, "")

    def _begin_with(self, plain: bool) -> tuple[str, str, str]:
        if plain:
            return (
                self.tr("Once upon a time, in a village by the sea,"),
                self.tr("The three most important inventions of the twentieth century are"),
                self.tr("Dear Sir or Madam,"),
            )
        return (
            self.tr("Explain in three sentences how a KV cache works."),
            self.tr("Write a Python function that merges two sorted lists."),
            self.tr("List five uses for an old laptop."),
        )

    def set_model(self, ready: bool, description: str, *, plain: bool = False) -> None:
        """Name the model, or say why there is none; what to begin with is only offered while there is one.

        Args:
            plain: it continues a text.
        """
        self._texts = self._begin_with(plain)
        for button, text in zip(self._suggestions, self._texts):
            button.setText(text)
            button.setAccessibleName(text)
        title = self.tr("Which text shall go on?") if plain else self.tr("What would you like to ask?")
        self.title.setText(title if ready else description)
        self.title.setFont(self._fonts.title if ready else self._fonts.chat)
        self.title.setProperty("tone", "" if ready else "muted")
        self.title.style().polish(self.title)
        self.model.setText(description if ready else "")
        for button in self._suggestions:
            button.setVisible(ready)
