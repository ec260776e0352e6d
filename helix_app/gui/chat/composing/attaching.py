"""Files on their way into the message that is being written."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.composing.attachments import fenced
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.kit.open_dialogs import ask_open
from helix_app.gui.routing import Handlers
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead
from helix_app.protocol.events import Notice


class Attaching(QObject):
    """Lets files be chosen or dropped, and puts their text beside the field.

    Signals:
        read_requested: the file of this path is to be read.
        failed: a Failed: it could not be.
        told: a Notice: not all of it was taken.
    """

    read_requested = Signal(str)
    failed = Signal(object)
    told = Signal(object)

    def __init__(self, composer: Composer, page: QWidget) -> None:
        super().__init__(page)
        self._composer, self._page = composer, page
        composer.attach_requested.connect(self.choose)
        composer.editor.files_given.connect(self.read)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {
            AttachmentRead: self.on_read,
            AttachmentFailed: lambda news: self.failed.emit(news.failed),
        }

    def choose(self) -> None:
        """Let a file be chosen."""
        path = ask_open(self._page, self.tr("Attach a file"), self.tr("All files (*)"))
        if path:
            self.read_requested.emit(path)

    def read(self, paths: list[str]) -> None:
        """Put the text of files into the message."""
        for path in paths:
            self.read_requested.emit(path)

    def on_read(self, news: AttachmentRead) -> None:
        """A file was read."""
        self._composer.attach(fenced(news.name, news.text))
        if news.left_out:
            fields = (("name", news.name), ("taken", f"{len(news.text):,}"), ("left", f"{news.left_out:,}"))
            self.told.emit(Notice("attachment_cut", fields))
