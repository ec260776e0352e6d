"""Any view as a picture: PNG with twice the pixels, or SVG."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QContextMenuEvent, QImage, QPainter
from PySide6.QtSvg import QSvgGenerator
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from helix_app.gui.kit.open_dialogs import ask_save

SCALE = 2.0


def tr(text: str) -> str:
    """Translate in the context of pictures."""
    return QCoreApplication.translate("pictures", text)


def save_picture(widget: QWidget, path: Path) -> bool:
    """Draw a widget as it is seen into a file; ``.svg`` makes vectors, anything else an image. False: not written."""
    backed = widget.palette().color(widget.backgroundRole())
    if path.suffix.lower() == ".svg":
        drawing = QSvgGenerator()
        drawing.setFileName(str(path))
        drawing.setSize(widget.size())
        drawing.setViewBox(QRect(QPoint(0, 0), widget.size()))
        drawing.setTitle(widget.accessibleName() or "Helix")
        painter = QPainter()
        if not painter.begin(drawing):
            return False
        painter.fillRect(widget.rect(), backed)
        widget.render(painter, QPoint(0, 0))
        painter.end()
        return path.is_file() and path.stat().st_size > 0
    image = QImage(widget.size() * SCALE, QImage.Format.Format_ARGB32_Premultiplied)
    image.setDevicePixelRatio(SCALE)
    image.fill(backed)
    widget.render(image, QPoint(0, 0))
    return image.save(str(path))


def ask_and_save(widget: QWidget, name: str) -> None:
    """Let the person choose a file and draw the widget into it."""
    kinds = tr("PNG picture (*.png);;SVG drawing (*.svg)")
    chosen, kind = ask_save(widget, tr("Save picture"), f"{name}.png", kinds)
    if not chosen:
        return
    path = Path(chosen)
    if path.suffix.lower() not in (".png", ".svg"):
        path = path.with_name(path.name + (".svg" if "svg" in kind else ".png"))
    if not save_picture(widget, path):
        text = tr("The picture could not be saved as {file}. Choose a folder that you may write to.")
        QMessageBox.warning(widget.window(), tr("Save picture"), text.format(file=path))


class PictureMenu(QObject):
    """Gives a widget the context menu entry "Save picture…"; ``whole`` is what is drawn, the widget by default."""

    def __init__(self, widget: QWidget, name: str, whole: QWidget | None = None) -> None:
        super().__init__(widget)
        self._widget, self._name, self._whole = widget, name, whole or widget
        widget.installEventFilter(self)

    def menu(self) -> QMenu:
        """The menu as it opens."""
        menu = QMenu(self._widget)
        menu.addAction(tr("Save picture…"), lambda: ask_and_save(self._whole, self._name))
        return menu

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ContextMenu and isinstance(event, QContextMenuEvent):
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())
            return True
        return super().eventFilter(watched, event)
