"""The rail at the left: one button a page, and the stack of pages it turns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeySequence, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QStackedWidget, QToolBar, QVBoxLayout, QWidget

from helix_app.gui.glossary import terms
from helix_app.gui.glossary.term import PROPERTY
from helix_app.gui.kit import tab_order
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import RADIUS, Theme

ICON = 20
HEIGHT = 52
LEAST_WIDTH = 64
MARGIN = 4


@dataclass(frozen=True)
class Page:
    """A page of the window.

    Attributes:
        name: what the program calls it.
        label: what people call it.
        symbol: name of its icon.
        widget: what it shows, or what makes that when it is first wanted.
        live: whether the live dock is shown beside it.
    """

    name: str
    label: str
    symbol: str
    widget: QWidget | Callable[[], QWidget]
    live: bool = False


class NavButton(QAbstractButton):
    """An icon with a short label below it; the page that is shown has a bar at its left."""

    def __init__(self, theme: Theme, label: str, symbol: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._symbol = theme, symbol
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew when the pointer comes or goes
        self.setText(label)
        self.setFont(theme.fonts.small)
        self.setAccessibleName(label)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(max(LEAST_WIDTH, self.fontMetrics().horizontalAdvance(self.text()) + 12), HEIGHT)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        chosen = self.isChecked()
        back = p.pressed if chosen or self.isDown() else p.hover if self.underMouse() else ""
        if back or self.hasFocus():
            painter.setPen(QPen(QColor(p.accent), 2) if self.hasFocus() else Qt.PenStyle.NoPen)
            painter.setBrush(QColor(back) if back else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), RADIUS, RADIUS)
        if chosen:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(p.accent))
            painter.drawRoundedRect(QRectF(2, 14, 3, self.height() - 28), 1.5, 1.5)
        colour = p.text if chosen or self.underMouse() else p.muted
        place = QRect((self.width() - ICON) // 2, 8, ICON, ICON)
        icon(self._symbol, colour, size=ICON).paint(painter, place)
        painter.setPen(QColor(colour))
        words = QRect(0, 8 + ICON, self.width(), self.height() - 12 - ICON)
        painter.drawText(words, Qt.AlignmentFlag.AlignCenter, self.text())
        painter.end()


class Navigation(QToolBar):
    """Turns the pages; a page that is added gets a button, a menu action and Ctrl with its number.

    Attributes:
        stack: the pages, for the middle of the window.
        actions_: one checkable action a page, in order.

    Signals:
        page_changed: name of the page that is shown now; empty while something covers all of them.
    """

    page_changed = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("navigation")
        self.setWindowTitle(self.tr("Pages"))
        self.setAccessibleName(self.tr("Pages"))
        self.setMovable(False)
        self.setFloatable(False)
        self.setOrientation(Qt.Orientation.Vertical)
        self.stack = QStackedWidget()
        self.actions_: list[QAction] = []
        self._pages: dict[str, Page] = {}
        self._widgets: dict[str, QWidget] = {}  # of the pages that were wanted
        self._buttons: dict[str, NavButton] = {}
        self._group = QButtonGroup(self)
        self._action_group = QActionGroup(self)
        rail = QWidget()
        self._column = QVBoxLayout(rail)
        self._column.setContentsMargins(MARGIN, 8, MARGIN, 8)
        self._column.setSpacing(4)
        self._column.addStretch()
        self.addWidget(rail)

    def add(self, page: Page) -> QAction:
        """Register a page; returns its action for the menu."""
        number = len(self._pages) + 1
        button = NavButton(self._theme, page.label, page.symbol)
        action = QAction(page.label, self)
        action.setCheckable(True)
        if number <= 9:
            action.setShortcut(QKeySequence(f"Ctrl+{number}"))
            button.setToolTip(page.label)
        if terms.find(term := f"page_{page.name}") is not None:
            button.setProperty(PROPERTY, term)
        self._pages[page.name], self._buttons[page.name] = page, button
        self._group.addButton(button)
        self._action_group.addAction(action)
        self.actions_.append(action)
        self._column.insertWidget(number - 1, button)
        if isinstance(page.widget, QWidget):
            self._take(page, page.widget)
        button.clicked.connect(lambda: self.show_page(page.name))
        button.toggled.connect(action.setChecked)
        action.triggered.connect(lambda: self.show_page(page.name))
        return action

    def under(self, strip: QWidget) -> QWidget:
        """The stack below a strip: the middle of the window, which takes the cursor where it is clicked."""
        middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(strip)
        column.addWidget(self.stack, 1)
        middle.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
        return middle

    def pages(self) -> tuple[Page, ...]:
        """The pages in the order of the rail."""
        return tuple(self._pages.values())

    def button(self, name: str) -> NavButton:
        """The button of a page."""
        return self._buttons[name]

    @property
    def current(self) -> Page | None:
        """The page that is shown; None while something covers all of them."""
        shown = self.stack.currentWidget()
        return next((self._pages[name] for name, widget in self._widgets.items() if widget is shown), None)

    def widget(self, name: str) -> QWidget:
        """What a page shows; it is made now if it was not wanted before."""
        page = self._pages[name]
        if name not in self._widgets and not isinstance(page.widget, QWidget):
            made = page.widget()
            self._take(page, made)
            tab_order.join(made, self.stack)
        return self._widgets[name]

    def show_page(self, name: str) -> None:
        """Turn to a page."""
        self._turn(self.widget(name), name)

    def cover(self, widget: QWidget) -> None:
        """Show something in place of all pages, and no rail."""
        self._turn(widget, "")

    def _take(self, page: Page, widget: QWidget) -> None:
        self._widgets[page.name] = widget
        if terms.find(term := f"page_{page.name}") is not None:
            widget.setProperty(PROPERTY, term)
        self.stack.addWidget(widget)

    def _turn(self, widget: QWidget, name: str) -> None:
        if self.stack.indexOf(widget) < 0:
            self.stack.addWidget(widget)
        self.stack.setCurrentWidget(widget)
        self.setVisible(bool(name))
        for action in self.actions_:
            action.setEnabled(bool(name))
        if name:
            self._buttons[name].setChecked(True)
        self.page_changed.emit(name)
