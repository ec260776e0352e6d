"""Whether a reply answers or continues the text that stands there, and what is said of it on the page."""

from __future__ import annotations

from PySide6.QtCore import QObject

from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chat.empty import EmptyChat
from helix_app.gui.chats.asking import continues, is_text
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.kit import figures
from helix_app.gui.kit.controls.notices import NoticeBar
from helix_app.gui.kit.model_choices import why_none
from helix_app.gui.state import State


class Continuing(QObject):
    """Keeps what the page says before anything is written at the model and the conversation.

    Attributes:
        plain: whether the next reply continues the text.
    """

    def __init__(
        self, state: State, book: ChatBook, composer: Composer, empty: EmptyChat, notices: NoticeBar, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._state, self._book = state, book
        self._composer, self._empty, self._notices = composer, empty, notices
        self.plain = False
        for signal in (book.current_changed, book.prompting_changed, book.way_changed, state.settings_changed):
            signal.connect(self.refresh)

    def refresh(self) -> None:
        """Another model, another conversation, or another way through it."""
        ready = self._state.ready
        self.plain = continues(self._book.current.prompting, ready)
        self._composer.set_plain(self.plain)
        if ready is None:
            reason = why_none(self._state)
            self._composer.set_available(False, reason, writable=self._state.coming)
            self._empty.set_model(False, reason)
        else:
            message = self.tr("Message {model}").format(model=ready.target_name)
            self._composer.set_available(True, self.tr("Text to continue") if self.plain else message)
            self._empty.set_model(True, figures.model_facts(ready), plain=self.plain)
        self._notices.stand(self._sentence())

    def _sentence(self) -> str:
        """What stands above the conversation; empty for an ordinary chat."""
        ready, talk = self._state.ready, self._book.current
        if ready is None:
            return ""
        path = talk.path()
        replies = [is_text(path, index) for index, message in enumerate(path) if message.role == "assistant"]
        if not self.plain:
            text = self.tr(
                "Part of this conversation was continued as text. {model} reads it as messages: yours, and what was "
                "continued as its own."
            )
            return text.format(model=ready.target_name) if any(replies) else ""
        parts = [
            self.tr("This conversation continues the text that stands here, exactly as it is, without a chat template.")
            if ready.chat_template
            else self.tr("{model} has no chat template: it continues the text that stands here, exactly as it is.")
        ]
        if talk.prompting.applied(self._state.settings).system_prompt:
            parts.append(self.tr("The system prompt is not sent."))
        if not all(replies):
            parts.append(self.tr("What was a chat before becomes text, too, with an empty line between its messages."))
        return " ".join(parts).format(model=ready.target_name)
