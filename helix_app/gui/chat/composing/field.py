"""The field that messages are written in: its keys, its height, and what is pasted or dropped."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import (
    QDragEnterEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QFontMetrics,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QResizeEvent,
)
from PySide6.QtWidgets import QFrame, QPlainTextEdit, QWidget

from helix_app.gui.kit.dragging import accept_copy, local_files, window_takes
from helix_app.gui.kit.keys import spelled
from helix_app.gui.look.theme import Theme

MOST_LINES = 8
LONG_PASTE = 8000  # characters; a longer paste becomes an attachment instead of text to lay out
LONG_LINES = 60  # and so does one of more lines


def _redoes(event: QEvent) -> bool:
    return isinstance(event, QKeyEvent) and event.matches(QKeySequence.StandardKey.Redo)


class ComposerText(QPlainTextEdit):
    """The text field: Enter sends, Shift+Enter begins a new line, it grows to ``most_lines``.

    Where it is not ``enter_sends``, Enter begins a line as well, and Ctrl+Enter sends.

    Attributes:
        takes_files: what hears ``files_given`` makes something of them.
        passes_on: whether files that are dropped on it, or pasted, are for the window around it.

    Signals:
        submitted: Enter was pressed.
        stopped: Escape was pressed.
        recalled: Up was pressed while it was empty.
        pasted_long: a paste too long to edit comfortably.
        focus_changed: it got or lost the cursor.
        paged: Page Up (-1) or Page Down (1), meant for the conversation.
        files_given: paths of files that were dropped on it or pasted.
        files_passed: paths of files that were pasted and are for the window around it.
    """

    submitted = Signal()
    stopped = Signal()
    recalled = Signal()
    pasted_long = Signal(str)
    focus_changed = Signal(bool)
    paged = Signal(int)
    files_given = Signal(list)
    files_passed = Signal(list)

    def __init__(
        self,
        theme: Theme,
        parent: QWidget | None = None,
        *,
        most_lines: int = MOST_LINES,
        enter_sends: bool = True,
    ) -> None:
        super().__init__(parent)
        self._most_lines, self._enter_sends = most_lines, enter_sends
        self.takes_files = False
        self.passes_on: Callable[[list[str]], bool] = lambda _files: False
        self.setObjectName("composerText")
        self.setFont(theme.fonts.chat)
        self.setTabChangesFocus(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.document().setDocumentMargin(0)
        self._placeholder = ""
        self.setAccessibleName(self.tr("Message"))
        self.textChanged.connect(self.on_text_changed)
        theme.resized.connect(lambda: self.setFont(theme.fonts.chat))
        self.on_text_changed()

    def on_text_changed(self) -> None:
        """Grow or shrink with the text."""
        lines = min(self._most_lines, max(1, round(self.document().size().height())))
        self.setFixedHeight(math.ceil(lines * self._line_height()) + 4)
        full = self.document().size().height() > self._most_lines
        self.setVerticalScrollBarPolicy(
            Qt.ScrollBarPolicy.ScrollBarAsNeeded if full else Qt.ScrollBarPolicy.ScrollBarAlwaysOff
        )

    def _line_height(self) -> float:
        """Pixels of a line as it is laid out, which a font's own figure misses by a part of one."""
        first = self.document().firstBlock()
        laid_out = self.blockBoundingRect(first).height() / max(1, first.lineCount())
        return max(laid_out, QFontMetrics(self.font()).lineSpacing())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.on_text_changed()
            self.setPlaceholderText(self._placeholder)

    def setPlaceholderText(self, text: str) -> None:
        """What stands in it while it is empty, on one line."""
        self._placeholder = text
        room = self.viewport().width() - 4
        super().setPlaceholderText(self.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, room))

    def placeholderText(self) -> str:
        """All of what stands in it while it is empty, also where a part of it is left out."""
        return self._placeholder

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and not self.document().isRedoAvailable() and _redoes(event):
            event.ignore()  # nothing to do again here: the key is the window's
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if enter and self._sends(event.modifiers()):
            self.submitted.emit()
        elif enter:
            self.insertPlainText("\n")
            self.ensureCursorVisible()
        elif event.key() == Qt.Key.Key_Escape:
            self.stopped.emit()
        elif event.key() == Qt.Key.Key_Up and self.document().isEmpty():
            self.recalled.emit()
        elif event.key() in (Qt.Key.Key_PageUp, Qt.Key.Key_PageDown):
            self.paged.emit(-1 if event.key() == Qt.Key.Key_PageUp else 1)
        elif self._pastes_for_the_window(event):
            event.ignore()
        else:
            super().keyPressEvent(event)

    def _pastes_for_the_window(self, event: QKeyEvent) -> bool:
        """Whether files are to be pasted of which this makes nothing: they are for what is around it, as dropped."""
        pastes = event.matches(QKeySequence.StandardKey.Paste) and not self.takes_files
        return pastes and bool(local_files(QGuiApplication.clipboard().mimeData()))

    @property
    def sends_with(self) -> str:
        """The keys that send, as this computer calls them."""
        return spelled("Return" if self._enter_sends else "Ctrl+Return")

    @property
    def breaks_with(self) -> str:
        """The keys that begin a new line."""
        return spelled("Shift+Return" if self._enter_sends else "Return")

    def _sends(self, pressed: Qt.KeyboardModifier) -> bool:
        """Whether Enter sends with these keys held."""
        if pressed & (Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.AltModifier):
            return False
        return self._enter_sends or bool(pressed & Qt.KeyboardModifier.ControlModifier)

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        files = local_files(source)
        if not files:
            return super().canInsertFromMimeData(source)
        return self.takes_files or window_takes(self, files)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self._take_drag(event, super().dragEnterEvent)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self._take_drag(event, super().dragMoveEvent)

    def dropEvent(self, event: QDropEvent) -> None:
        self._take_drag(event, super().dropEvent)

    def _take_drag(self, event: QDropEvent, take: Callable[[Any], None]) -> None:
        files = local_files(event.mimeData())
        if files and (not self.takes_files or self.passes_on(files)):
            event.ignore()
            return
        take(event)
        if event.isAccepted() and files:
            accept_copy(event)

    def insertFromMimeData(self, source: QMimeData) -> None:
        files = local_files(source)
        if files:
            if self.takes_files:
                (self.files_passed if self.passes_on(files) else self.files_given).emit(files)
            else:
                window_takes(self, files, pasted=True)
            return
        text = source.text()
        if len(text) > LONG_PASTE or text.count("\n") >= LONG_LINES:
            self.pasted_long.emit(text)
        elif text:
            self.insertPlainText(text)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.focus_changed.emit(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.focus_changed.emit(False)
