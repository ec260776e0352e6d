"""Files on their way into the message that is being written."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from helix_app.gui.chat.composing.attachments import fenced
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.kit.open_dialogs import ask_several
from helix_app.gui.routing import Handlers
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead
from helix_app.protocol.events import Notice


class Attaching(QObject):
    """Lets files be chosen or dropped, and puts their text beside the field.

    Signals:
        read_requested: the file of this path is to be read.
        failed: a Failed: it could not be.
        failed_too: a Failed: nor could this one of the same files.
        told: a Notice: not all of it was taken.
    """

    read_requested = Signal(str)
    failed = Signal(object)
    failed_too = Signal(object)
    told = Signal(object)

    def __init__(self, composer: Composer, page: QWidget) -> None:
        super().__init__(page)
        self._composer, self._page = composer, page
        self._told = False  # that one of the files could not be read
        composer.attach_requested.connect(self.choose)
        composer.editor.takes_files = True
        composer.editor.files_given.connect(self.read)

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
            self.read_requested.emit(path)

    def on_read(self, news: AttachmentRead) -> None:
        """A file was read."""
        self._composer.take(fenced(news.name, news.text))
        if news.left_out:
            fields = (("name", news.name), ("taken", f"{len(news.text):,}"), ("left", f"{news.left_out:,}"))
            self.told.emit(Notice("attachment_cut", fields))

    def on_failed(self, news: AttachmentFailed) -> None:
        """A file could not be read."""
        self._composer.take(None)
        (self.failed_too if self._told else self.failed).emit(news.failed)
        self._told = True
