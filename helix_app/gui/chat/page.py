"""The chat page: the conversation, what went wrong, and the composer."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from helix_app.base import messages
from helix_app.gui.chat.composing.attaching import Attaching
from helix_app.gui.chat.composing.composer import Composer, Draft, Hint
from helix_app.gui.chat.continuing import Continuing
from helix_app.gui.chat.empty import EmptyChat
from helix_app.gui.chat.find_bar import FindBar
from helix_app.gui.chat.message.reply import Reply
from helix_app.gui.chat.message_list import MessageList
from helix_app.gui.chat.origins import Origins
from helix_app.gui.chat.refusals import larger_action, larger_for, not_sent, why_unsendable
from helix_app.gui.chat.reply_feed import ReplyFeed
from helix_app.gui.chat.view import ConversationView, column_width
from helix_app.gui.chats.asking import reply_request
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.record import begun_text, writing_on
from helix_app.gui.chats.writing import Writing, writing_of
from helix_app.gui.kit.controls.notices import ErrorBox, NoticeBar
from helix_app.gui.look.theme import Theme
from helix_app.gui.routing import Handlers
from helix_app.gui.state import State
from helix_app.protocol import events
from helix_app.protocol.conversations.chats import ChatsFailed
from helix_app.protocol.models.hub import DownloadFailed


class ChatPage(QWidget):
    """Shows the conversation of a book and the events of its replies.

    Attributes:
        book: the conversations.
        list: the messages that are shown.
        view: where they stand.
        finder: looks for words in them.
        origins: whether replies are shown as tokens.
        composer: where the person writes.
        notices: what the person should know.
        error: what went wrong outside a reply.
        attaching: files for the message.
        continuing: whether a reply continues the text that stands there.

    Signals:
        generate_requested: a GenerateRequest.
        race_requested: the GenerateRequest of a reply that is to be written again beside plain decoding.
        cancel_requested: stop the reply of this request id.
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: the person wants a new conversation.
    """

    generate_requested = Signal(object)
    race_requested = Signal(object)
    cancel_requested = Signal(str)
    context_requested = Signal(int)
    new_chat_requested = Signal()

    def __init__(self, theme: Theme, state: State, book: ChatBook, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("canvas")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._theme = theme
        self._state = state
        self.book = book
        self._why, self._told = "", False  # why nothing can be sent, and whether a try was answered with it
        self._offered = 0  # context that the error offers to load with
        self._sent: tuple[str, Draft] | None = None  # id of the last request and what was sent, while it may come back
        self._queued = False  # what stands in the composer goes out when the reply is over
        self.notices = NoticeBar(theme)
        self.view = ConversationView(theme)
        self.origins = Origins(self.view, self)
        self.list = MessageList(theme, state, book, self.view, self.origins, self)
        self.finder = FindBar(theme, book, self.list, self.view)
        self.empty = EmptyChat(theme)
        self.composer = Composer(theme)
        self.error = ErrorBox(theme)
        self.error.hide()
        self.hint = Hint(theme)
        self._lay_out()
        self.continuing = Continuing(state, book, self.composer, self.empty, self.notices, self)
        self.feed = ReplyFeed(state, book, self.list, self)
        self._connect()
        self.attaching = Attaching(self.composer, book, self)  # brings files back once another draft is shown
        self.attaching.failed.connect(self.show_error)
        self.attaching.failed_too.connect(self.error.add_failure)
        self.attaching.told.connect(self.notices.add)
        self.on_model_changed()

    def _lay_out(self) -> None:
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.view)
        below = QWidget()
        self._below = QVBoxLayout(below)
        self._below.setSpacing(8)
        for widget in (self.composer, self.hint, self.error):
            self._below.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.notices)
        column.addWidget(self.finder)
        column.addWidget(self._stack, 1)
        column.addWidget(below)
        for wide in (below, self.notices):  # their margins are those of this width, and must not keep it so wide
            wide.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def _connect(self) -> None:
        book, state = self.book, self._state
        self.finder.left.connect(self.take_cursor)
        self.empty.suggestion_picked.connect(self.composer.retype)
        self.composer.send_requested.connect(self.send)
        self.composer.stop_requested.connect(self.stop)
        self.composer.editor.paged.connect(self.view.page)
        self.composer.editor.textChanged.connect(self._unqueue)
        self.view.content.typed.connect(self.composer.insert)
        self.error.acted.connect(lambda: self.context_requested.emit(self._offered))
        self.error.dismissed.connect(self.error.hide)
        self.error.dismissed.connect(lambda: self._tell())
        self.list.edited.connect(self.edit)
        self.list.cursor_lost.connect(self.take_cursor)
        self.list.again_requested.connect(self.write_again)
        self.list.continue_requested.connect(self.go_on)
        self.list.delete_requested.connect(self.delete)
        self.list.race_requested.connect(self.race_requested)
        self.list.context_requested.connect(self.context_requested)
        self.list.new_chat_requested.connect(self.new_chat_requested)
        book.leaving.connect(self.leave)
        book.current_changed.connect(self.on_current_changed)
        book.way_changed.connect(self.on_way_changed)
        book.writing_changed.connect(self.on_writing_changed)
        book.stop_requested.connect(self.stop_writing)
        state.load_began.connect(self.on_load_began)
        state.model_changed.connect(self.on_model_changed)
        state.occupied_changed.connect(self.on_occupied_changed)

    # ------------------------------------------------------------------ state

    @property
    def generating(self) -> bool:
        """Whether a reply is being written in this conversation."""
        return self.book.writing is not None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written in this conversation yet."""
        return not len(self.book.current)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {
            events.Notice: self.notices.add,
            ChatsFailed: lambda news: self.show_error(news.failed),
            **self.attaching.handlers(),
            **self.feed.handlers(),
        }

    def on_load_began(self) -> None:
        """Another model is being loaded: what was of the one before is over."""
        for writing in list(self.book.writings.values()):
            self.stop_writing(writing)
        self.notices.clear()
        self.error.hide()

    def on_model_changed(self) -> None:
        """Another model answers, or none; while one is being loaded, a message to it can be written."""
        self.continuing.refresh()
        self.book.prepare(self._state.settings.prompting.get(self._state.settings.target, ""))
        self._tell()

    def on_occupied_changed(self) -> None:
        """Something took the engine, or it is free again: why nothing can be sent is said at once."""
        if self._why != why_unsendable(self._state):
            self._tell()

    def _tell(self) -> None:
        """Why nothing can be sent now, below the field; what was said in answer to a try goes when it is over."""
        code = self._why = why_unsendable(self._state)
        text = messages.error_text(code) if code else ""
        if self._queued:
            text = self.tr("This is sent as soon as the reply is complete. Type to change it.")
        self.hint.tell(text)
        if self._told and not code:
            self._told = False
            self.error.hide()

    def last_reply(self) -> Reply | None:
        """The newest answer."""
        return self.list.last_reply()

    # ------------------------------------------------------------------ what the person does

    def send(self) -> None:
        """Send what is in the composer; while a reply is being written, as soon as that is over."""
        if self._state.ready is None and not self._state.coming:
            return
        if self.composer.reading:
            self.composer.hold(True)
            return
        text = self.composer.text()
        if self.generating:
            self._queued = bool(text if self.continuing.plain else text.strip())
            self._tell()
        if self.generating or self._refuses():
            return
        path = self.book.current.path() if self.continuing.plain else []
        if path and not text:
            (self.go_on if path[-1].role == "assistant" else self._answer)(path[-1].id)
            return
        if not text.strip() and not (path and text):
            self.show_error(events.Failed("prompt_empty"))
            return
        draft = self.composer.draft()
        self.composer.clear()
        self._answer(self.book.add("user", text).id, draft)

    def again(self) -> None:
        """Write the last reply again."""
        if (last := self.last_reply()) is not None:
            self.write_again(last.message_id)

    def write_again(self, message_id: str) -> None:
        """Write a reply again, as another version; one that answers nothing has nothing to be written from."""
        question = self.book.current.message(message_id).parent
        if not question:
            self.show_error(events.Failed("prompt_empty"))
        elif self._can_write():
            self._answer(question)

    def edit(self, message_id: str, text: str) -> None:
        """Ask something else at a place of the conversation; the question and its answers stay, as another version."""
        if self._can_write():
            self._answer(self.book.add("user", text, self.book.current.message(message_id).parent).id)

    def go_on(self, message_id: str) -> None:
        """Write a reply further."""
        reply = self.list.reply(message_id)
        if reply is None or not self._can_write():
            return
        plain = self.continuing.plain
        request = reply_request(self.book.current, message_id, self._state.settings, self._state.seed, plain=plain)
        writing = writing_on(request, self.book.current, message_id, self._state.ready)
        self.book.again(message_id, writing.begun)
        reply.resume(request.request_id)
        self._begin(writing)

    def delete(self, message_id: str) -> None:
        """Take a message out, and all that follows it."""
        if self.generating:
            self.show_error(events.Failed("engine_busy"))
        else:
            self.book.remove(message_id)

    def take_cursor(self) -> None:
        """Let a message be typed."""
        self.composer.setFocus()

    def stop(self) -> None:
        """Stop the reply of this conversation; the text so far stays."""
        self.book.stop(self.book.current.id)

    def stop_writing(self, writing: Writing) -> None:
        """Stop a reply of any conversation."""
        if writing.stopping:
            return
        writing.stopping = True
        self.cancel_requested.emit(writing.request.request_id)
        if writing is self.book.writing:
            self.flush()
            self.composer.set_generating(False)
            self.composer.button.setEnabled(False)  # until the engine confirms, at most one round

    def new_chat(self) -> None:
        """Begin with an empty conversation; a reply that is being written goes on in its own."""
        self.book.new()
        self._state.clear_chat()
        self.notices.clear()
        self.composer.setFocus()

    # ------------------------------------------------------------------ the book

    def leave(self) -> None:
        """Another conversation is about to be shown, or the window closes: keep what is not sent, also what waits."""
        self._queued = False
        self.book.keep_draft(self.composer.text())

    def on_current_changed(self, message_id: str) -> None:
        """Another conversation is shown."""
        self._sent = None
        self.error.hide()
        self.list.rebuild(message_id)
        self._stack.setCurrentWidget(self.empty if self.is_empty else self.view)
        if not message_id:
            self.view.follow()
        self.book.prepare(self._state.settings.prompting.get(self._state.settings.target, ""))
        self.composer.show_text(self.book.current.draft)
        shown = self.book.writing
        self._state.set_elsewhere(name for name, writing in self.book.writings.items() if writing is not shown)
        self._state.clear_chat()
        self.on_writing_changed()
        self.composer.setFocus()

    def on_way_changed(self) -> None:
        """The conversation has other messages."""
        self.list.sync()
        self._stack.setCurrentWidget(self.empty if self.is_empty else self.view)

    def on_writing_changed(self) -> None:
        """A reply began, or is over."""
        writing = self.book.writing
        self.composer.set_generating(writing is not None and not writing.stopping)
        goes = writing is None and self._queued
        self._queued = self._queued and not goes
        self._tell()
        if goes:
            self.send()

    # ------------------------------------------------------------------ events

    def pulse(self) -> None:
        """A batch of events is through."""
        self.feed.pace.pulse()

    def flush(self) -> None:
        """Show the text that has come."""
        self.feed.flush()

    def on_failed(self, event: events.Failed) -> bool:
        """An error of replies that are being written; False when it belongs to something else."""
        failing = self.feed.failing(event)
        for writing in failing:
            here = writing is self.book.writing
            self._queued = self._queued and not here
            unsent = not_sent(event.code) and here and not writing.text()
            if not self.feed.on_failed(writing, event, larger_for(self._state.ready, event)) and here:
                self.show_error(event)
            if unsent and (sent := self._sent) and sent[0] == writing.request.request_id:  # not of one that is deleted
                self._sent = None
                self.book.take_back(writing.conversation.message(writing.message_id).parent)
                self.composer.put_back(sent[1])
                self.show_error(event)
        return bool(failing)

    def show_error(self, event: events.Failed | DownloadFailed) -> None:
        """An error that belongs to no reply, under the composer."""
        self._offered = larger_for(self._state.ready, event)
        self.error.show_failure(event, larger_action(self._offered))

    # ------------------------------------------------------------------ inside

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        # what is typed stands exactly below what is read: the frame is 12 px outside the column
        side = max(12, (self.width() - column_width(self._theme, self.width())) // 2 - 12)
        self._below.setContentsMargins(side, 8, side, 20)
        self.notices.set_margins(side)

    def _can_write(self) -> bool:
        if self.generating:
            self.show_error(events.Failed("engine_busy"))
            return False
        return self._state.ready is not None and not self._refuses()

    def _refuses(self) -> bool:
        if self._why:
            self._told = True
            self.show_error(events.Failed(self._why))
            self.hint.hide()  # it says the same
        return bool(self._why)

    def _unqueue(self) -> None:
        if self._queued:
            self._queued = False
            self._tell()

    def _answer(self, question: str, sent: Draft | None = None) -> None:
        """Let a question be answered."""
        book, ready, settings, plain = self.book, self._state.ready, self._state.settings, self.continuing.plain
        seed, more = self._state.seed, self.origins.alternatives
        request = reply_request(book.current, question, settings, seed, more, plain=plain)
        self._sent = None if sent is None else (request.request_id, sent)
        name = "" if ready is None else ready.target_name
        writing = writing_of(request, book.current, "", ready)
        writing.message_id = book.add("assistant", "", question, "writing", name, begun_text(writing)).id
        self._begin(writing)

    def _begin(self, writing: Writing) -> None:
        self.error.hide()
        self.book.begin(writing)
        reply = self.feed.begin()
        self.view.follow()
        self._state.begin("reply")
        self.generate_requested.emit(writing.request)
        if reply is not None:
            self.origins.check(reply)
