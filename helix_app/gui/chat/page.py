"""The chat page: the conversation, what went wrong, and the composer."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QLabel, QStackedWidget, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.base.messages import context_full_text
from helix_app.gui.chat.composer import Composer, Draft
from helix_app.gui.chat.empty import EmptyChat
from helix_app.gui.chat.message import Reply, UserBubble
from helix_app.gui.chat.origins import Origins
from helix_app.gui.chat.refusals import TOO_LONG, larger_action, larger_context, not_sent, tokens_of, why_unsendable
from helix_app.gui.chat.turns import Conversation
from helix_app.gui.chat.view import ConversationView, column_width
from helix_app.gui.kit import figures
from helix_app.gui.kit.model_choices import why_none
from helix_app.gui.kit.notices import ErrorBox, NoticeBar
from helix_app.gui.kit.pace import Pace
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.hub import DownloadFailed

FRAME_MS = 33


class ChatPage(QWidget):
    """Holds one conversation in memory and shows the events of its replies.

    Attributes:
        view: the messages.
        origins: whether replies are shown as tokens.
        composer: where the person writes.
        notices: what the person should know.
        error: what went wrong outside a reply.

    Signals:
        generate_requested: a GenerateRequest.
        race_requested: the GenerateRequest of a reply that is to be written again beside plain decoding.
        cancel_requested: stop the reply.
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: the person wants a new conversation.
    """

    generate_requested = Signal(object)
    race_requested = Signal(object)
    cancel_requested = Signal()
    context_requested = Signal(int)
    new_chat_requested = Signal()

    def __init__(self, theme: Theme, state: State, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._state = state
        self._why, self._told = "", False  # why nothing can be sent, and whether a try was answered with it
        self._offered = 0  # context that the error offers to load with
        self._conversation = Conversation()
        self._reply: Reply | None = None  # the one being written
        self._sent: Draft | None = None  # what was sent last, while it may come back
        self._stopping = False
        self._pending: list[str] = []
        self.notices = NoticeBar(theme)
        self.view = ConversationView(theme)
        self.origins = Origins(self.view, self)
        self.empty = EmptyChat(theme)
        self.empty.suggestion_picked.connect(self.on_suggestion_picked)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        self.composer = Composer(theme)
        self.composer.send_requested.connect(self.send)
        self.composer.stop_requested.connect(self.stop)
        self.composer.editor.paged.connect(self.view.page)
        self.view.content.typed.connect(self.composer.insert)
        self.error = ErrorBox(theme)
        self.error.dismissed.connect(self.error.hide)
        self.error.acted.connect(lambda: self.context_requested.emit(self._offered))
        self.error.dismissed.connect(lambda: self._tell())
        self.error.hide()
        self._below = QVBoxLayout()
        self._below.setSpacing(8)
        self._below.addWidget(self.composer)
        self.hint = QLabel()
        self.hint.setProperty("tone", "muted")
        self.hint.setFont(theme.fonts.small)
        self.hint.setWordWrap(True)
        self.hint.setContentsMargins(12, 0, 12, 0)
        self.hint.hide()
        self._below.addWidget(self.hint)
        self._below.addWidget(self.error)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self._stack, 1)
        column.addLayout(self._below)
        self.pace = Pace(self.flush, FRAME_MS, self)
        state.load_began.connect(self.on_load_began)
        state.model_changed.connect(self.on_model_changed)
        state.occupied_changed.connect(self.on_occupied_changed)
        self.on_model_changed()

    # ------------------------------------------------------------------ state

    @property
    def generating(self) -> bool:
        """Whether a reply is being written."""
        return self._reply is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written yet."""
        return not self.view.messages()

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            events.Notice: self.notices.add,
            events.PrefillProgress: self.on_prefill_progress,
            events.RoundDone: self.on_round_done,
            events.TextDelta: self.on_text_delta,
            events.Finished: self.on_finished,
        }

    def on_load_began(self) -> None:
        """Another model is being loaded: what was of the one before is over."""
        self.stop()
        self.notices.clear()
        self.error.hide()

    def on_model_changed(self) -> None:
        """Another model answers, or none; while one is being loaded, a message to it can be written."""
        ready = self._state.ready
        if ready is not None:
            self.composer.set_available(True, self.tr("Message {model}").format(model=ready.target_name))
            self.empty.set_model(True, figures.model_facts(ready))
        else:
            reason = why_none(self._state)
            self.composer.set_available(False, reason, writable=self._state.coming)
            self.empty.set_model(False, reason)
        self._tell()

    def on_occupied_changed(self) -> None:
        """Something took the engine, or it is free again: why nothing can be sent is said at once."""
        if self._why != why_unsendable(self._state):
            self._tell()

    def _tell(self) -> None:
        """Why nothing can be sent now, below the field; what was said in answer to a try goes when it is over."""
        code = self._why = why_unsendable(self._state)
        self.hint.setText(messages.error_text(code) if code else "")
        self.hint.setVisible(bool(code))
        if self._told and not code:
            self._told = False
            self.error.hide()

    def last_reply(self) -> Reply | None:
        """The newest answer."""
        replies = [message for message in self.view.messages() if isinstance(message, Reply)]
        return replies[-1] if replies else None

    # ------------------------------------------------------------------ what the person does

    def send(self) -> None:
        """Send what is in the composer."""
        if self._reply is not None or (self._state.ready is None and not self._state.coming):
            return
        text = self.composer.text()
        if self._refuses():
            return
        if not text.strip():
            self.show_error(events.Failed("prompt_empty"))
            return
        draft = self.composer.draft()
        self.composer.clear()
        self._conversation.ask(text)
        self.view.add(UserBubble(self._theme, text))
        self._begin(draft)

    def again(self) -> None:
        """Write the last reply again."""
        last = self.last_reply()
        if self._reply is not None or last is None or self._state.ready is None:
            return
        if self._refuses():
            return
        self.view.remove(last)
        self._conversation.turns[-1].answer = None
        self._begin()

    def take_cursor(self) -> None:
        """Let a message be typed."""
        self.composer.setFocus()

    def follow(self) -> None:
        """Jump to the latest message."""
        self.view.follow()

    def stop(self) -> None:
        """Stop the reply; the text so far stays."""
        if self._reply is None or self._stopping:
            return
        self._stopping = True
        self.flush()
        self.cancel_requested.emit()
        self.composer.set_generating(False)
        self.composer.button.setEnabled(False)  # until the engine confirms, at most one round

    def copy_reply(self) -> None:
        """Copy the last reply."""
        last = self.last_reply()
        if last is not None:
            last.on_copy_clicked()

    def new_chat(self) -> None:
        """Begin with an empty conversation; a reply being written is stopped and forgotten."""
        if self._reply is not None:
            self._state.give_up(self._reply.request_id)
            if not self._stopping:
                self.cancel_requested.emit()
            self._ended()
        self._conversation = Conversation()
        self._pending.clear()
        self.view.clear()
        self.error.hide()
        self.notices.clear()
        self._stack.setCurrentWidget(self.empty)
        self.composer.setFocus()
        self._state.clear_chat()

    def on_suggestion_picked(self, text: str) -> None:
        """Put a suggested question into the composer."""
        self.composer.clear()
        self.composer.insert(text)

    # ------------------------------------------------------------------ events

    def on_text_delta(self, event: events.TextDelta) -> None:
        """Text of the reply, shown with the next frame."""
        if self._reply is not None and event.request_id == self._reply.request_id:
            self._pending.append(event.text)
            self.pace.ask()

    def on_round_done(self, event: events.RoundDone) -> None:
        """Tokens of the reply, shown with the next frame if it is shown as tokens."""
        reply = self._reply
        if reply is None or event.request_id != reply.request_id:
            return
        reply.on_round(event)
        if reply.tokens is not None:
            self.pace.ask()

    def pulse(self) -> None:
        """A batch of events is through."""
        self.pace.pulse()

    def flush(self) -> None:
        """Show the text that has come; a slow frame makes the next one wait longer."""
        if self._reply is None:
            return
        if not self._pending:
            if self._reply.tokens is not None:
                self._reply.tokens.refresh()
            return
        began = time.perf_counter()
        text = "".join(self._pending)
        self._pending.clear()
        self._reply.append(text)
        spent = (time.perf_counter() - began) * 1000
        self.pace.interval = max(FRAME_MS, round(3 * spent))

    def on_finished(self, event: events.Finished) -> None:
        """The reply is complete or was stopped."""
        reply = self._reply
        if reply is None or event.request_id != reply.request_id:
            return
        self.flush()
        shown = reply.source()
        if event.text and event.text != shown:
            if event.text.startswith(shown):
                reply.append(event.text[len(shown) :])
            else:
                reply.replace_text(event.text)
        reply.finish(event)
        ready = self._state.ready
        if event.reason == "context_full" and ready is not None:
            sentence = context_full_text(ready.context_limit, ready.context_length, ready.model_context)
            reply.offer_context(sentence, larger_context(ready))
        self._ended()

    def on_failed(self, event: events.Failed) -> bool:
        """An error of the reply being written; False when it belongs to something else."""
        reply = self._reply
        mine = reply is not None and (
            event.request_id == reply.request_id or (not event.request_id and event.code == "engine_died")
        )
        if reply is None or not mine:
            return False
        self.flush()
        if not_sent(event.code) and self._sent is not None and not reply.source():
            self._take_back(reply, self._sent)
            self.show_error(event)
            return True
        reply.fail(event, self._larger(event))
        self._ended()
        return True

    def on_prefill_progress(self, event: events.PrefillProgress) -> None:
        """How much of a long prompt is read."""
        if self._reply is not None and event.request_id == self._reply.request_id:
            self._reply.show_reading(event)

    def show_error(self, event: events.Failed | DownloadFailed) -> None:
        """An error that belongs to no reply, under the composer."""
        self._offered = self._larger(event) if isinstance(event, events.Failed) else 0
        self.error.show_failure(event, larger_action(self._offered))

    def _larger(self, event: events.Failed) -> int:
        """A context that a message which was too long would fit in; 0 for none."""
        return larger_context(self._state.ready, tokens_of(event)) if event.code.startswith(TOO_LONG) else 0

    # ------------------------------------------------------------------ inside

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # what is typed stands exactly below what is read: the frame is 12 px outside the column
        side = max(12, (self.width() - column_width(self._theme, self.width())) // 2 - 12)
        self._below.setContentsMargins(side, 8, side, 16)
        self.notices.set_margins(side)

    def _refuses(self) -> bool:
        code = self._why
        if code:
            self._told = True
            self.show_error(events.Failed(code))
            self.hint.hide()  # it says the same
        return bool(code)

    def _take_back(self, reply: Reply, draft: Draft) -> None:
        """A message that was refused was never sent: it goes back to where it was written."""
        self._ended()
        self._conversation.turns.pop()
        messages_ = self.view.messages()
        bubble = messages_[messages_.index(reply) - 1]
        self.view.remove(reply)
        if isinstance(bubble, UserBubble):
            self.view.remove(bubble)
        previous = self.last_reply()
        if previous is not None:
            previous.set_last(True)
        self.composer.put_back(draft)
        if not self.view.messages():
            self._stack.setCurrentWidget(self.empty)

    def _begin(self, sent: Draft | None = None) -> None:
        self.error.hide()
        self._sent = sent
        request = self._conversation.request(self._state.settings, self._state.seed, self.origins.alternatives)
        previous = self.last_reply()
        if previous is not None:
            previous.set_last(False)
        ready = self._state.ready
        reply = Reply(self._theme, request.request_id, "" if ready is None else ready.target_name)
        reply.request, reply.exact_rows = request, ready is not None and ready.exact_rows
        reply.again_requested.connect(self.again)
        reply.context_requested.connect(self.context_requested)
        reply.new_chat_requested.connect(self.new_chat_requested)
        reply.race_requested.connect(self.race_requested)
        self._reply = reply
        self._stopping = False
        self.view.add(reply)
        self._stack.setCurrentWidget(self.view)
        self.view.follow()
        self.composer.set_generating(True)
        self._state.begin("reply")
        self.generate_requested.emit(request)
        self.origins.adopt(reply)

    def _ended(self) -> None:
        reply, self._reply = self._reply, None
        self._stopping = False
        self.pace.stop()
        self._pending.clear()
        if reply is not None and self._conversation.turns:
            self._conversation.turns[-1].answer = reply.source() or None
        self.composer.set_generating(False)
        self._state.end("reply")
