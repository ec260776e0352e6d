"""Bars that say how far something is, and the strip one stands in."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from helix_app.gui.look.theme import Theme


class ThinBar(QWidget):
    """A fraction as a bar of four pixels.

    Attributes:
        warns: whether nearly full is a warning, as of a context; progress only becomes complete.
    """

    def __init__(self, theme: Theme, width: int = 0, warns: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.warns = warns
        self._theme = theme
        self._fraction: float | None = 0.0
        self._wide = width
        if width:
            self.setFixedSize(width, 4)
        else:
            self.setFixedHeight(4)
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def set_fraction(self, fraction: float | None) -> None:
        """0..1, None when unknown."""
        self._fraction = None if fraction is None else min(1.0, max(0.0, fraction))
        self.update()

    def fraction(self) -> float | None:
        """What it shows."""
        return self._fraction

    def sizeHint(self) -> QSize:
        return QSize(self._wide or 120, 4)

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(p.pressed))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        if self._fraction:
            nearly_full = self.warns and self._fraction > 0.9
            painter.setBrush(QColor(p.corrected if nearly_full else p.accent))
            painter.drawRoundedRect(QRectF(0, 0, max(4.0, self.width() * self._fraction), 4), 2, 2)
        painter.end()


class ProgressLine(ThinBar):
    """A thin bar that moves to and fro while the fraction is unknown."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(theme, parent=parent)
        self._phase = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(33)
        self._timer.timeout.connect(self.on_tick)

    def set_fraction(self, fraction: float | None) -> None:
        super().set_fraction(fraction)
        if fraction is None and not self._timer.isActive():
            self._timer.start()
        elif fraction is not None:
            self._timer.stop()

    def on_tick(self) -> None:
        """One step of the movement; it rests while nobody sees it."""
        if not self.isVisible():
            self._timer.stop()
            return
        self._phase = (self._phase + 0.012) % 2.0
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.fraction() is None:
            place = self._phase if self._phase <= 1 else 2 - self._phase
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QColor(0, 0, 0, 0))
            painter.setBrush(QColor(self._theme.palette.accent))
            wide = self.width() * 0.25
            painter.drawRoundedRect(QRectF((self.width() - wide) * place, 0, wide, 4), 2, 2)
            painter.end()


def lay_out(strip: QWidget, what: QLabel, how_far: QLabel, stop: QWidget, line: ProgressLine) -> None:
    """Fill a strip: what goes on, how far it is and a button in a row, and the line under them."""
    how_far.setWordWrap(True)
    row = QHBoxLayout()
    row.setSpacing(12)
    row.addWidget(what)
    row.addWidget(how_far, 1)
    row.addWidget(stop)
    column = QVBoxLayout(strip)
    column.setContentsMargins(24, 8, 24, 8)
    column.setSpacing(4)
    column.addLayout(row)
    column.addWidget(line)
