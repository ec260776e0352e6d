"""The text of one arm as the chat shows it, laid out anew only where it changed."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from helix_app.gui.chat.text.blocks import BlockStack
from helix_app.gui.chat.text.markdown import MarkdownStream
from helix_app.gui.chat.text.plain import PlainStream
from helix_app.gui.look.theme import Theme

MARGIN = 12
LONG = 8000  # characters; a longer text that is scrubbed backwards is shown when the hand rests
REST_MS = 120


class FormattedPane(QScrollArea):
    """A reply that grows at its end, in Markdown unless it is of a given form; a shorter text is laid out anew.

    Nothing is laid out while it is hidden.
    """

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._wanted = self._shown = ""
        self._verbatim = False
        self._stream = self._new_stream()
        self._following = True
        self.setObjectName("comparePane")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(name)
        self._content = QWidget()
        self._content.setObjectName("plainSurface")
        self._stack = self._make()
        self.setWidget(self._content)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.refresh)
        self.verticalScrollBar().valueChanged.connect(self.on_scrolled)
        self.verticalScrollBar().setSingleStep(24)

    def _make(self) -> BlockStack:
        stack = BlockStack(self._theme, self._content)
        stack.height_changed.connect(self._fit)
        return stack

    def _new_stream(self) -> MarkdownStream | PlainStream:
        return PlainStream() if self._verbatim else MarkdownStream()

    def begin(self, verbatim: bool) -> None:
        """A new reply, of which nothing is there yet; with ``verbatim`` nothing in it is Markdown."""
        self._verbatim, self._wanted = verbatim, ""
        self._rest.stop()
        self._clear()
        self.follow()

    def _clear(self) -> None:
        old, self._stream, self._shown = self._stack, self._new_stream(), ""
        self._stack = self._make()
        old.hide()
        old.deleteLater()
        self._stack.show()

    def show_text(self, text: str) -> None:
        """Show this text and no more of the reply."""
        self._wanted = text
        if not self.isVisible():
            return
        if len(text) >= len(self._shown) or len(text) < LONG:
            self._rest.stop()
            self.refresh()
        elif not self._rest.isActive():
            self._rest.start()

    def refresh(self) -> None:
        """Bring the picture up to date."""
        if self._wanted == self._shown:
            return
        if not self._wanted.startswith(self._shown):
            self._clear()
        self._stream.feed(self._wanted[len(self._shown) :])
        self._shown = self._wanted
        self._stack.show_stream(self._stream)
        self._fit()

    def shown_text(self) -> str:
        """The text that is laid out."""
        return self._shown

    def blocks(self) -> BlockStack:
        """The reply as it is laid out."""
        return self._stack

    def follow(self) -> None:
        """Keep the end in sight from now on."""
        self._following = True
        self._fit()

    def on_scrolled(self, value: int) -> None:
        """A person, or the growing text, moved the view."""
        self._following = value >= self.verticalScrollBar().maximum() - 1

    def _fit(self) -> None:
        width = self.viewport().width()
        inner = max(80, width - 2 * MARGIN)
        following = self._following
        height = self._stack.height_for(inner)
        self._content.resize(width, max(height + 2 * MARGIN, self.viewport().height()))
        self._stack.setGeometry(MARGIN, MARGIN, inner, height)
        self._following = following
        if following:
            self.verticalScrollBar().setValue(self.verticalScrollBar().maximum())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.refresh()

    def sizeHint(self) -> QSize:
        return QSize(320, 112)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, 112)
