"""What the marks of the tokens mean, drawn by the same code as the tokens."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from helix_app.gui.glossary import terms
from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens.view import TINT, draw_underline

LINE = 22
SWATCH = 20


class TokenLegend(QWidget):
    """Samples with words, wrapped to the width."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._entries = (
            ("accepted", self.tr("accepted")),
            ("corrected", self.tr("corrected")),
            ("bonus", self.tr("bonus")),
            ("plain", self.tr("plain")),
        )
        self._ghosts = False
        self.setFont(theme.fonts.small)
        policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        terms.give(self, "origins")
        self.setAccessibleName(
            self.tr("Legend: accepted is underlined, corrected has a wavy line, bonus a dotted one, plain has none")
        )
        theme.changed.connect(self.update)

    def set_ghosts(self, shown: bool) -> None:
        """Whether rejected draft tokens are shown, too."""
        self._ghosts = shown
        self.updateGeometry()
        self.update()

    def _places(self, width: int) -> list[tuple[str, str, QRectF]]:
        entries = [*self._entries, ("ghost", self.tr("rejected draft"))] if self._ghosts else self._entries
        out: list[tuple[str, str, QRectF]] = []
        x = y = 0.0
        for kind, text in entries:
            wide = SWATCH + 6 + self.fontMetrics().horizontalAdvance(text)
            if x and x + wide > width:
                x, y = 0.0, y + LINE
            out.append((kind, text, QRectF(x, y, wide, LINE)))
            x += wide + 14
        return out

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self.height_for(width)

    def height_for(self, width: int) -> int:
        """Height at a width."""
        return int(self._places(width)[-1][2].bottom())

    def sizeHint(self) -> QSize:
        return QSize(360, LINE)

    def minimumSizeHint(self) -> QSize:
        return QSize(100, LINE)

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        for kind, text, place in self._places(self.width()):
            box = QRectF(place.left(), place.top() + 4, SWATCH, LINE - 10)
            if kind == "ghost":
                painter.setPen(QPen(QColor(p.muted), 1))
                middle = box.center().y()
                painter.drawLine(QPointF(box.left(), middle), QPointF(box.right(), middle))
            else:
                colour = QColor(getattr(p, kind))
                tint = QColor(colour)
                tint.setAlpha(TINT if kind != "plain" else 0)
                painter.fillRect(box, tint)
                draw_underline(painter, kind, box.left(), box.right(), box.bottom() + 2, colour)
                if kind == "plain":
                    painter.setPen(QPen(QColor(p.border_strong), 1))
                    painter.drawRect(box.adjusted(0.5, 0.5, -0.5, -0.5))
            painter.setPen(QColor(p.muted))
            words = place.adjusted(SWATCH + 6, 0, 4, 0)
            painter.drawText(words, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), text)
        painter.end()
