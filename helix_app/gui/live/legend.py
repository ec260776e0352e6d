"""What the cells of the block map mean, drawn by the same code as the map."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from helix_app.gui.live.block_map import cell_colours
from helix_app.gui.live.pool import draw_cells
from helix_app.gui.look.theme import Theme
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_FREE, BLOCK_PASSED, BLOCK_SHARED, BLOCK_USED, NO_OWNER
from helix_app.runs.pool_state import CELL

SIDE = 11
LINE = 20
BLOCK = 16


class Legend(QWidget):
    """Small cells with words, wrapped to the width."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        # state, fill, speculative, group, refcount, owner
        self._entries: list[tuple[str, tuple[int, ...]]] = [
            (self.tr("free"), (BLOCK_FREE, 0, 0, 0, 0, NO_OWNER)),
            (self.tr("used, hue by sequence"), (BLOCK_USED, BLOCK, 0, 0, 1, 0)),
            (self.tr("part-filled"), (BLOCK_USED, BLOCK // 2, 0, 0, 1, 0)),
            (self.tr("draft"), (BLOCK_USED, 12, 6, 0, 1, 0)),
            (self.tr("shared"), (BLOCK_SHARED, BLOCK, 0, 0, 2, 0)),
            (self.tr("cached"), (BLOCK_CACHED, BLOCK, 0, 0, 0, 0)),
        ]
        self._windowed = (self.tr("out of the window"), (BLOCK_PASSED, BLOCK, 0, 0, 0, 0))
        self._say()
        self.setFont(theme.fonts.small)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def _say(self) -> None:
        self.setAccessibleName(self.tr("Legend: {words}").format(words=", ".join(text for text, _ in self._entries)))

    def show_windows(self, windows: Sequence[int]) -> None:
        """Name blocks that fell out of a window where layers have one; ``windows``: of all groups, 0 for none."""
        if any(windows) != (self._windowed in self._entries):
            if any(windows):
                self._entries.append(self._windowed)
            else:
                self._entries.remove(self._windowed)
            self._say()
            self._fit()
            self.update()

    def _fit(self) -> None:
        self.setFixedHeight(self._places(self.width())[-1].bottom() + 1)

    def _places(self, width: int) -> list[QRect]:
        metrics = self.fontMetrics()
        places: list[QRect] = []
        x = y = 0
        for text, _cell in self._entries:
            wide = SIDE + 6 + metrics.horizontalAdvance(text)
            if x and x + wide > width:
                x, y = 0, y + LINE
            places.append(QRect(x, y, wide, LINE))
            x += wide + 12
        return places

    def sizeHint(self) -> QSize:
        return QSize(280, 2 * LINE)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        scale = self.devicePixelRatioF()
        cells = np.array([cell for _text, cell in self._entries], CELL)
        side = round(SIDE * scale)
        flags = int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        pictures = draw_cells(cells, BLOCK, side, max(1, round(scale)), cell_colours(self._theme))
        for index, place in enumerate(self._places(self.width())):
            image = QImage(pictures[index].tobytes(), side, side, side * 4, QImage.Format.Format_ARGB32)
            image.setDevicePixelRatio(scale)
            painter.drawImage(place.x(), place.y() + (LINE - SIDE) // 2, image)
            painter.setPen(self._theme.colour("muted"))
            text = place.adjusted(SIDE + 6, 0, 4, 0)
            painter.drawText(text, flags, self._entries[index][0])
        painter.end()
