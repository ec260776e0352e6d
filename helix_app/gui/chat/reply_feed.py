"""Events of the replies that are being written: into the book, and into the widget of the one that is shown."""

from __future__ import annotations

import time
from dataclasses import replace

from PySide6.QtCore import QObject

from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chat.message_list import MessageList
from helix_app.gui.chat.refusals import not_sent
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.record import record_of, to_text
from helix_app.gui.chats.writing import Writing
from helix_app.gui.kit.pace import Pace
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.conversations.chats import MessageState

FRAME_MS = 33
STATES: dict[str, MessageState] = {"cancelled": "stopped", "length": "length", "context_full": "context_full"}
REFUSED = ("grammar_begun", "remote_unsupported")  # errors of a reply that cannot go on, besides those of ``not_sent``


class ReplyFeed(QObject):
    """Feeds the replies of ``book.writings``.

    Attributes:
        pace: when text that has come is shown.
    """

    def __init__(self, state: State, book: ChatBook, messages: MessageList, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._book, self._list = state, book, messages
        self._pending: list[str] = []  # text that is not shown yet
        self.pace = Pace(self.flush, FRAME_MS, self)
        messages.made.connect(self._pending.clear)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            events.PrefillProgress: self.on_prefill_progress,
            events.PrefillDone: self.on_prefill_done,
            events.RoundDone: self.on_round_done,
            events.TextDelta: self.on_text_delta,
            events.Finished: self.on_finished,
        }

    def shown(self) -> Reply | None:
        """The widget of the reply that is written in the conversation that is shown."""
        writing = self._book.writing
        return self._list.reply(writing.message_id) if writing is not None else None

    def begin(self) -> Reply | None:
        """The reply has a request now; its widget, if it is shown."""
        writing, reply, ready = self._book.writing, self.shown(), self._state.ready
        if writing is not None and reply is not None:
            reply.request_id, reply.request = writing.request.request_id, writing.request
            reply.exact_rows = ready is not None and ready.exact_rows
            if not reply.source():
                reply.set_thinking(writing.marks, writing.opens)
        return reply

    # ------------------------------------------------------------------ events

    def on_text_delta(self, event: events.TextDelta) -> None:
        """Text, shown with the next frame."""
        writing = self._book.writings.get(event.request_id)
        if writing is not None:
            self._book.grow(writing, event.text)
            if writing is self._book.writing:
                self._pending.append(event.text)
                self.pace.ask()

    def on_round_done(self, event: events.RoundDone) -> None:
        """Tokens, shown with the next frame if the reply is shown as tokens."""
        writing = self._book.writings.get(event.request_id)
        if writing is None:
            return
        writing.tokens = event.tokens_generated
        if event.k == 0:
            writing.plain_rounds.append(event.draft_seconds + event.verify_seconds + event.overhead_seconds)
        reply = self.shown() if writing is self._book.writing else None
        if reply is not None and reply.tokens is not None:
            self.pace.ask()

    def on_prefill_progress(self, event: events.PrefillProgress) -> None:
        """How much of a long prompt is read."""
        reply = self.shown()
        if reply is not None and event.request_id == reply.request_id:
            reply.show_reading(event)

    def on_prefill_done(self, event: events.PrefillDone) -> None:
        """A prompt is read; by a template of the conversation's own it may open a thought otherwise than expected."""
        writing = self._book.writings.get(event.request_id)
        if writing is None or not writing.request.template or writing.text():
            return
        writing.prompt_opened(event.opens)
        reply = self._widget(writing)
        if reply is not None:
            reply.set_thinking(writing.marks, writing.opens)

    def flush(self) -> None:
        """Show the text that has come; a slow frame makes the next one wait longer."""
        reply = self.shown()
        text = "".join(self._pending)
        self._pending.clear()
        if reply is None:
            return
        if not text:
            if reply.tokens is not None:
                reply.tokens.refresh()
            return
        began = time.perf_counter()
        reply.append(text)
        self._tell_thought(reply)
        spent = (time.perf_counter() - began) * 1000
        self.pace.interval = max(FRAME_MS, round(3 * spent))

    def on_finished(self, event: events.Finished) -> None:
        """The reply is complete or was stopped."""
        writing = self._book.writings.get(event.request_id)
        if writing is None:
            return
        reply = self._widget(writing)
        text = writing.begun + event.text if event.text else writing.text()
        state, details = STATES.get(event.reason, "done"), to_text(record_of(writing, self._state.ready, event))
        if reply is not None:
            shown = reply.source()
            if text.startswith(shown):
                reply.append(text[len(shown) :])
            else:
                reply.replace_text(text)
            reply.set_plain_rounds(writing.plain_rounds)
            reply.finish(event)
            self._tell_thought(reply)
            message = writing.conversation.message(writing.message_id)
            self._list.show_end(reply, replace(message, text=text, state=state, details=details))
        self._end(writing, text, state, details)

    def _widget(self, writing: Writing) -> Reply | None:
        """The widget of a reply, with all text that has come; None while another conversation is shown."""
        if writing is not self._book.writing:
            return None
        self.flush()
        return self.shown()

    def _tell_thought(self, reply: Reply) -> None:
        writing = self._book.writing
        if writing is not None:
            reply.tell_thought(writing.thought_seconds, writing.thought_tokens)

    def failing(self, event: events.Failed) -> list[Writing]:
        """The replies that end with an error."""
        if not event.request_id and event.code == "engine_died":
            return list(self._book.writings.values())
        writing = self._book.writings.get(event.request_id)
        return [] if writing is None else [writing]

    def on_failed(self, writing: Writing, event: events.Failed, larger: int) -> bool:
        """A reply ended with an error; what was written stays. ``larger`` is a context that helps, 0 for none.

        False for one that was not gone on with at all: it is as it was before, and says nothing of the error.
        """
        if writing.begun and not writing.parts and (not_sent(event.code) or event.code in REFUSED):
            self._give_back(writing)
            return False
        reply = self._widget(writing)
        if reply is not None:
            reply.fail(event, larger)
        self._end(writing, writing.text(), "failed", to_text(record_of(writing, self._state.ready, event)))
        return True

    def _give_back(self, writing: Writing) -> None:
        here, talk = writing is self._book.writing, writing.conversation
        details = talk.message(writing.message_id).details if writing.message_id in talk else ""
        self._end(writing, writing.begun, writing.was, details)
        if here:
            self._list.renew(writing.message_id)

    def _end(self, writing: Writing, text: str, state: MessageState, details: str) -> None:
        if writing is self._book.writing:
            self.pace.stop()
            self._pending.clear()
        if len(self._book.writings) == 1:
            self._state.end("reply")
        self._book.end(writing, text, state, details)
