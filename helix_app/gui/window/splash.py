"""What the screen shows while the window is being made. Imports nothing that takes long itself."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QApplication, QSplashScreen

from helix_app.base.process import paths
from helix_app.gui.look.palette import CONTRAST, DARK, LIGHT, Palette
from helix_app.gui.look.theme import RADIUS

WIDTH, HEIGHT, MARK = 320, 176, 64


def show_splash(application: QApplication, theme: str) -> QSplashScreen:
    """Show it, painted, in the colours that the window is going to have; close it when the window is there.

    Args:
        theme: ``system``, ``light``, ``dark`` or ``contrast``.
    """
    dark = theme == "dark"
    if theme == "system":
        dark = application.styleHints().colorScheme() == Qt.ColorScheme.Dark
    palette = CONTRAST if theme == "contrast" else DARK if dark else LIGHT
    splash = QSplashScreen(picture(palette, application.devicePixelRatio()))
    splash.setWindowTitle("Helix")
    splash.setAttribute(Qt.WidgetAttribute.WA_TranslucentBackground)
    splash.show()
    application.processEvents()
    return splash


def picture(palette: Palette, scale: float) -> QPixmap:
    """The mark, the name and that it is starting."""
    made = QPixmap(round(WIDTH * scale), round(HEIGHT * scale))
    made.setDevicePixelRatio(scale)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setBrush(QColor(palette.panel))
    painter.setPen(QPen(QColor(palette.control), 1))
    painter.drawRoundedRect(QRectF(0.5, 0.5, WIDTH - 1, HEIGHT - 1), 2 * RADIUS, 2 * RADIUS)
    mark = QIcon(str(paths.resource("icons", "app.svg"))).pixmap(round(MARK * scale), round(MARK * scale))
    painter.drawPixmap(QRectF((WIDTH - MARK) / 2, 24, MARK, MARK), mark, QRectF(mark.rect()))
    font = QApplication.font()
    font.setPixelSize(20)
    font.setBold(True)
    _write(painter, palette.text, 96, 28, font, "Helix")
    font.setPixelSize(13)
    font.setBold(False)
    _write(painter, palette.muted, 128, 24, font, QCoreApplication.translate("splash", "Starting…"))
    painter.end()
    return made


def _write(painter: QPainter, colour: str, top: int, height: int, font: QFont, text: str) -> None:
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(QRectF(0, top, WIDTH, height), Qt.AlignmentFlag.AlignCenter, text)
