"""Small signs: the letter of an arm, and what two replies have in common."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QWidget

from helix_app.base import messages
from helix_app.gui.compare.arms import LETTERS
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.icons import pixmap
from helix_app.gui.look.theme import RADIUS, Theme
from helix_app.runs.comparison import Agreement, Verdict, agreement_text

MOST_WIDE = 560  # pixels of a sentence before it is wrapped
COLOURS = ("accent_text", "plain")  # of the arms, as of measured and plain decoding in the live panel


class Letter(QWidget):
    """The letter of an arm in a ring of its colour: whole for A, broken for B, as its curves are."""

    def __init__(self, theme: Theme, index: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._index = theme, index
        self.setFixedSize(24, 24)
        self.setAccessibleName(LETTERS[index])
        theme.changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = QPen(self._theme.colour(COLOURS[self._index]), 2)
        if self._index:
            pen.setDashPattern([2.4, 1.6])
        painter.setPen(pen)
        painter.drawEllipse(QRectF(2, 2, 20, 20))
        painter.setPen(self._theme.colour("text"))
        painter.setFont(self._theme.fonts.strong)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, LETTERS[self._index])
        painter.end()


class AgreementBadge(QWidget):
    """A sign with a sentence: green and a tick for identical, vermillion and a wave for a difference.

    Signals:
        go_requested: show the first differing token.
    """

    go_requested = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._verdict: Verdict = "nothing"
        self._icon = QLabel()
        self._icon.setFixedSize(16, 16)
        self.sentence = QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.PlainText)
        self.sentence.setWordWrap(True)
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.go = ThemedButton(theme, self.tr("Show"), kind="link", name=self.tr("Show the first difference"))
        self.go.clicked.connect(self.go_requested)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 2, 10, 2)
        row.setSpacing(8)
        row.addWidget(self._icon)
        row.addWidget(self.sentence)
        row.addWidget(self.go)
        self.setMinimumHeight(28)
        self.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
        theme.changed.connect(self.on_theme_changed)
        self.show_agreement(Agreement("nothing", 0))

    def show_agreement(self, found: Agreement) -> None:
        """Say what two replies have in common."""
        self._show(found.verdict, agreement_text(found))

    def show_nothing_to_compare(self) -> None:
        """It is over, and one arm has nothing."""
        self._show("nothing", messages.comparison_text("only_one"))

    def _show(self, verdict: Verdict, text: str) -> None:
        self._verdict = verdict
        self.sentence.setText(text)
        self.sentence.setMinimumWidth(min(MOST_WIDE, self.sentence.fontMetrics().horizontalAdvance(text) + 2))
        self.setAccessibleName(text)
        self.go.setVisible(verdict in ("differs", "other_sample"))
        self.on_theme_changed()

    @property
    def verdict(self) -> str:
        """What it shows."""
        return self._verdict

    def colour(self) -> QColor:
        """The colour of its meaning."""
        names = {"identical": "accepted", "differs": "corrected", "other_sample": "bonus"}
        return self._theme.colour(names.get(self._verdict, "plain"))

    def on_theme_changed(self) -> None:
        """Recolour the sign."""
        symbol = {"identical": "check", "differs": "alert"}.get(self._verdict, "info")
        self._icon.setPixmap(pixmap(symbol, self.colour().name(), 16, self.devicePixelRatioF()))
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colour = self.colour()
        painter.setPen(QPen(colour, 1))
        back = QColor(colour)
        back.setAlpha(36)
        painter.setBrush(back)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), RADIUS, RADIUS)
        painter.end()
