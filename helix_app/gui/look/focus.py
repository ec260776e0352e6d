"""Where the keyboard is, for what scrolls: such widgets draw their contents and nothing of their own."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QListWidget, QPlainTextEdit, QScrollArea, QWidget

RADIUS = 6
MARGIN = 12  # pixels around what is brought into sight
COVERED = "covered"  # property of a scroll area: pixels at its lower edge that something may lie over
RINGED = "focusRing"  # property of a widget that wants one; what a scroll area shows alone has it around that
SELF_MADE = (QPlainTextEdit, QListWidget)  # the stylesheet gives them a border, or the box around them


class FocusRing(QWidget):
    """A line inside the edge of ``parent``, until ``focused`` loses the focus."""

    def __init__(self, colour: Callable[[], QColor], parent: QWidget, focused: QWidget) -> None:
        super().__init__(parent)
        self._focused = focused
        self._colour = colour
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setGeometry(parent.rect())
        parent.installEventFilter(self)
        if focused is not parent:
            focused.installEventFilter(self)
        self.show()
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and isinstance(watched, QWidget) and watched is self.parentWidget():
            self.setGeometry(watched.rect())
        elif event.type() == QEvent.Type.FocusOut and watched is self._focused:
            self.hide()
            self.deleteLater()
        return super().eventFilter(watched, event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self._colour(), 2))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        painter.end()


class FocusRings(QObject):
    """Puts a ring into each scrolling widget that gets the focus, and brings into sight what does.

    Args:
        colour: of the ring, in the theme in effect.
    """

    def __init__(self, app: QApplication, colour: Callable[[], QColor], parent: QObject) -> None:
        super().__init__(parent)
        self._colour = colour
        app.focusChanged.connect(self.on_focus_changed)

    def on_focus_changed(self, _before: QWidget | None, now: QWidget | None) -> None:
        """The focus moved."""
        if now is None:
            return
        around = scroll_area(now)
        if around is not None and hidden(around, now):
            around.ensureWidgetVisible(now, MARGIN, MARGIN + covered(around))
        if isinstance(now, QAbstractScrollArea):
            if now.objectName() == "comparePane" or not isinstance(now, SELF_MADE):
                FocusRing(self._colour, now, now)
        elif now.property(RINGED):
            FocusRing(self._colour, around if around is not None and around.widget() is now else now, now)


def scroll_area(widget: QWidget) -> QScrollArea | None:
    """The nearest one around a widget."""
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QScrollArea):
        parent = None if parent.isWindow() else parent.parentWidget()
    return parent


def covered(area: QScrollArea) -> int:
    """Pixels at the lower edge of a scroll area that something may lie over."""
    return int(area.property(COVERED) or 0)


def hidden(area: QScrollArea, widget: QWidget) -> bool:
    """Whether a widget that would have room in a scroll area is not wholly in sight."""
    place = QRect(widget.mapTo(area.viewport(), QPoint(0, 0)), widget.size())
    seen = area.viewport().rect().adjusted(0, 0, 0, -covered(area))
    return place.height() <= seen.height() and not (seen.top() <= place.top() and place.bottom() <= seen.bottom())
