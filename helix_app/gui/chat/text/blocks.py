"""The body of a reply: one widget a Markdown unit, of which only the last ones ever change."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.column import Column
from helix_app.gui.chat.text.code_block import CodeBlock
from helix_app.gui.chat.text.markdown import MarkdownStream
from helix_app.gui.chat.text.plain import PlainStream
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.look.theme import Theme

GAP, TIGHT, CODE_TIGHT, ABOVE_HEADING = 12, 4, 8, 20
APART = ("code", "math")  # stand a little apart even from what they belong to


class Rule(QWidget):
    """A thematic break.

    Signals:
        height_changed: never emitted; here so that all blocks are alike.
    """

    height_changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme

    def show_unit(self, unit: Unit) -> None:
        """A rule has nothing to show but itself."""

    def height_for(self, _width: int) -> int:
        """Always the same."""
        return 9

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 4, self.width(), 1, QColor(self._theme.palette.border))
        painter.end()


class BlockStack(Column):
    """The units of one reply."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._settled = 0

    def show_stream(self, stream: MarkdownStream | PlainStream) -> None:
        """Show what a stream holds; widgets of units that were finished before are not touched."""
        units = stream.done[self._settled :] + stream.open
        for offset, unit in enumerate(units):
            self._show(self._settled + offset, unit)
        widgets = self.widgets()
        for extra in widgets[self._settled + len(units) :]:
            self.remove(extra)
        self._settled = len(stream.done)

    def text_blocks(self) -> list[TextBlock]:
        """The blocks that hold text, from top to bottom."""
        out: list[TextBlock] = []
        for widget in self.widgets():
            if isinstance(widget, CodeBlock):
                out.append(widget.body)
            elif isinstance(widget, TextBlock):
                out.append(widget)
        return out

    def set_caret(self, visible: bool) -> None:
        """Show the caret at the end of the last block only."""
        blocks = self.text_blocks()
        for block in blocks[-2:-1]:
            block.set_caret(False)
        if blocks:
            blocks[-1].set_caret(visible)

    def _show(self, index: int, unit: Unit) -> None:
        wanted = CodeBlock if unit.kind == "code" else Rule if unit.kind == "rule" else TextBlock
        gap = TIGHT if unit.tight else {"heading": ABOVE_HEADING, "plain": 0}.get(unit.kind, GAP)
        widgets = self.widgets()
        before = widgets[index - 1] if index else None
        apart = isinstance(before, (CodeBlock, TextBlock)) and before.unit.kind in APART
        if unit.tight and (unit.kind in APART or apart):
            gap = CODE_TIGHT
        if index < len(widgets):
            present = widgets[index]
            if isinstance(present, wanted):
                present.show_unit(unit)
                self.set_gap(index, gap)
                return
            self.remove(present)
        block = wanted(self._theme)
        block.show_unit(unit)
        self.insert(index, block, gap)
