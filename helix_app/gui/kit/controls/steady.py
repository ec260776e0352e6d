"""A label for figures that change many times a second."""

from __future__ import annotations

from math import ceil

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QLabel, QWidget

SPARE = 32  # pixels that a text may be narrower before the label gives them back


class SteadyLabel(QLabel):
    """Keeps its size while its text fits: neighbours stand still, and the window is not laid out anew for a digit."""

    def __init__(self, text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._fitted = ""  # the font it was last made anew for: another theme has the same one
        self.setText(text)

    def setText(self, text: str) -> None:
        if text != self.text():
            self._fit(text)
            super().setText(text)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        fonts = (QEvent.Type.FontChange, QEvent.Type.StyleChange)
        if event.type() in fonts and self.font().key() != self._fitted:
            self._fitted = self.font().key()
            self._fit(self.text(), anew=True)

    def _fit(self, text: str, *, anew: bool = False) -> None:
        metrics = self.fontMetrics()
        needed = ceil(metrics.horizontalAdvance(text)) + 2 * self.margin() + 1
        if anew or needed > self.minimumWidth() or needed < self.minimumWidth() - SPARE:
            self.setFixedSize(needed, metrics.height())
