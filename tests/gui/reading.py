"""All that a person can read in a window: for tests of translations and of room."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QAbstractListModel, Qt, QTranslator
from PySide6.QtGui import QAction, QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QTabBar,
    QTextEdit,
    QWidget,
)

OPEN, CLOSE, PAD = "⟦", "⟧", "·"
LONGER = 0.35
NEVER = Qt.ScrollBarPolicy.ScrollBarAlwaysOff


class Pseudo(QTranslator):
    """Every text in brackets and 35 % longer: what has no brackets was not translated."""

    def isEmpty(self) -> bool:
        return False

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        return pseudo(source)


def pseudo(source: str) -> str:
    """A text in brackets, longer as a German one would be; the markup of rich text stays."""
    return f"{OPEN}{source}{PAD * max(1, round(len(source) * LONGER) - 2)}{CLOSE}" if source.strip() else source


@dataclass(frozen=True)
class Text:
    """A text and where it is.

    Attributes:
        kind: ``text``, ``tip``, ``name``, ``description``, ``placeholder``, ``title``, ``action`` or ``item``.
    """

    widget: QWidget
    kind: str
    text: str

    def __str__(self) -> str:
        around = self.widget.parentWidget()
        place = f"{type(around).__name__}/{type(self.widget).__name__}"
        return f"{place} {self.kind}: {self.text!r}"


def plain(text: str) -> str:
    """A text without markup."""
    return html.unescape(re.sub(r"<(style|head).*?</\1>|<[^>]*>", "", text, flags=re.S)).strip()


def texts(window: QWidget) -> Iterator[Text]:
    """What the visible widgets of a window say, also to screen readers, and its menus."""
    for widget in (window, *window.findChildren(QWidget)):
        if widget.isVisibleTo(window) or widget is window:
            yield from _texts_of(widget)
    for action in window.findChildren(QAction):
        if action.text() and not action.isSeparator() and action.parent() is window:
            yield Text(window, "action", action.text())
    for menu in window.findChildren(QMenu):
        if menu.title():
            yield Text(menu, "title", menu.title())


def _texts_of(widget: QWidget) -> Iterator[Text]:
    said = {
        "tip": widget.toolTip(),
        "name": widget.accessibleName(),
        "description": widget.accessibleDescription(),
    }
    if widget.isWindow():
        said["title"] = widget.windowTitle()
    if isinstance(widget, (QLabel, QAbstractButton)):
        said["text"] = widget.text()
    if isinstance(widget, (QLineEdit, QPlainTextEdit, QTextEdit)):
        said["placeholder"] = widget.placeholderText()
    for kind, text in said.items():
        if plain(text):
            yield Text(widget, kind, plain(text))
    if isinstance(widget, QComboBox):
        yield from (Text(widget, "item", widget.itemText(i)) for i in range(widget.count()))
    if isinstance(widget, QTabBar):
        yield from (Text(widget, "item", widget.tabText(i)) for i in range(widget.count()))
    if isinstance(widget, QAbstractItemView) and widget.model() is not None:
        model = widget.model()
        for row in range(min(40, model.rowCount())):
            for column in range(1 if isinstance(model, QAbstractListModel) else model.columnCount()):
                said_here = model.index(row, column).data(Qt.ItemDataRole.DisplayRole)
                if isinstance(said_here, str) and said_here:
                    yield Text(widget, "item", said_here)


def cut_off(window: QWidget) -> Iterator[Text]:
    """Labels and buttons with less room than their text needs."""
    for widget in window.findChildren(QWidget):
        if widget.isVisible() and widget.visibleRegion().boundingRect().height() > 0 and not _roomy(widget):
            yield Text(widget, "cut", plain(getattr(widget, "text", str)()))


def _roomy(widget: QWidget) -> bool:
    if isinstance(widget, QScrollArea) and widget.horizontalScrollBarPolicy() == NEVER and widget.widget() is not None:
        return widget.widget().width() <= widget.viewport().width()  # else its right edge is out of reach
    if isinstance(widget, QLabel) and widget.text():
        if widget.wordWrap():
            return widget.height() + 2 >= widget.heightForWidth(widget.width())
        inner = widget.contentsRect().width() - 2 * widget.margin()
        if widget.textFormat() == Qt.TextFormat.RichText or "<" in widget.text():
            return widget.width() + 2 >= widget.sizeHint().width()
        lines = widget.text().split("\n")
        return inner + 2 >= max(QFontMetrics(widget.font()).horizontalAdvance(line) for line in lines)
    if isinstance(widget, QAbstractButton) and widget.text():
        asked = widget.sizeHint().width()
        if isinstance(widget, QPushButton):
            asked -= 8  # of its padding
        return widget.width() + 2 >= asked
    return True


def windows() -> list[QWidget]:
    """The windows and dialogs that are open."""
    return [w for w in QApplication.topLevelWidgets() if w.isVisible() and not isinstance(w, QMenu)]
