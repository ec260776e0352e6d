"""Files on their way into the message that is being written."""

from __future__ import annotations

from collections import deque
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.composing.attachments import fenced, parted
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.kit.open_dialogs import ask_several
from helix_app.gui.routing import Handlers
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead
from helix_app.protocol.conversations.chats import ChangeChat
from helix_app.protocol.events import Notice


class Attaching(QObject):
    """Lets files be chosen or dropped, and puts their text beside the field.

    A file that is still being read when another conversation is shown goes into the draft of the one it was meant for.

    Signals:
        read_requested: the file of this path is to be read.
        failed: a Failed: it could not be.
        failed_too: a Failed: nor could this one of the same files.
        told: a Notice: not all of it was taken.
        draft_changed: a Conversation that has not begun and is not shown: a file came into its draft.
    """

    read_requested = Signal(str)
    failed = Signal(object)
    failed_too = Signal(object)
    told = Signal(object)
    draft_changed = Signal(object)

    def __init__(self, composer: Composer, book: ChatBook, page: QWidget) -> None:
        super().__init__(page)
        self._composer, self._book, self._page = composer, book, page
        self._left: deque[Conversation | None] = deque()  # of each file that is being read: the one left meanwhile
        self._paths: deque[str] = deque()  # of each of them
        self._told = False  # that one of the files could not be read
        composer.attach_requested.connect(self.choose)
        composer.editor.takes_files = True
        composer.editor.files_given.connect(self.read)
        book.leaving.connect(self._on_leaving)
        book.current_changed.connect(self._on_current_changed)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {
            AttachmentRead: self.on_read,
            AttachmentFailed: self.on_failed,
        }

    def choose(self) -> None:
        """Let files be chosen."""
        self.read(ask_several(self._page, self.tr("Attach a file"), self.tr("All files (*)")))

    def read(self, paths: list[str]) -> None:
        """Put the text of files into the message."""
        self._told = self._told and self._composer.reading
        for path in paths:
            self._composer.expect(Path(path).name)
            self._left.append(None)
            self._paths.append(path)
            self.read_requested.emit(path)

    def pending(self) -> list[tuple[str, str]]:
        """Path and id of the conversation, empty for one that has not begun, of each file that is still to come."""
        found = []
        for path, left, wanted in zip(self._paths, self._left, self._composer.wanted(), strict=True):
            talk = self._book.current if left is None else left
            if wanted or left is not None:
                found.append((path, talk.id if talk.known else ""))
        return found

    def on_read(self, news: AttachmentRead) -> None:
        """A file was read."""
        text, left = fenced(news.name, news.text), self._next_left()
        if not self._composer.take(text):
            if left is None:
                return
            self._add_to_draft(left, text)
        if news.left_out:
            fields = (("name", news.name), ("taken", f"{len(news.text):,}"), ("left", f"{news.left_out:,}"))
            self.told.emit(Notice("attachment_cut", fields))

    def on_failed(self, news: AttachmentFailed) -> None:
        """A file could not be read."""
        left = self._next_left()
        if not self._composer.take(None) and left is None:
            return
        (self.failed_too if self._told else self.failed).emit(news.failed)
        self._told = True

    def _next_left(self) -> Conversation | None:
        if not self._left:
            return None
        self._paths.popleft()
        return self._left.popleft()

    def _add_to_draft(self, left: Conversation, text: str) -> None:
        files, rest = parted(left.draft)
        left.draft = "\n\n".join(part for part in (*files, text, rest) if part)
        if left.known:
            self._book.ask(ChangeChat(left.id, draft=left.draft))
        else:
            self.draft_changed.emit(left)

    def _on_leaving(self) -> None:
        here = self._book.current
        pairs = zip(self._composer.wanted(), self._left, strict=True)
        self._left = deque(here if wanted else left for wanted, left in pairs)

    def _on_current_changed(self) -> None:
        here = self._book.current
        for index, left in enumerate(self._left):
            if left is not None and (left.id == here.id or not (len(left) or len(here))):  # or its first one came back
                self._composer.want_again(index)
                self._left[index] = None
