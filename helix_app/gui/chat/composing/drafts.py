"""What is written and not sent is kept while it is written, of a conversation in which nothing was ever sent, too."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from helix_app.gui.chat.composing.attaching import Attaching
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chat.composing.unread import Unread
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.conversations.chats import KeepUnsent, OpenUnsent, UnsentOpened

REST_MS = 3000  # without a key until what stands in the field is kept


class Drafts(QObject):
    """Keeps what stands in the composer; how it is read again is the book's for conversations that have begun."""

    def __init__(
        self, state: State, book: ChatBook, composer: Composer, attaching: Attaching, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._book, self._composer = book, composer
        self._unread = Unread(state, book, attaching, self)
        self._kept = ("", "")  # of the conversation that has not begun: draft and settings
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self.keep)
        composer.changed.connect(self._rest.start)
        composer.editor.recalled.connect(self.recall)
        attaching.draft_changed.connect(self._keep_unsent)
        book.leaving.connect(self._on_leaving)
        book.way_changed.connect(self._on_way_changed)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {UnsentOpened: self.on_opened}

    def start(self) -> None:
        """Have what was not sent when the program ended last."""
        self._book.ask(OpenUnsent())

    def on_opened(self, news: UnsentOpened) -> None:
        """It is here; what was typed since stands behind it."""
        self._kept = (news.draft, news.settings)
        self._book.restore(news.draft, news.settings)
        if news.draft and not self._book.current.known:
            since = self._composer.draft()
            self._composer.show_text(news.draft)
            for text in since.pasted:
                self._composer.attach(text)
            if since.typed:
                gap = "\n\n" if self._composer.draft().typed else ""
                self._composer.insert(gap + since.typed)
        self._unread.on_opened()

    def recall(self) -> None:
        """Let the last message of the person stand in an empty field, to be sent again or as another one."""
        sent = [message.text for message in self._book.current.path() if message.role == "user"]
        if sent and self._composer.is_empty():
            self._composer.show_text(sent[-1])

    def keep(self) -> None:
        """Keep what stands in the field now."""
        self._book.keep_draft(self._composer.text())
        self._keep_unsent(self._book.current)

    def close(self) -> None:
        """The window closes: keep the files, too, that are still being read for a message."""
        self.keep()
        self._unread.keep()

    def _on_leaving(self) -> None:
        self._rest.stop()
        self._keep_unsent(self._book.current)  # the page has told the book what stands there

    def _keep_unsent(self, talk: Conversation) -> None:
        if not talk.known:
            self._tell((talk.draft, talk.settings if talk.chosen else ""))

    def _on_way_changed(self) -> None:
        """The conversation has begun: what was kept of it is not needed any more."""
        if self._book.current.known and len(self._book.current) == 1:
            self._tell(("", ""))

    def _tell(self, now: tuple[str, str]) -> None:
        if now != self._kept:
            self._kept = now
            self._book.ask(KeepUnsent(*now))
