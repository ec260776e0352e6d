"""The messages of the conversation that is shown, as widgets: those in sight first, earlier ones when they are near."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

from PySide6.QtCore import QDate, QDateTime, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QMenu, QWidget

from helix_app.base.messages import context_full_text
from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chat.message.edit_box import Typed
from helix_app.gui.chat.message.reply import MARKS, Reply
from helix_app.gui.chat.origins import Origins
from helix_app.gui.chat.refusals import larger_context
from helix_app.gui.chat.view import ConversationView
from helix_app.gui.chats.asking import continues, text_of
from helix_app.gui.chats.book import ChatBook
from helix_app.gui.chats.record import Record, from_text, rewritten, to_text
from helix_app.gui.chats.rows import moment_text, time_text
from helix_app.gui.kit.controls.buttons import ThemedButton
from helix_app.gui.look.theme import Theme
from helix_app.gui.state import State
from helix_app.protocol.conversations.chats import Message
from helix_app.protocol.requests import GenerateRequest

AT_FIRST = 8  # messages that are built before anything is painted
PIECE = 4  # messages that are built at a time afterwards
MORE_STATES = ("stopped", "length", "interrupted")  # of replies that can be continued


def _cursor_in(messages: Sequence[QWidget]) -> str:
    """Name of what has the cursor in one of these messages; empty for none."""
    focused = QApplication.focusWidget()
    inside = focused is not None and any(message.isAncestorOf(focused) for message in messages)
    return (focused.accessibleName() or "?") if focused is not None and inside else ""


class MessageList(QObject):
    """Keeps a view at what the book shows.

    Signals:
        edited: (id of a message of the person, the text that is to stand beside it).
        again_requested: id of the reply that is to be written again.
        continue_requested: id of the reply that is to be written further.
        race_requested: the GenerateRequest of a reply that is to be written again beside plain decoding.
        context_requested: load the model with a context of so many tokens.
        new_chat_requested: begin a new conversation.
        delete_requested: id of a message to be taken out, with all that follows it.
        changed: other messages are shown, or built.
        cursor_lost: what had the cursor is gone, or is done with.
        made: a widget shows all that the book has of the reply that is being written.
    """

    edited = Signal(str, str)
    again_requested = Signal(str)
    continue_requested = Signal(str)
    race_requested = Signal(object)
    context_requested = Signal(int)
    new_chat_requested = Signal()
    delete_requested = Signal(str)
    changed = Signal()
    cursor_lost = Signal()
    made = Signal()

    def __init__(
        self, theme: Theme, state: State, book: ChatBook, view: ConversationView, origins: Origins, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._theme, self._state, self._book = theme, state, book
        self._view, self._origins = view, origins
        self._earlier = 0  # messages of the way that are not built yet
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._build_earlier)
        self._day, self._midnight = date.today(), QTimer(self)
        self._midnight.setSingleShot(True)
        self._midnight.timeout.connect(self.check_day)
        app = QGuiApplication.instance()
        if isinstance(app, QGuiApplication):
            app.applicationStateChanged.connect(self.check_day)  # the timer of a computer that slept is late
        self.check_day()
        view.top_near.connect(self._timer.start)
        theme.resized.connect(self.redraw)
        state.model_changed.connect(self._on_next_changed)
        book.prompting_changed.connect(self._on_next_changed)

    def widget(self, message_id: str) -> UserBubble | Reply | None:
        """The widget of a message, if it is shown and built."""
        for widget in reversed(self._view.messages()):
            if isinstance(widget, (UserBubble, Reply)) and widget.message_id == message_id:
                return widget
        return None

    def reply(self, message_id: str) -> Reply | None:
        """The widget of a reply, if it is shown and built."""
        widget = self.widget(message_id)
        return widget if isinstance(widget, Reply) else None

    def last_reply(self) -> Reply | None:
        """The newest answer on the way."""
        return next((w for w in reversed(self._view.messages()) if isinstance(w, Reply)), None)

    def copy_last(self) -> None:
        """Copy the newest answer."""
        last = self.last_reply()
        if last is not None:
            last.on_copy_clicked()

    # ------------------------------------------------------------------ what is shown

    def rebuild(self, message_id: str = "") -> None:
        """Another conversation is shown: its end, or as far back as to a message, or to one that is being edited."""
        edits = self._edits()
        focused = None if _cursor_in(self._view.messages()) else self._view.window().focusWidget()
        self._view.clear()
        path = self._book.current.path()
        wanted = (i for i, message in enumerate(path) if message.id == message_id or message.id in edits)
        self._earlier = max(0, min(len(path) - AT_FIRST, next(wanted, len(path)) - PIECE))
        for message in path[self._earlier :]:
            self._view.add(self._make(message))
        self._refresh()
        self._edit_on(edits, focused)
        widget = self.widget(message_id)
        if widget is not None:
            self._view.bring_into_sight(widget)
        self._timer.start()

    def _edits(self) -> dict[str, Typed]:
        """What is being edited, by the ids of the messages."""
        widgets = [w for w in self._view.messages() if isinstance(w, (UserBubble, Reply))]
        return {widget.message_id: widget.box.typed() for widget in widgets if widget.box is not None}

    def _edit_on(self, edits: Mapping[str, Typed], focused: QWidget | None) -> None:
        """Let messages that were made anew be edited as before; the cursor stays where it was."""
        for message_id, typed in sorted(edits.items(), key=lambda item: item[1].focused):
            widget = self.widget(message_id)
            if widget is not None:
                widget.begin_edit()
            if widget is not None and widget.box is not None:
                widget.box.show_typed(typed)
        if edits and focused is not None:
            focused.setFocus()

    def reveal(self, message_id: str) -> UserBubble | Reply | None:
        """The widget of a message of the way, built if it was not; None for one that is not on the way."""
        path = self._book.current.path()
        index = next((i for i, message in enumerate(path) if message.id == message_id), -1)
        if 0 <= index < self._earlier:
            first = max(0, index - PIECE)
            made = [self._make(message) for message in path[first : self._earlier]]
            self._earlier = first
            self._view.prepend(made)
            self._refresh()
        return self.widget(message_id)

    def redraw(self) -> None:
        """Build what is in sight anew, for another size of text."""
        top = self._view.first_in_sight()
        self.rebuild(top.message_id if isinstance(top, (UserBubble, Reply)) and not self._view.following else "")

    def sync(self) -> None:
        """The way changed: what both have in common stays as it is."""
        wanted = self._book.current.path()[self._earlier :]
        shown = [w for w in self._view.messages() if isinstance(w, (UserBubble, Reply))]
        same = 0
        while same < min(len(wanted), len(shown)) and wanted[same].id == shown[same].message_id:
            same += 1
        cursor = _cursor_in(shown[same:])
        if not same and shown:
            self.rebuild()
        else:
            for widget in shown[same:]:
                self._view.remove(widget)
            for message in wanted[same:]:
                self._view.add(self._make(message))
            self._refresh()
        if cursor:
            self._give_cursor(cursor, same)

    def renew(self, message_id: str) -> None:
        """Build the last message anew."""
        widget = self.widget(message_id)
        if widget is not None and message_id == self._book.current.leaf:
            self._view.remove(widget)
            self._view.add(self._make(self._book.current.message(message_id)))
            self._refresh()

    def _give_cursor(self, name: str, same: int) -> None:
        """Let the cursor stand on the button of this name in the first message that is new, or where one writes."""
        new = [w for w in self._view.messages() if isinstance(w, (UserBubble, Reply))][same : same + 1]
        buttons = [button for widget in new for button in widget.findChildren(ThemedButton)]
        found = [b for b in buttons if b.accessibleName() == name and b.isVisible() and b.isEnabled()]
        if found:
            found[0].setFocus()
        else:
            self.cursor_lost.emit()

    def _on_next_changed(self) -> None:
        """The next reply is of another model, or by another choice; without a model its kind is not known."""
        if self._state.ready is not None:
            self._refresh()

    def _refresh(self) -> None:
        """Which versions there are, which reply is the last one, and what what waits for a reply is part of."""
        widgets = [w for w in self._view.messages() if isinstance(w, (UserBubble, Reply))]
        after: UserBubble | Reply | None = None
        for widget in reversed(widgets):
            if isinstance(widget, UserBubble):
                self._tell_time(widget)
                plain = continues(self._book.current.prompting, self._state.ready)
                widget.set_plain(after.plain if isinstance(after, Reply) else plain)
            after = widget
            if widget.message_id in self._book.current:
                versions = self._book.current.versions(widget.message_id)
                widget.show_version(versions.index(widget.message_id) + 1, len(versions))
            if isinstance(widget, Reply):
                widget.set_last(widget is widgets[-1])
        self.changed.emit()

    def _tell_time(self, bubble: UserBubble) -> None:
        """When a message was sent, where much time has passed since the one before it."""
        talk = self._book.current
        if bubble.message_id in talk:
            message = talk.message(bubble.message_id)
            before = talk.message(message.parent).created if message.parent in talk else ""
            bubble.show_time(time_text(message.created, before, date.today()), moment_text(message.created))

    def check_day(self, _state: Qt.ApplicationState | None = None) -> None:
        """Tell the times anew if it is another day."""
        if self._day != date.today():
            self._day = date.today()
            for widget in self._view.messages():
                if isinstance(widget, UserBubble):
                    self._tell_time(widget)
        tomorrow = QDate.currentDate().addDays(1).startOfDay()
        self._midnight.start(QDateTime.currentDateTime().msecsTo(tomorrow) + 1000)

    def _build_earlier(self) -> None:
        """A few more above what is shown, as long as the reader is near them."""
        if not self._earlier or not self._view.is_near_top():
            self._timer.stop()
            return
        first = max(0, self._earlier - PIECE)
        path = self._book.current.path()[first : self._earlier]
        self._earlier = first
        self._view.prepend([self._make(message) for message in path])
        self._refresh()

    # ------------------------------------------------------------------ one message

    def _make(self, message: Message) -> UserBubble | Reply:
        return self._bubble(message) if message.role == "user" else self._answer(message)

    def _bubble(self, message: Message) -> UserBubble:
        bubble = UserBubble(self._theme, message.text, message.id)
        bubble.edited.connect(lambda text: self.edited.emit(message.id, text))
        bubble.versions.stepped.connect(lambda by: self._book.step(message.id, by))
        bubble.menu_requested.connect(lambda place: self._open_menu(bubble, place))
        return bubble

    def _open_menu(self, bubble: UserBubble, place: QPoint) -> None:
        message_id = bubble.message_id
        menu = QMenu(bubble)
        menu.addAction(self.tr("Edit"), bubble.begin_edit)
        menu.addAction(self.tr("Copy"), lambda: QGuiApplication.clipboard().setText(bubble.text()))
        menu.addSeparator()
        menu.addAction(self.tr("Branch from here"), lambda: self._book.copy(self._book.current.id, message_id))
        menu.addAction(self.tr("Delete this and its answers"), lambda: self.delete_requested.emit(message_id))
        menu.popup(place)

    def _answer(self, message: Message) -> Reply:
        writing = self._book.writing
        mine = writing is not None and writing.message_id == message.id
        request_id = writing.request.request_id if mine and writing is not None else message.id
        record = from_text(message.details)
        plain = record is not None and record.plain
        reply = Reply(self._theme, request_id, self._author(message, record), message.id, plain=plain)
        self._connect(reply, message.id)
        reply.author.setToolTip(moment_text(message.created))
        if record is not None and record.grammar is not None:
            reply.set_verbatim()
        if mine and writing is not None:
            reply.set_thinking(writing.marks, writing.opens)
            reply.append(writing.text())
            reply.tell_thought(writing.thought_seconds, writing.thought_tokens)
            reply.request = writing.request
            self.made.emit()
        elif message.state != "writing":
            self._end(reply, message)
        self._origins.adopt(reply)
        return reply

    def _author(self, message: Message, record: Record | None) -> str:
        edited = self.tr("edited") if record is not None and record.edited else ""
        by = self.tr("Continued by {model}") if record is not None and record.plain and message.model else "{model}"
        return ", ".join(part for part in (by.format(model=message.model), edited) if part)

    def _connect(self, reply: Reply, message_id: str) -> None:
        reply.again_requested.connect(lambda: self.again_requested.emit(message_id))
        reply.edited.connect(lambda text: self._rewrite(message_id, text))
        reply.continue_requested.connect(lambda: self.continue_requested.emit(message_id))
        reply.context_requested.connect(self.context_requested)
        reply.new_chat_requested.connect(self.new_chat_requested)
        reply.race_requested.connect(lambda request: self._race(request, message_id))
        reply.branch_requested.connect(lambda: self._book.copy(self._book.current.id, message_id))
        reply.delete_requested.connect(lambda: self.delete_requested.emit(message_id))
        reply.stepped.connect(lambda by: self._book.step(message_id, by))

    def _rewrite(self, message_id: str, text: str) -> None:
        """A person's own text of a reply, beside that of the model: it can be continued."""
        before = self._book.current.message(message_id)
        text, record = rewritten(before.text, from_text(before.details) or Record(marks=MARKS), text)
        self._book.add("assistant", text, before.parent, "done", before.model, to_text(record))
        self.cursor_lost.emit()

    def _race(self, request: GenerateRequest, message_id: str) -> None:
        talk = self._book.current
        settings = talk.prompting.applied(self._state.settings)
        question = talk.message(message_id).parent
        turns = text_of(talk.path(question)) if request.raw else talk.history(question, settings.system_prompt)
        self.race_requested.emit(replace(request, messages=request.messages or turns))

    def _end(self, reply: Reply, message: Message) -> None:
        """Show how a reply ended that is complete already."""
        record = from_text(message.details)
        finished = None
        if record is not None:
            reply.set_thinking(record.marks, record.opens)
            reply.request = None if record.edited else record.request((), message.id)  # no model wrote all of it
            reply.exact_rows = record.exact_rows
            reply.set_plain_rounds([record.plain_round] * record.plain_rounds)
            finished = record.finished(message.id, message.text)
        reply.append(message.text)
        if record is not None and record.failed is not None:
            reply.fail(record.failed)
        elif finished is not None:
            reply.finish(finished)
        else:
            reply.finish_bare()
        if record is not None:
            reply.tell_thought(record.thought_seconds, record.thought_tokens)
        self.show_end(reply, message)

    def show_end(self, reply: Reply, message: Message) -> None:
        """Offer what can be done with a reply that ended so."""
        ready = self._state.ready
        record = from_text(message.details)
        by_hand = message.state == "done" and record is not None and record.by_hand
        drops_oldest = self._book.current.prompting.applied(self._state.settings).on_full == "drop_oldest"
        full = message.state == "context_full"
        if message.state == "interrupted":
            reply.offer_more(self.tr("Helix ended while this was being written. What had come by then was kept."))
        elif (by_hand or message.state in MORE_STATES or reply.plain) and message.text and not full:
            reply.offer_more()
        elif full and drops_oldest and message.text:
            reply.offer_more()  # older turns make room for the rest
        elif full and ready is not None:
            sentence = context_full_text(ready.context_limit, ready.context_length, ready.model_context)
            reply.offer_context(sentence, larger_context(ready))
