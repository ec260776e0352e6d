"""SVG icons in one stroke style, recoloured by the theme and sharp at every scale."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from helix_app.base.process import paths

SCALES = (1.0, 1.25, 1.5, 1.75, 2.0, 2.5, 3.0)


@lru_cache(maxsize=128)
def _source(name: str) -> str:
    return paths.resource("icons", f"{name}.svg").read_text(encoding="utf-8")


def pixmap(name: str, colour: str, size: int, scale: float, gap: int = 0) -> QPixmap:
    """The icon as a picture of ``size`` device-independent pixels, and ``gap`` empty ones to its right."""
    side = round(size * scale)
    picture = QPixmap(QSize(round((size + gap) * scale), side))
    picture.fill(Qt.GlobalColor.transparent)
    renderer = QSvgRenderer(QByteArray(_source(name).replace("currentColor", colour).encode()))
    painter = QPainter(picture)
    renderer.render(painter, QRectF(0, 0, side, side))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return picture


@lru_cache(maxsize=512)
def icon(name: str, colour: str, disabled: str = "", size: int = 16, gap: int = 0) -> QIcon:
    """The icon in a colour, and in another one while its control is disabled."""
    result = QIcon()
    for scale in SCALES:
        drawn = pixmap(name, colour, size, scale, gap)
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Active, QIcon.Mode.Selected):
            result.addPixmap(drawn, mode)
        if disabled:
            result.addPixmap(pixmap(name, disabled, size, scale, gap), QIcon.Mode.Disabled)
    return result
