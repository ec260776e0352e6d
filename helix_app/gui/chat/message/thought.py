"""What a model thought before it answered: folded to a line with its time and tokens, until somebody looks."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from helix_app.base.messages import fill
from helix_app.gui.chat.column import Column
from helix_app.gui.chat.text.blocks import BlockStack
from helix_app.gui.chat.text.markdown import MarkdownStream
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme


def heading(open_: bool, seconds: float, tokens: int) -> str:
    """``Thought for 3.2 s, 120 tokens``; figures that nobody took are left out."""

    def tr(text: str) -> str:
        return QCoreApplication.translate("thought", text)

    if open_:
        words = tr("Thinking for {t}, {n:token|tokens}") if seconds and tokens else tr("Thinking…")
    else:
        words = tr("Thought for {t}, {n:token|tokens}") if seconds and tokens else tr("Thoughts")
    return fill(words, t=figures.seconds(seconds), n=tokens)


class Thought(Column):
    """The line, and below it the text while it is unfolded.

    Attributes:
        line: folds and unfolds.
    """

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._stream = MarkdownStream()
        self._text: list[str] = []
        self._body: BlockStack | None = None
        self.line = ThemedButton(theme, "", symbol="chevron-right", kind="link")
        self.line.setCheckable(True)
        self.line.toggled.connect(self._on_toggled)
        self.add(self.line)
        self.tell(True, 0.0, 0)

    def text(self) -> str:
        """All of it so far."""
        return "".join(self._text)

    def append(self, text: str) -> None:
        """More of it came; nothing of it is laid out while it is folded."""
        self._text.append(text)
        self._stream.feed(text)
        if self._body is not None:
            self._body.show_stream(self._stream)

    def tell(self, open_: bool, seconds: float, tokens: int) -> None:
        """Whether more may come, how long it took and how many tokens; 0 where nobody took that."""
        text = heading(open_, seconds, tokens)
        if text != self.line.text():
            self.line.setText(text)
            self.line.setAccessibleName(text)
            self.line.setFixedWidth(self.line.sizeHint().width())
            self.relayout(0)

    def _on_toggled(self, unfolded: bool) -> None:
        self.line.set_symbol("chevron-down" if unfolded else "chevron-right")
        if self._body is not None:
            self.remove(self._body)
            self._body = None
        if unfolded:
            self._body = BlockStack(self._theme)
            self.add(self._body, 4)
            self._body.show_stream(self._stream)
