"""Files that were still being read when the window closed: read again once their conversation is shown."""

from __future__ import annotations

from PySide6.QtCore import QObject

from helix_app.gui.chat.composing.attaching import Attaching
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.state import State


class Unread(QObject):
    """Keeps their paths in the settings, each with the id of its conversation, empty for the one that has not begun."""

    def __init__(self, state: State, book: ChatBook, attaching: Attaching, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._book, self._attaching = state, book, attaching
        self._waiting = dict(state.settings.unread_files)
        self._opened = False  # whether what was never sent is here
        self._listed = False  # whether it is known which conversations are kept
        book.current_changed.connect(self._read)
        book.listed.connect(self._on_listed)

    def on_opened(self) -> None:
        """What was never sent is in its conversation again."""
        self._opened = True
        self._read()

    def _on_listed(self) -> None:
        self._listed = self._book.kept

    def keep(self) -> None:
        """The window closes: keep what is still being read, and what nobody came back to."""
        still = self._waiting
        if self._listed:  # else a conversation that is not in the list may be there
            talks = {"", *(entry.id for entry in self._book.entries)}
            still = {path: talk for path, talk in still.items() if talk in talks}
        self._store({**still, **dict(self._attaching.pending())})

    def _read(self) -> None:
        here = self._book.current
        if not here.known and not self._opened:
            return
        mine = here.id if here.known else ""
        found = [path for path, talk in self._waiting.items() if talk == mine]
        if found:
            self._waiting = {path: talk for path, talk in self._waiting.items() if talk != mine}
            self._store(self._waiting)
            self._attaching.read(found)

    def _store(self, waiting: dict[str, str]) -> None:
        if waiting != self._state.settings.unread_files:
            self._state.change(unread_files=waiting)
