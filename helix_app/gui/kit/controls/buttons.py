"""Buttons of the window: an icon that follows the theme, a box to check, and a picker with a menu of choices."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QPoint, QRect, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup, QColor, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QCheckBox, QMenu, QPushButton, QSizePolicy, QWidget

from helix_app.gui.glossary import terms
from helix_app.gui.look.icons import icon
from helix_app.gui.look.theme import CONTROL, RADIUS, Theme

BOX = 16  # side of a box to check
ICON_GAP = 4  # pixels between icon and text, on top of the style's own


class ThemedButton(QPushButton):
    """A button whose icon takes the colour of its text; one of an icon alone has its name as tooltip.

    Attributes:
        kind: ``primary``, ``secondary``, ``ghost``, ``link``, ``icon``, ``smallicon`` or ``round``.
    """

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        *,
        symbol: str = "",
        kind: str = "secondary",
        name: str = "",
        tip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.kind = kind
        self._theme = theme
        self._symbol = symbol
        self.setProperty("kind", kind)
        self.setAccessibleName(name or text)
        self.setToolTip(tip or ("" if text else name))
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click leaves the cursor in the composer
        self.setAutoDefault(False)
        self._gap = ICON_GAP if text else 0
        self.setIconSize(QSize(16 + self._gap, 16))
        self.setCursor(Qt.CursorShape.PointingHandCursor if kind == "link" else Qt.CursorShape.ArrowCursor)
        theme.changed.connect(self.on_theme_changed)
        self.on_theme_changed()

    def set_symbol(self, symbol: str) -> None:
        """Show another icon."""
        if symbol != self._symbol:
            self._symbol = symbol
            self.on_theme_changed()

    def on_theme_changed(self) -> None:
        """Recolour the icon, where there is one by now."""
        if not self._symbol:
            return
        p = self._theme.palette
        colour = p.on_accent if self.kind == "primary" else p.muted if "icon" in self.kind else p.text
        if self.kind == "link":
            colour = p.accent_text
        self.setIcon(icon(self._symbol, colour, p.disabled, gap=self._gap))


class CheckBox(QCheckBox):
    """A box to check in the colours of the theme; a click on its text counts."""

    def __init__(self, theme: Theme, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        self._theme = theme
        self.setAccessibleName(text)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        return QSize(BOX + 8 + self.fontMetrics().horizontalAdvance(self.text()), CONTROL)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def hitButton(self, position: QPoint) -> bool:
        return self.rect().contains(position)

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRect(0, (self.height() - BOX) // 2, BOX, BOX)
        checked, focused, hovered = self.isChecked(), self.hasFocus(), self.underMouse()
        if not self.isEnabled():
            back = edge = p.disabled if checked else p.control
            back = back if checked else p.panel
        elif checked:
            back = p.accent_hover if hovered else p.accent
            edge = p.text if focused else back
        else:
            back = p.hover if hovered else p.raised
            edge = p.accent if focused else p.control
        inset = 1.0 if focused else 0.5
        painter.setPen(QPen(QColor(edge), 2 * inset))
        painter.setBrush(QColor(back))
        painter.drawRoundedRect(QRectF(box).adjusted(inset, inset, -inset, -inset), 4, 4)
        if checked:
            icon("check", p.on_accent).paint(painter, box.adjusted(1, 1, -1, -1))
        painter.setPen(QColor(p.text if self.isEnabled() else p.disabled))
        text = self.rect().adjusted(BOX + 8, 0, 0, 0)
        painter.drawText(text, Qt.AlignmentFlag.AlignVCenter, self.text())
        painter.end()


@dataclass(frozen=True)
class Choice:
    """One line of a picker's menu.

    Attributes:
        value: what is picked; empty text with ``separator``.
        label: what the menu says.
        detail: muted text at the right end of the line.
        symbol: name of an icon.
        short: what the closed picker shows; the label when empty.
        enabled: False shows it greyed out.
        tip: why, or anything else that takes a sentence.
        separator: a line between groups instead of a choice.
    """

    value: str = ""
    label: str = ""
    detail: str = ""
    symbol: str = ""
    short: str = ""
    enabled: bool = True
    separator: bool = False
    tip: str = ""


SEPARATOR = Choice(separator=True)


class Picker(QPushButton):
    """A 32-pixel control that shows a caption and a value and opens a menu of choices.

    Attributes:
        value: the value picked last.
        captioned: whether the caption is shown where there is one.

    Signals:
        picked: a person chose this value from the menu.
    """

    picked = Signal(str)

    def __init__(
        self,
        theme: Theme,
        caption: str,
        name: str,
        *,
        least: int = 64,
        term: str = "",
        parent: QWidget | None = None,
    ) -> None:
        """
        Args:
            term: of the glossary, for the tooltip and F1.
        """
        super().__init__(parent)
        self._term = term
        self._theme = theme
        self._caption = caption
        self._name = name
        self._least = least
        self._choices: tuple[Choice, ...] = ()
        self._below: tuple[Picker, ...] = ()
        self.captioned = True
        self._shown = ""
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)  # painted anew when the pointer comes or goes
        self.value = ""
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill_menu)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAutoDefault(False)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.clicked.connect(self.open_menu)
        theme.changed.connect(self.update)

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Replace the menu; the value stays."""
        self._choices = tuple(choices)
        self._refresh()

    def choices(self) -> tuple[Choice, ...]:
        """The lines of the menu."""
        return self._choices

    def set_value(self, value: str, shown: str = "") -> None:
        """Show a value without emitting; ``shown`` replaces its label, as in "Auto: CPU"."""
        self.value = value
        self._shown = shown
        self._refresh()

    def shown(self) -> str:
        """The text of the value as the closed control shows it."""
        if self._shown:
            return self._shown
        for choice in self._choices:
            if choice.value == self.value and not choice.separator:
                return choice.short or choice.label
        return self.value

    def pick(self, value: str) -> None:
        """Choose a value as a click in the menu does."""
        self.picked.emit(value)

    def open_menu(self) -> None:
        """Open the menu below the control."""
        self._menu.setMinimumWidth(self.width())
        self._menu.popup(self.mapToGlobal(QPoint(0, self.height() + 4)))

    def menu_actions(self) -> list[QAction]:
        """The actions of the menu as it would open now."""
        self._fill_menu()
        return self._menu.actions()

    def _refresh(self) -> None:
        self.setAccessibleDescription(self.shown())
        lead = self.tr("{name}: {value}").format(name=self._name, value=self.shown())
        if self._term:
            terms.give(self, self._term, lead)
        else:
            self.setToolTip(lead)
        for picker in (self, *self._below):
            picker.updateGeometry()
        self.update()

    def _fill_menu(self) -> None:
        menu = self._menu
        menu.clear()
        group = QActionGroup(menu)
        colour = self._theme.palette.muted
        menu.setToolTipsVisible(any(choice.tip for choice in self._choices))
        for choice in self._choices:
            if choice.separator:
                menu.addSeparator()
                continue
            text = choice.label.replace("&", "&&")
            action = menu.addAction(f"{text}\t{choice.detail}" if choice.detail else text)
            action.setEnabled(choice.enabled)
            action.setToolTip(choice.tip)
            selected = choice.value == self.value
            symbol = choice.symbol or ("check" if selected else "")
            if symbol:
                action.setIcon(icon(symbol, self._theme.palette.accent_text if selected else colour))
            group.addAction(action)
            action.triggered.connect(lambda _=False, value=choice.value: self.picked.emit(value))

    def sizeHint(self) -> QSize:
        return QSize(max(picker.wanted_width() for picker in (self, *self._below)), CONTROL)

    def wanted_width(self, captioned: bool | None = None) -> int:
        """Pixels that its value needs, and its caption where that is shown or ``captioned`` says so."""
        metrics = self.fontMetrics()
        width = metrics.horizontalAdvance(self.shown()) + 1 + 12 + 8 + 16 + 8
        if self._caption and (self.captioned if captioned is None else captioned):
            width += metrics.horizontalAdvance(self._caption) + 8
        return max(self._least, width)

    def show_caption(self, shown: bool) -> None:
        """Whether there is room for the caption."""
        if shown != self.captioned:
            self.captioned = shown
            self.updateGeometry()
            self.update()

    def align(self, other: Picker) -> None:
        """Be as wide as another one, which stands above or below."""
        self._below, other._below = (other,), (self,)
        for picker in (self, other):
            picker.updateGeometry()

    def minimumSizeHint(self) -> QSize:
        return QSize(self._least, CONTROL)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_F4):
            self.open_menu()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        p = self._theme.palette
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        focused, enabled = self.hasFocus(), self.isEnabled()
        back = p.pressed if self.isDown() else p.hover if self.underMouse() and enabled else p.raised
        pen = QPen(QColor(p.accent if focused else p.control), 2 if focused else 1)
        inset = 1.0 if focused else 0.5
        painter.setPen(pen)
        painter.setBrush(QColor(back if enabled else p.panel))
        painter.drawRoundedRect(self.rect().toRectF().adjusted(inset, inset, -inset, -inset), RADIUS, RADIUS)
        metrics = self.fontMetrics()
        left, right = 12, self.width() - 8 - 16 - 4
        value_width = metrics.horizontalAdvance(self.shown()) + 1  # which rounds a part of a pixel away
        room = right - left - metrics.horizontalAdvance(self._caption) - 8
        whole_alone = room < value_width <= right - left  # the value would be cut for the caption's sake
        if self._caption and self.captioned and room >= min(value_width, 72) and not whole_alone:
            painter.setPen(QColor(p.muted if enabled else p.disabled))
            width = metrics.horizontalAdvance(self._caption)
            painter.drawText(QRect(left, 0, width, self.height()), Qt.AlignmentFlag.AlignVCenter, self._caption)
            left += width + 8
        painter.setPen(QColor(p.text if enabled else p.disabled))
        text = metrics.elidedText(self.shown(), Qt.TextElideMode.ElideRight, max(0, right - left))
        painter.drawText(QRect(left, 0, right - left, self.height()), Qt.AlignmentFlag.AlignVCenter, text)
        chevron = icon("chevron-down", p.muted if enabled else p.disabled)
        chevron.paint(painter, QRect(self.width() - 24, (self.height() - 16) // 2, 16, 16))
        painter.end()
