"""What the person wrote, to the right."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QContextMenuEvent, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QHBoxLayout, QWidget

from helix_app.gui.chat.message.edit_box import EditBox
from helix_app.gui.chat.message.versions import VersionSwitch
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.kit import figures
from helix_app.gui.kit.buttons import ThemedButton
from helix_app.gui.look.theme import Theme

PADDING = 12
SHOWN_AT_FIRST = 1200  # characters of a long message that are shown until the person asks for all
PIECE = 4000  # characters laid out at a time
BUBBLE_CHARACTERS = 72
BAR = 26  # height of the actions below it
SAMPLE = "The quick brown fox jumps over the lazy dog and runs away from it, again and again. "


def text_width(theme: Theme, characters: int) -> int:
    """Width of that many characters of ordinary text."""
    metrics = QFontMetricsF(theme.fonts.chat)
    return round(metrics.horizontalAdvance(SAMPLE) / len(SAMPLE) * characters)


class UserBubble(QWidget):
    """A message of the person, with what can be done with it below.

    Attributes:
        message_id: of the message it shows; empty where it stands alone.
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
        self._rest = ""
        self._blocks: list[TextBlock] = []
        self._box = (0, 0, 0, 0)
        self.box: EditBox | None = None
        self._more = ThemedButton(theme, "", kind="link", parent=self)
        self._more.hide()
        self._more.clicked.connect(self.on_more_clicked)
        self._grow = QTimer(self)
        self._grow.setInterval(0)
        self._grow.timeout.connect(self.on_grow)
        shown = text
        if len(text) > SHOWN_AT_FIRST + 1000:
            shown, self._rest = text[:SHOWN_AT_FIRST], text[SHOWN_AT_FIRST:]
            self._more.setText(self.tr("Show all {n} characters").format(n=figures.count(len(text))))
            self._more.setAccessibleName(self._more.text())
            self._more.show()
        self._append(shown)
        self._make_bar(theme)
        self.setAccessibleName(self.tr("You: {text}").format(text=text[:2000]))
        theme.changed.connect(self.update)

    def _make_bar(self, theme: Theme) -> None:
        self.versions = VersionSwitch(theme)
        self.edit = ThemedButton(theme, symbol="edit", kind="smallicon", name=self.tr("Edit this message"))
        self.edit.setToolTip(self.tr("Edit; the present version and its answers stay"))
        self.edit.clicked.connect(self.begin_edit)
        self.more = ThemedButton(theme, symbol="more", kind="smallicon", name=self.tr("More about this message"))
        self.more.setToolTip(self.tr("More"))
        self.more.clicked.connect(lambda: self.menu_requested.emit(self.more.mapToGlobal(QPoint(0, BAR))))
        self._bar = QWidget(self)
        row = QHBoxLayout(self._bar)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addStretch()
        for widget in (self.versions, self.edit, self.more):
            row.addWidget(widget)
        self._bar.setVisible(bool(self.message_id))

    def text(self) -> str:
        """The whole message."""
        return self._text

    def text_blocks(self) -> list[TextBlock]:
        """Its text."""
        return [] if self.box is not None else self._blocks

    def show_version(self, number: int, count: int) -> None:
        """Which version of the message this is."""
        self.versions.show_version(number, count)

    # ------------------------------------------------------------------ writing it anew

    def begin_edit(self) -> None:
        """Let it be written anew, in its place."""
        if self.box is None:
            self.box = EditBox(self._theme, self._text, self)
            self.box.sent.connect(self._on_sent)
            self.box.cancelled.connect(self.end_edit)
            self.box.height_changed.connect(self.height_changed)
            self._show_parts()
            self.box.show()
            self.box.editor.setFocus()
            self.box.editor.moveCursor(self.box.editor.textCursor().MoveOperation.End)

    def end_edit(self) -> None:
        """It stays as it was."""
        if self.box is not None:
            self.box.hide()
            self.box.deleteLater()
            self.box = None
            self._show_parts()
            self.edit.setFocus()

    def _on_sent(self, text: str) -> None:
        self.end_edit()
        if text != self._text.strip():
            self.edited.emit(text)

    def _show_parts(self) -> None:
        editing = self.box is not None
        for block in self._blocks:
            block.setVisible(not editing)
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
        piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
        if piece:
            self._append(piece)
        if not self._rest:
            self._grow.stop()
        self.height_changed.emit()

    def _append(self, text: str) -> None:
        block = TextBlock(self._theme, self)
        block.show_plain(text)
        self._blocks.append(block)
        block.setVisible(self.box is None)

    # ------------------------------------------------------------------ layout

    def height_for(self, width: int) -> int:
        """Height at a width; places the text inside the bubble."""
        if self.box is not None:
            high = self.box.height_for(width)
            self.box.setGeometry(0, 0, width, high)
            self._box = (0, 0, 0, 0)
            return high
        most = min(width, text_width(self._theme, BUBBLE_CHARACTERS) + 2 * PADDING) - 2 * PADDING
        for block in self._blocks:
            block.height_for(most)
        inner = min(most, max(block.ideal_width() for block in self._blocks) + 1)
        inner = max(inner, min(most, self._more.sizeHint().width() if self._more.isVisibleTo(self) else 0))
        left = width - inner - PADDING
        top = 8
        for block in self._blocks:
            high = block.height_for(inner)
            block.setGeometry(left, top, inner, high)
            top += high
        if self._more.isVisibleTo(self):
            self._more.setGeometry(left - 4, top + 4, self._more.sizeHint().width(), 24)
            top += 28
        self._box = (left - PADDING, 0, inner + 2 * PADDING, top + 8)
        if not self.message_id:
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
