"""What the person wrote, to the right; as part of a text at its left, above what continues it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from helix_app.gui.chat.message.edit_box import EditBox
from helix_app.gui.chat.message.versions import VersionSwitch
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.chat.text.fences import fenced
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

PADDING = 12
CODE_GAP = 8  # above and below a code block
SHOWN_AT_FIRST = 1200  # characters of a long message that are shown until the person asks for all
PIECE = 4000  # characters laid out at a time
BUBBLE_CHARACTERS = 72
BAR, BAR_GAP = 26, 4  # height of the actions below it, or their distance where they stand beside it
SAMPLE = "The quick brown fox jumps over the lazy dog and runs away from it, again and again. "


def text_width(theme: Theme, characters: int) -> int:
    """Width of that many characters of ordinary text."""
    metrics = QFontMetricsF(theme.fonts.chat)
    return round(metrics.horizontalAdvance(SAMPLE) / len(SAMPLE) * characters)


class UserBubble(QWidget):
    """A message of the person, with what can be done with it below.

    Attributes:
        message_id: of the message it shows; empty where it stands alone.
        when: the time when it was sent, where that is of interest.
        versions: which version is shown.
        edit, more: write it anew, and everything else.
        box: its text while that is written anew.

    Signals:
        height_changed: it needs another height.
        edited: the text that is to stand beside this one as another version.
        menu_requested: what else can be done with it is asked for, at this place of the screen.
    """

    height_changed = Signal()
    edited = Signal(str)
    menu_requested = Signal(QPoint)

    def __init__(self, theme: Theme, text: str, message_id: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.message_id = message_id
        self._theme = theme
        self._text = text
        self._rest = deque(fenced(text))  # what is not shown yet
        self._parts: list[TextBlock | CodeBlock] = []
        self._goes_on = False  # the last part is not shown to its end
        self._plain = False  # it is part of a text, which nobody says
        self._box = (0, 0, 0, 0)
        self.box: EditBox | None = None
        self._more = ThemedButton(theme, "", kind="link", parent=self)
        self._more.hide()
        self._more.clicked.connect(self.on_more_clicked)
        self._grow = QTimer(self)
        self._grow.setInterval(0)
        self._grow.timeout.connect(self.on_grow)
        long = len(text) > SHOWN_AT_FIRST + 1000
        if long:
            self._more.setText(self.tr("Show all {n} characters").format(n=figures.count(len(text))))
            self._more.setAccessibleName(self._more.text())
            self._more.show()
        self._append(SHOWN_AT_FIRST if long else len(text))
        self._make_bar(theme)
        self._name()
        theme.changed.connect(self.update)

    def _make_bar(self, theme: Theme) -> None:
        self.versions = VersionSwitch(theme)
        self.edit = ThemedButton(theme, symbol="edit", kind="smallicon", name=self.tr("Edit this message"))
        self.edit.setToolTip(self.tr("Edit; the present version and its answers stay"))
        self.edit.clicked.connect(self.begin_edit)
        self.more = ThemedButton(theme, symbol="more", kind="smallicon", name=self.tr("More about this message"))
        self.more.setToolTip(self.tr("More"))
        self.more.clicked.connect(lambda: self.menu_requested.emit(self.more.mapToGlobal(QPoint(0, BAR))))
        self.when = QLabel()
        self.when.setProperty("tone", "muted")
        self.when.setFont(theme.fonts.small)
        self.when.hide()
        self._bar = QWidget(self)
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addStretch()
        for widget in (self.when, self.versions, self.edit, self.more):
            row.addWidget(widget)
        self._bar.setVisible(bool(self.message_id))

    def _name(self) -> None:
        words = self.tr("Part of the text: {text}") if self._plain else self.tr("You: {text}")
        self.setAccessibleName(words.format(text=self._text[:2000]))

    def set_plain(self, plain: bool) -> None:
        """Whether it is part of a text that is continued, rather than a message."""
        if plain != self._plain:
            self._plain = plain
            self._name()
            self.height_changed.emit()
            self.update()

    def text(self) -> str:
        """The whole message."""
        return self._text

    def text_blocks(self) -> list[TextBlock]:
        """Its text."""
        shown = [] if self.box is not None else self._parts
        return [part.body if isinstance(part, CodeBlock) else part for part in shown]

    def show_version(self, number: int, count: int) -> None:
        """Which version of the message this is."""
        self.versions.show_version(number, count)

    def show_time(self, text: str, moment: str) -> None:
        """Say when it was sent: a text for all to see, empty for none, and the whole of it on demand."""
        changed = text != self.when.text()
        self.when.setText(text)
        self.when.setVisible(bool(text))
        self._bar.setToolTip(moment)
        if changed:  # as part of a text it stands beside that, which has less room then
            self.height_changed.emit()

    # ------------------------------------------------------------------ writing it anew

    def begin_edit(self) -> None:
        """Let it be written anew, in its place."""
        if self.box is None:
            self.box = EditBox(self._theme, self._text, self, exact=self._plain)
            self.box.sent.connect(self._on_sent)
            self.box.cancelled.connect(self.end_edit)
            self.box.height_changed.connect(self.height_changed)
            self._show_parts()
            self.box.show()
            self.box.take_cursor()

    def end_edit(self) -> None:
        """It stays as it was."""
        if self.box is not None:
            self.box.hide()
            self.box.deleteLater()
            self.box = None
            self._show_parts()
            self.edit.setFocus()

    def _on_sent(self, text: str) -> None:
        if text == (self._text if self._plain else self._text.strip()):
            self.end_edit()
        else:
            self.edited.emit(text)  # it stands beside this one then; until it does, nothing of it is lost

    def _show_parts(self) -> None:
        editing = self.box is not None
        for part in self._parts:
            part.setVisible(not editing)
        self._more.setVisible(bool(self._rest) and not editing and not self._grow.isActive())
        self._bar.setVisible(bool(self.message_id) and not editing)
        self.height_changed.emit()
        self.update()

    # ------------------------------------------------------------------ long ones

    def on_more_clicked(self) -> None:
        """Show the rest, a piece at a time so that the window stays alive."""
        self._more.hide()
        self._grow.start()

    def show_all(self) -> None:
        """Show the rest at once."""
        while self._rest:
            self.on_grow()
        self._more.hide()

    def on_grow(self) -> None:
        """Add one more piece."""
        self._append(PIECE)
        if not self._rest:
            self._grow.stop()
        self.height_changed.emit()

    def _append(self, count: int) -> None:
        """Show so many more characters."""
        while self._rest and (count > 0 or not self._parts):
            unit = self._rest.popleft()
            piece, left = unit.body[:count], unit.body[count:]
            count -= max(1, len(piece))
            self._show(replace(unit, body=piece))
            self._goes_on = bool(left)
            if left:
                self._rest.appendleft(replace(unit, body=left))

    def _show(self, unit: Unit) -> None:
        last = self._parts[-1] if self._goes_on else None
        if isinstance(last, CodeBlock):
            last.show_unit(replace(unit, body=last.unit.body + unit.body))
            return
        part: TextBlock | CodeBlock
        if unit.kind == "code":
            part = CodeBlock(self._theme, self)
            part.show_unit(unit)
        else:
            part = TextBlock(self._theme, self)
            part.show_plain(unit.body)
        self._parts.append(part)
        part.setVisible(self.box is None)

    # ------------------------------------------------------------------ layout

    def height_for(self, width: int) -> int:
        """Height at a width; places the text inside the bubble."""
        if self.box is not None:
            high = self.box.height_for(width)
            self.box.setGeometry(0, 0, width, high)
            self._box = (0, 0, 0, 0)
            return high
        beside = self._bar.sizeHint().width() + BAR_GAP if self._plain and self.message_id else 0
        most = min(width - beside, text_width(self._theme, BUBBLE_CHARACTERS) + 2 * PADDING) - 2 * PADDING
        for part in self._parts:
            part.height_for(most)
        inner = min(most, max(part.ideal_width() for part in self._parts) + 1)
        inner = max(inner, min(most, self._more.sizeHint().width() if self._more.isVisibleTo(self) else 0))
        left = PADDING if self._plain else width - inner - PADDING
        top = 8
        before: TextBlock | CodeBlock | None = None
        for part in self._parts:
            if before is not None and (isinstance(before, CodeBlock) or isinstance(part, CodeBlock)):
                top += CODE_GAP
            high = part.height_for(inner)
            part.setGeometry(left, top, inner, high)
            top += high
            before = part
        if self._more.isVisibleTo(self):
            self._more.setGeometry(left - 4, top + 4, self._more.sizeHint().width(), 24)
            top += 28
        self._box = (left - PADDING, 0, inner + 2 * PADDING, top + 8)
        if beside:  # the text goes on right below it
            self._bar.setGeometry(left + inner + PADDING + BAR_GAP, 4, beside - BAR_GAP, BAR)
        if beside or not self.message_id:
            return top + 8
        self._bar.setGeometry(0, top + 10, width, BAR)
        return top + 10 + BAR

    def paintEvent(self, _event: QPaintEvent) -> None:
        if self.box is not None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._theme.palette.bubble))
        painter.drawRoundedRect(*self._box, 10, 10)
        painter.end()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()  # text is copied where it is marked: the surface below has that menu
