"""A model as a row: its name, what is known of it, and what can be done with it."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.kit.controls.elided import Elided
from helix_app.gui.look.theme import Theme

WIDEST = 860
SIDE = 24
INDENT = 24


class ModelRow(QFrame):
    """Name and buttons in a line, facts below, and below them a sentence where there is one.

    Attributes:
        name, facts: the lines.
        more: the sentence.
        buttons: from left to right.
    """

    def __init__(self, theme: Theme, *, indent: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.setObjectName("modelRow")
        self.buttons: list[ThemedButton] = []
        self.name, self.facts = Elided(), Elided()
        self.name.setFont(theme.fonts.ui if indent else theme.fonts.strong)
        self.facts.setFont(theme.fonts.small)
        self.facts.setProperty("tone", "muted")
        self.more = QLabel()
        self.more.setFont(theme.fonts.small)
        self.more.setWordWrap(True)
        self.more.setTextFormat(Qt.TextFormat.PlainText)
        self.more.hide()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addWidget(self.name)
        words.addWidget(self.facts)
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addLayout(words, 1)
        self._actions = QHBoxLayout()
        self._actions.setSpacing(8)
        top.addLayout(self._actions)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(INDENT if indent else 0, 8, 0, 8)
        self.column.setSpacing(2)
        self.column.addLayout(top)
        self.column.addWidget(self.more)

    def show_words(self, name: str, facts: str, more: str = "", *, tone: str = "muted", tip: str = "") -> None:
        """Say what it is; ``tip`` is told beside the name."""
        self.name.show_text(name)
        if tip:
            self.name.setToolTip(tip)
        self.facts.show_text(facts)
        self.more.setText(more)
        self.more.setVisible(bool(more))
        if self.more.property("tone") != tone:
            self.more.setProperty("tone", tone)
            self.more.style().polish(self.more)  # the stylesheet does not see a property change by itself

    def add_button(self, text: str, name: str, *, symbol: str = "", kind: str = "secondary") -> ThemedButton:
        """A button at the right; ``name`` says which model it is about."""
        button = ThemedButton(self._theme, text, symbol=symbol, kind=kind, name=name)
        if not text:
            button.setToolTip(name)
        self.buttons.append(button)
        self._actions.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        return button


class RowList(QScrollArea):
    """Rows under each other, as wide as they are well read; made when somebody looks at them.

    Who has rows implements ``make_rows`` and calls ``refresh`` when they would be others.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._due = True
        self.setAccessibleName(name)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        surface = QWidget()
        surface.setObjectName("plainSurface")
        inner = QWidget()
        inner.setMaximumWidth(WIDEST)
        self.column = QVBoxLayout(inner)
        self.column.setContentsMargins(SIDE, 0, SIDE, 16)
        self.column.setSpacing(0)
        self.column.addStretch()
        outer = QHBoxLayout(surface)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(inner, 1)
        outer.addStretch(0)
        self.setWidget(surface)

    def make_rows(self) -> Iterable[QWidget]:
        """The rows as they are to be."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Make the rows anew, now or as soon as they are looked at."""
        self._due = True
        if self.isVisible():
            self._show_rows(self.make_rows())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._due:
            self._show_rows(self.make_rows())

    def _show_rows(self, rows: Iterable[QWidget]) -> None:
        self._due = False
        where = self.verticalScrollBar().value()
        cursor = self.focusWidget() if self.isAncestorOf(QApplication.focusWidget() or self) else None
        name = "" if cursor is None else cursor.accessibleName()
        while self.column.count() > 1:
            item = self.column.takeAt(0)
            widget = item.widget() if item is not None else None
            if widget is not None:
                widget.hide()
                widget.deleteLater()
        for widget in rows:
            self.column.insertWidget(self.column.count() - 1, widget)
            widget.show()  # or the list would be empty for a moment
        self.verticalScrollBar().setValue(where)
        again = next((b for row in self.rows() for b in row.buttons if name and b.accessibleName() == name), None)
        if again is not None:
            again.setFocus()

    def rows(self) -> list[ModelRow]:
        """The rows that are shown."""
        items = [self.column.itemAt(i) for i in range(self.column.count())]
        widgets = [item.widget() for item in items if item is not None]
        return [widget for widget in widgets if isinstance(widget, ModelRow)]

    def heading(self, text: str) -> QLabel:
        """A line above some rows."""
        label = QLabel(text)
        label.setFont(self._theme.fonts.strong)
        label.setContentsMargins(0, 16, 0, 4)
        return label

    def note(self, text: str) -> QLabel:
        """A sentence in place of rows, or above them."""
        label = QLabel(text)
        label.setProperty("tone", "muted")
        label.setWordWrap(True)
        label.setContentsMargins(0, 8, 0, 8)
        return label
