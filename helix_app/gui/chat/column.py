"""A stack of widgets that lays out only what changed.

Qt's own layouts ask every child again when one grows. Here a child that grows moves only what is below
it, so a reply of thousands of blocks costs as much per frame as a short one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QWidget


@dataclass
class _Row:
    widget: QWidget
    gap: int
    top: int = 0
    height: int = 0


class Column(QWidget):
    """Widgets below each other, each as high as its ``height_for(width)`` says.

    Signals:
        height_changed: the whole column needs another height now.
    """

    height_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._rows: list[_Row] = []
        self._height = 0
        self._laid_width = -1
        self.setAttribute(Qt.WidgetAttribute.WA_NoSystemBackground)

    def add(self, widget: QWidget, gap: int = 0) -> None:
        """Put a widget at the end, ``gap`` pixels below the one before."""
        self.insert(len(self._rows), widget, gap)

    def insert(self, index: int, widget: QWidget, gap: int = 0) -> None:
        """Put a widget before row ``index``."""
        self.insert_all(index, [(widget, gap)])

    def insert_all(self, index: int, rows: Sequence[tuple[QWidget, int]]) -> None:
        """Put widgets with their gaps before row ``index``, and lay out once. What is below only moves."""
        for widget, _gap in rows:
            widget.setParent(self)
            changed = getattr(widget, "height_changed", None)
            if changed is not None:
                changed.connect(self.on_child_height_changed)
        self._rows[index:index] = [_Row(widget, gap) for widget, gap in rows]
        self.relayout(index)
        for widget, _gap in rows:
            widget.show()

    def remove(self, widget: QWidget) -> None:
        """Take a widget out and delete it."""
        index = self.index_of(widget)
        self._rows.pop(index)
        widget.hide()
        widget.setParent(None)
        widget.deleteLater()
        self.relayout(index)

    def replace(self, widget: QWidget, other: QWidget) -> None:
        """Take a widget out and delete it; another one stands in its place."""
        index = self.index_of(widget)
        gap = self._rows[index].gap
        self.remove(widget)
        self.insert(index, other, gap)

    def set_gap(self, index: int, gap: int) -> None:
        """Change the distance of a row to the one above it."""
        if self._rows[index].gap != gap:
            self._rows[index].gap = gap
            self.relayout(index)

    def widgets(self) -> list[QWidget]:
        """The widgets from top to bottom."""
        return [row.widget for row in self._rows]

    def index_of(self, widget: QWidget) -> int:
        """Row of a widget; looks from the end, where changes happen."""
        for index in range(len(self._rows) - 1, -1, -1):
            if self._rows[index].widget is widget:
                return index
        raise ValueError("not in this column")

    def content_height(self) -> int:
        """Height that all rows need at the present width."""
        return self._height

    def height_for(self, width: int) -> int:
        """Height at a width; lays everything out when the width is another one."""
        if width != self._laid_width:
            self._laid_width = width
            self._place(0)
        return self._height

    def relayout(self, start: int = 0) -> None:
        """Ask the rows from ``start`` on for their height and place them."""
        if self._laid_width < 0:
            self._laid_width = self.width()
        before = self._height
        self._place(start)
        if self._height != before:
            self.height_changed.emit()

    def on_child_height_changed(self) -> None:
        """A child needs another height."""
        child = self.sender()
        if isinstance(child, QWidget) and any(row.widget is child for row in reversed(self._rows)):
            self.relayout(self.index_of(child))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self.width() != self._laid_width:
            self._laid_width = self.width()
            self.relayout(0)

    def _place(self, start: int) -> None:
        top = self._rows[start - 1].top + self._rows[start - 1].height if start else 0
        width = self._laid_width
        for index in range(start, len(self._rows)):
            row = self._rows[index]
            if not row.widget.isHidden() or row.height == 0:
                row.height = _height(row.widget, width)
            top += row.gap if index else 0
            row.top = top
            row.widget.setGeometry(0, top, width, row.height)
            top += row.height
        self._height = top


def _height(widget: QWidget, width: int) -> int:
    own = getattr(widget, "height_for", None)
    if own is not None:
        return int(own(width))
    if widget.hasHeightForWidth():
        return widget.heightForWidth(width)
    return widget.sizeHint().height()
