"""The settings' part about learning: whether replies are learnt from, and a button that wipes what was learnt."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.language import say
from helix_app.base.settings import declared
from helix_app.gui.kit.controls.buttons import CheckBox, ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.protocol import events


class Learning(QWidget):
    """A checkbox with its hint, a button, and how it went once that was pressed.

    Attributes:
        box: whether replies are learnt from.
        forget: the button.
        outcome: what became of pressing it.

    Signals:
        forget_requested: wipe what was learnt, at once; ``show_forgotten`` then says how it went.
    """

    forget_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        setting = declared()["learn"]
        text = say(setting.hint, "settings")
        self.box = CheckBox(theme, say(setting.text, "settings"))
        self.box.setAccessibleDescription(text)
        self.setFocusProxy(self.box)
        hint = QLabel(text)
        hint.setProperty("tone", "muted")
        self.forget = ThemedButton(theme, self.tr("Forget what was learnt"))
        self.forget.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.forget.clicked.connect(self.on_forget_clicked)
        self.outcome = QLabel()
        self.outcome.setTextFormat(Qt.TextFormat.PlainText)
        for words in (hint, self.outcome):
            words.setFont(theme.fonts.small)
            words.setWordWrap(True)
        self.outcome.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.box, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(hint)
        column.addSpacing(12)
        column.addWidget(self.forget, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(8)
        column.addWidget(self.outcome)

    def on_forget_clicked(self) -> None:
        """Ask for it; what was said about the last time is over."""
        self.outcome.hide()
        self.forget_requested.emit()

    def show_forgotten(self, event: events.Forgotten) -> None:
        """Say whether what was learnt is wiped."""
        failed = event.failed
        text = self.tr("Forgotten.") if failed is None else messages.error_text(failed.code, failed.fields)
        self.outcome.setText(text)
        self.outcome.setToolTip("" if failed is None else failed.detail)
        self.outcome.setProperty("tone", "muted" if failed is None else "danger")
        self.outcome.style().polish(self.outcome)  # the stylesheet does not see a property change by itself
        self.outcome.show()
