"""How full the context is, as a bar of its parts."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from helix_app.gui.kit.controls.progress import ThinBar
from helix_app.gui.look.theme import Theme
from helix_app.protocol.conversations.prompts import Part

ORDER: tuple[Part, ...] = ("system", "template", "history", "message", "reply")
FAINT = 140  # of 255: what is being written, beside what is there
GAP = 1.0
LEAST = 1.5  # pixels of a part that is there


class ContextBar(ThinBar):
    """System prompt, history, message and reply beside each other, and thinner what a reply may still take."""

    def __init__(self, theme: Theme, width: int, parent: QWidget | None = None) -> None:
        super().__init__(theme, width, warns=True, parent=parent)
        self._parts: Mapping[Part, float] = {}
        self._kept = 0.0

    def set_fraction(self, fraction: float | None) -> None:
        self._parts, self._kept = {}, 0.0
        super().set_fraction(fraction)

    def set_parts(self, parts: Mapping[Part, float], kept: float = 0.0) -> None:
        """Fractions of the whole; ``kept`` is the room that is kept for a reply."""
        self._parts, self._kept = dict(parts), kept
        self.update()

    def parts(self) -> dict[Part, float]:
        """What it shows."""
        return {part: share for part, share in self._parts.items() if share > 0}

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._parts or (self.fraction() or 0) > 0.9:  # nearly full: a warning as a whole
            super().paintEvent(event)
            return
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(p.pressed))
        painter.drawRoundedRect(QRectF(self.rect()), 2, 2)
        x, wide = 0.0, float(self.width())
        for part in ORDER:
            share = self._parts.get(part, 0.0)
            if share <= 0:
                continue
            width = max(LEAST, share * wide)
            colour = QColor(p.muted if part in ("system", "template") else p.accent)
            if part in ("message", "reply"):
                colour.setAlpha(FAINT)
            painter.setBrush(colour)
            painter.drawRect(QRectF(x, 0, min(width, wide - x), self.height()))
            x += width + GAP
        if self._kept > 0 and x < wide:
            painter.setBrush(QColor(p.accent))
            painter.drawRect(QRectF(x, self.height() - 1, min(self._kept * wide, wide - x), 1))
        painter.end()
