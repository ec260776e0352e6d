"""A person at the window, and an engine that answers as it is told."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import TextDelta
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake


class Driver:
    """Types into a window and answers as the engine would."""

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.requests: list[GenerateRequest] = []
        self.stopped: list[str] = []  # ids of replies
        window.generate_requested.connect(self.requests.append)
        window.reply_cancel_requested.connect(self.stopped.append)

    @property
    def cancels(self) -> int:
        """How often a reply was stopped."""
        return len(self.stopped)

    def ask(self, text: str) -> GenerateRequest:
        """Type and press Enter."""
        editor = self.window.chat.composer.editor
        editor.setPlainText(text)
        QTest.keyClick(editor, Qt.Key.Key_Return)
        return self.requests[-1]

    def write(self, text: str) -> None:
        """One piece of the reply, shown."""
        self.window.on_event(TextDelta(self.requests[-1].request_id, text))
        self.window.chat.flush()

    def finish(self, text: str = "", reason: str = "eos", **values: object) -> None:
        """The end of the reply."""
        self.window.on_event(fake.finished(self.requests[-1].request_id, text, reason, **values))

    @property
    def reply(self) -> Reply:
        """The newest reply."""
        reply = self.window.chat.last_reply()
        assert reply is not None
        return reply
