"""A line of text that never asks for more room than there is."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QHelpEvent, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QToolTip, QWidget

RICH = "<qt>"  # what tooltips of rich text begin with


class Elided(QLabel):
    """One line that ends with an ellipsis where there is no more room; the tooltip has all of it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._whole = ""
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_text(self, text: str) -> None:
        """Show a text."""
        self._whole = text[:2000]
        self.setToolTip(self._whole[:400])
        self.setAccessibleName(self._whole)
        self._elide()

    def whole(self) -> str:
        """All of it."""
        return self._whole

    def _elide(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._whole, Qt.TextElideMode.ElideRight, max(20, self.width())))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()


class Shortened(QLabel):
    """One line that is drawn with an ellipsis where there is no more room; ``text`` is all of it, and the tooltip
    begins with that then."""

    LEAST = 48  # pixels

    def minimumSizeHint(self) -> QSize:
        """Hardly any width, so that it is what gives way."""
        hint = super().minimumSizeHint()
        return QSize(min(self.LEAST, hint.width()), hint.height())

    def fits(self) -> bool:
        """Whether all of it is in sight."""
        return self.fontMetrics().horizontalAdvance(self.text()) <= self.contentsRect().width()

    def told(self) -> str:
        """What the tooltip says now; rich text where it is."""
        tip = self.toolTip()
        if self.fits():
            return tip
        if tip.startswith(RICH):
            return f"{RICH}{escape(self.text())}<br>{tip.removeprefix(RICH)}"
        return "\n".join(filter(None, (self.text(), tip)))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            QToolTip.showText(event.globalPos(), self.told(), self)
            return True
        return super().event(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        if self.fits():
            super().paintEvent(event)
            return
        room = self.contentsRect()
        text = self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, room.width())
        painter = QPainter(self)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self.style().drawItemText(painter, room, flags, self.palette(), self.isEnabled(), text, self.foregroundRole())
