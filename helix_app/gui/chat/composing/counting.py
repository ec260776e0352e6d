"""How many tokens the prompt has that is being written, counted while it is typed and never waited for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from helix_app.base.settings import Settings
from helix_app.gui.chat.composing.composer import Composer
from helix_app.gui.chats.asking import continues, text_of
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.prompting import Prompting
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol.conversations.chats import Message
from helix_app.protocol.conversations.prompts import PromptAsked, PromptCounted
from helix_app.protocol.requests import ChatMessage

PAUSE_MS = 120  # from a change to the question: a word is typed, not a letter
LATE_MS = 1000  # from the question on; then what is shown is said to be out of date


class Counting(QObject):
    """Asks for the prompt of what stands in the composer, one question at a time, and keeps the answer.

    Attributes:
        counted: the answer to the last question that was answered; None where there is none for this conversation
            and this model.
        late: the answer is of an earlier text, and the next one takes long.

    Signals:
        asked: a PromptAsked.
        changed: ``counted`` or ``late`` is another one.
        tokens_told: a PromptCounted, the answer to ``look``.
    """

    asked = Signal(object)
    changed = Signal()
    tokens_told = Signal(object)

    def __init__(self, state: State, book: ChatBook, composer: Composer, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._book, self._composer = state, book, composer
        self.counted: PromptCounted | None = None
        self.late = False
        self._number = 0
        self._waiting = 0  # number of the question that is not answered yet; 0 for none
        self._stale = False  # something changed since that question
        self._of = self._now()  # conversation and model that ``counted`` is of
        self._asked_of = self._of  # and those of the question that waits
        self._pause = self._timer(PAUSE_MS, self.ask_now)
        self._patience = self._timer(LATE_MS, self._on_late)
        for signal in (composer.changed, book.way_changed, book.prompting_changed, book.writing_changed):
            signal.connect(self.refresh)
        for signal in (book.current_changed, state.model_changed, state.settings_changed):
            signal.connect(self._on_other)

    def _timer(self, milliseconds: int, act: object) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(act)
        return timer

    @property
    def settings(self) -> Settings:
        """The settings with what the conversation has of its own."""
        return self._book.current.prompting.applied(self._state.settings)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {PromptCounted: self.on_counted}

    @property
    def settled(self) -> bool:
        """Whether nothing is about to be asked and no answer is waited for."""
        return not self._waiting and not self._pause.isActive()

    # ------------------------------------------------------------------ the question

    def refresh(self) -> None:
        """The prompt is another one: ask soon, however fast it goes on changing."""
        if self._state.ready is not None and self._state.ready.target_file and not self._pause.isActive():
            self._pause.start()

    def _on_other(self) -> None:
        """Another conversation or another model: what is known is of no use."""
        if self._now() != self._of:
            self._of = self._now()
            self._tell(None)
        self.refresh()

    def _now(self) -> tuple[str, str]:
        ready = self._state.ready
        return self._book.current.id, "" if ready is None else ready.target_file

    def ask_now(self) -> None:
        """Ask, or note that it is to be asked once the question that waits is answered."""
        if self._waiting:
            self._stale = True
            return
        self._stale = False
        typed = bool(self._composer.text())
        if not typed and self._book.writings:  # the engine needs the processor, and the end of the reply asks
            return
        asked = self.question() if typed or len(self._book.current) else None
        if asked is None:
            self._tell(None)
            return
        self._waiting, self._asked_of = asked.number, self._of
        self._patience.start()
        self.asked.emit(asked)

    def look(self, own: Prompting, begun: Callable[[int], None]) -> None:
        """Ask for the tokens of the prompt, with this of the conversation's own; ``tokens_told`` tells them.

        Args:
            begun: told the number that the answer will have, before it comes; 0 where there is no model.
        """
        asked = self.question(own, tokens=True)
        begun(0 if asked is None else asked.number)
        if asked is not None:
            self.asked.emit(asked)

    def question(self, own: Prompting | None = None, *, tokens: bool = False) -> PromptAsked | None:
        """What is to be looked at: the message in the composer, after the conversation as it is shown.

        Args:
            own: prompt and sampling in place of those that the conversation has.
            tokens: the tokens are wanted, and not of an empty message if there is another one.
        """
        ready, talk = self._state.ready, self._book.current
        if ready is None or not ready.target_file:
            return None
        own = talk.prompting if own is None else own
        settings = own.applied(self._state.settings)
        plain = continues(own, ready)
        self._number += 1
        return PromptAsked(
            self._number,
            ready.target_file,
            ready.context_length,
            self._text() if plain else self._messages(settings.system_prompt, last=tokens),
            settings.max_tokens,
            "" if plain else own.template,
            None if plain else own.thinking,
            settings.on_full,
            tokens,
            raw=plain,
        )

    def _text(self) -> tuple[ChatMessage, ...]:
        """The text that stands there, with what is typed at its end."""
        writing, path = self._book.writing, self._book.current.path()
        if writing is not None:
            path = [replace(m, text=writing.text()) if m.id == writing.message_id else m for m in path]
        return text_of(path, self._composer.text())

    def _messages(self, system_prompt: str, *, last: bool) -> tuple[ChatMessage, ...]:
        typed, told = self._composer.text(), self._told()
        if last and not typed:  # the prompt of the last question, as it was
            while told and told[-1].role != "user":
                told.pop()
            typed = told[-1].text if told else ""
        if told and told[-1].role == "user":  # it never got an answer, and stays out of the next prompt
            told.pop()
        before = [ChatMessage("system", system_prompt)] if system_prompt else []
        return (*before, *(ChatMessage(m.role, m.text) for m in told), ChatMessage("user", typed))

    def _told(self) -> list[Message]:
        """The conversation, with what there is of a reply that is being written."""
        talk, writing = self._book.current, self._book.writing
        told = talk.told(talk.leaf)
        if writing is not None and writing.conversation is talk and talk.leaf == writing.message_id:
            if told and told[-1].id == writing.message_id:
                told.pop()
            told.append(replace(talk.message(talk.leaf), text=writing.text()))
        return told

    # ------------------------------------------------------------------ the answer

    def on_counted(self, news: PromptCounted) -> None:
        """An answer: to the question that waits, or to one for the tokens."""
        if news.number != self._waiting:
            self.tokens_told.emit(news)
            return
        self._waiting = 0
        self._patience.stop()
        if self._asked_of == self._now():
            self._tell(news)
        if self._stale:
            self.ask_now()

    def _on_late(self) -> None:
        self.late = True
        self.changed.emit()

    def _tell(self, counted: PromptCounted | None) -> None:
        if counted is not self.counted or self.late:
            self.counted, self.late = counted, False
            self.changed.emit()
