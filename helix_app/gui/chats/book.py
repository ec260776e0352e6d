"""The conversations of a window: which one is shown, what is written, and what the store is told of it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, QTimer, Signal

from helix_app.gui.chats.conversation import Conversation, Unkept, new_id
from helix_app.gui.chats.deleted import Bin, Deleted
from helix_app.gui.chats.rows import title_of
from helix_app.gui.chats.writing import Writing
from helix_app.gui.routing import Handlers
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    ChatAsked,
    ChatEntry,
    ChatOpened,
    ChatsFound,
    ChatsListed,
    CopyChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    FindChats,
    GrowMessage,
    KeepRun,
    ListChats,
    Message,
    MessageState,
    OpenChat,
    Recorded,
    Role,
)

KEEP_MS = 500  # how long text of a reply may be in memory alone


class ChatBook(QObject):
    """The truth about conversations: its users watch it, and whatever they change in it goes to the store.

    Attributes:
        entries: the conversations there are, as the store told them last.
        kept: whether what is written is being kept.
        current: the conversation that is shown; one without messages is not in the store yet.
        writings: the replies that are being written, at most one a conversation, by the ids of their requests.

    Signals:
        asked: a request of ``protocol/conversations/chats.py`` for the store.
        listed: ``entries`` or ``kept`` changed.
        current_changed: another conversation is shown; id of the message to be in sight, empty for the last one.
        way_changed: the shown conversation has other messages on its way than before.
        writing_changed: a reply began, or is over.
        found: a ChatsFound.
        stop_requested: a Writing that is to end.
        deleted: (title, how many): ``undo`` can bring back conversations, or messages, which have no title.
        undone: what was deleted last is back.
        leaving: another conversation is about to be shown, or another place of this one.
        prompting_changed: the conversation that is shown changes other things of prompt and sampling.
    """

    asked = Signal(object)
    listed = Signal()
    current_changed = Signal(str)
    way_changed = Signal()
    writing_changed = Signal()
    found = Signal(object)
    stop_requested = Signal(object)
    deleted = Signal(str, int)
    undone = Signal()
    leaving = Signal()
    prompting_changed = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.entries: tuple[ChatEntry, ...] = ()
        self.kept = True
        self.current = self._fresh = Conversation()
        self.writings: dict[str, Writing] = {}
        self._wanted = ("", "")  # the conversation that was asked for, and the message of it to be in sight
        self._unkept = Unkept()
        self._search = 0
        self._bin = Bin()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.keep)

    def handlers(self) -> Handlers:
        """What is called with each kind of news."""
        return {ChatsListed: self.on_listed, ChatOpened: self.on_opened, ChatsFound: self.on_found}

    def start(self, last: str = "") -> None:
        """List what there is, and show the conversation that was shown last."""
        self.ask(ListChats())
        if last:
            self.open(last)

    def ask(self, *asked: ChatAsked) -> None:
        """Ask something of the store, in this order."""
        for one in asked:
            self.asked.emit(one)

    def entry(self, chat_id: str) -> ChatEntry | None:
        """What the list says of a conversation."""
        return next((entry for entry in self.entries if entry.id == chat_id), None)

    # ------------------------------------------------------------------ which is shown

    def open(self, chat_id: str, message_id: str = "") -> None:
        """Show a conversation; it comes from the store, unless there is more of it here."""
        if chat_id == self.current.id:
            self._wanted = ("", "")
            self._reveal(message_id)
        elif (talk := self._at_hand(chat_id)) is not None:
            self._show(talk, message_id)
        else:
            self._wanted = (chat_id, message_id)
            self.ask(OpenChat(chat_id))

    def _at_hand(self, chat_id: str) -> Conversation | None:
        """A conversation that is shown, in which a reply is being written, or that the store may not have all of."""
        if chat_id == self.current.id:
            return self.current
        writing = self.writing_in(chat_id)
        return self._unkept.get(chat_id) if writing is None else writing.conversation

    def new(self) -> None:
        """Show a conversation without messages: the one that was begun before, as long as nothing was sent in it."""
        if self._fresh.known:
            self._fresh = Conversation()
        if self.current is not self._fresh:
            self._show(self._fresh)

    def on_opened(self, news: ChatOpened) -> None:
        """A conversation came from the store; one that nobody waits for any more is left."""
        wanted, message_id = self._wanted
        if news.id == wanted and news.chat is not None:
            self._show(Conversation(news.chat), message_id)
        elif news.id == wanted:  # it is gone: the list marks what is shown
            self._wanted = ("", "")
            self.ask(ListChats())
            self.listed.emit()

    def _show(self, conversation: Conversation, message_id: str = "") -> None:
        self._wanted = ("", "")
        self.leaving.emit()
        if message_id in conversation:
            conversation.show(message_id)
        self.current = conversation
        self.current_changed.emit(message_id)

    def _reveal(self, message_id: str) -> None:
        if message_id in self.current:
            self.leaving.emit()
            self.show_version(message_id)
            self.current_changed.emit(message_id)

    # ------------------------------------------------------------------ the messages of it

    def add(
        self,
        role: Role,
        text: str,
        parent: str | None = None,
        state: MessageState = "done",
        model: str = "",
        details: str = "",
    ) -> Message:
        """A new message of the conversation that is shown; the first one makes the store know it."""
        conversation = self.current
        message = conversation.add(role, text, parent, state, model, details)
        if not conversation.known:
            conversation.known = True
            self.ask(CreateChat(conversation.chat()))
            if not self.kept:
                self._unkept.add(conversation)
                self.entries = (conversation.entry(), *self.entries)
                self.listed.emit()
        elif self.kept:
            self.ask(AddMessage(conversation.id, message))
        else:
            self.ask(*self._unkept.add(conversation, message.id))
        self.way_changed.emit()
        return message

    def step(self, message_id: str, by: int) -> None:
        """Show the version before or after this message."""
        self.current.step(message_id, by)
        self._way_chosen()

    def show_version(self, message_id: str) -> None:
        """Let the way lead over this message."""
        if message_id in self.current:
            self.current.show(message_id)
            self._way_chosen()

    def remove(self, message_id: str) -> None:
        """Take a message out, and all that follows it; a conversation without messages goes with its last one.
        ``undo`` brings them back."""
        conversation, leaf = self.current, self.current.leaf
        gone = conversation.remove(message_id)
        if not len(conversation):
            conversation.put_back(gone, leaf)
            self.delete(conversation.id)
            return
        self._bin.put(Deleted([conversation.id], "", tuple(gone), leaf))
        self.ask(DeleteMessage(conversation.id, message_id, conversation.leaf))
        self.way_changed.emit()
        self.deleted.emit("", 1)

    def take_back(self, message_id: str) -> None:
        """A message was never sent: it is as if it had never been there."""
        conversation = self.current
        conversation.remove(message_id)
        if len(conversation):
            self.ask(DeleteMessage(conversation.id, message_id, conversation.leaf))
            self.way_changed.emit()
            return
        self.leaving.emit()
        self._unkept.drop(conversation.id)
        self.ask(ChangeChat(conversation.id, deleted=True))
        self._fresh = conversation.anew()  # with all that was not sent, as it was before
        self.current_changed.emit("")

    def _way_chosen(self) -> None:
        if self.current.known:
            self.ask(ChangeChat(self.current.id, leaf=self.current.leaf))
        self.way_changed.emit()

    # ------------------------------------------------------------------ the replies that are being written

    @property
    def writing(self) -> Writing | None:
        """The reply that is being written in the conversation that is shown."""
        return self.writing_in(self.current.id)

    def writing_in(self, chat_id: str) -> Writing | None:
        """The reply that is being written in a conversation."""
        return next((writing for writing in self.writings.values() if writing.conversation.id == chat_id), None)

    def begin(self, writing: Writing) -> None:
        """A reply is being written; its message is there."""
        self.writings[writing.request.request_id] = writing
        self.writing_changed.emit()

    def stop(self, chat_id: str) -> None:
        """The reply that is being written in a conversation is to end."""
        if (writing := self.writing_in(chat_id)) is not None:
            self.stop_requested.emit(writing)

    def again(self, message_id: str, text: str) -> None:
        """A message that was complete is written further: its recorded run is not all of it any more."""
        self.current.change(message_id, text=text, state="writing")
        self.current.runs.discard(message_id)
        if not self.kept:
            self.ask(*self._unkept.add(self.current, message_id))
        self.ask(EndMessage(message_id, text, "writing", self.current.message(message_id).details))

    def grow(self, writing: Writing, text: str) -> None:
        """More text of a reply came."""
        writing.add(text)
        if not self._timer.isActive():
            self._timer.start(KEEP_MS)

    def keep(self) -> None:
        """Let the store have what it was not told yet."""
        self._timer.stop()
        grown = [(writing.message_id, writing.take_unkept()) for writing in self.writings.values()]
        self.ask(*(GrowMessage(message_id, text) for message_id, text in grown if text))

    def end(self, writing: Writing, text: str, state: MessageState, details: str) -> None:
        """A reply is over; ``text`` is all of its message."""
        self.writings.pop(writing.request.request_id, None)
        if not self.writings:
            self._timer.stop()
        writing.conversation.change(writing.message_id, text=text, state=state, details=details)
        if writing.message_id in writing.conversation:
            self.ask(EndMessage(writing.message_id, text, state, details))
        if (together := self._bin.doomed(writing.conversation.id)) is not None:  # before anybody writes on in it
            self._hide(writing.conversation.id, together)
            self._tell(together)
        self.writing_changed.emit()

    # ------------------------------------------------------------------ the list

    def on_listed(self, news: ChatsListed) -> None:
        """The list as it is now; what is in memory alone is in it, too, and is handed on as soon as it can be kept."""
        again, self.kept = news.kept and not self.kept, news.kept
        there = {entry.id for entry in news.entries}
        if not news.kept and self.current.known and self.current.id not in there:
            self._unkept.add(self.current)
        self.entries = (*self._unkept.listed(there), *news.entries)
        if again:
            self.ask(*self._unkept.hand_on())
        self.listed.emit()

    def find(self, words: str) -> None:
        """Look for words; ``found`` tells the answer to the last question alone."""
        self._search += 1
        if words.strip():
            self.ask(FindChats(words, self._search))

    def on_found(self, news: ChatsFound) -> None:
        """What was found."""
        if news.number == self._search:
            self.found.emit(news)

    def change(
        self, chat_id: str, *, title: str | None = None, pinned: bool | None = None, folder: str | None = None
    ) -> None:
        """Give a conversation a title, pin it, or put it into a folder."""
        self.ask(ChangeChat(chat_id, title=title, pinned=pinned, folder=folder))

    def copy(self, chat_id: str, upto: str = "") -> None:
        """Make a second conversation of one, or of its way to a message, and show it."""
        made = new_id()
        self.ask(CopyChat(chat_id, made, upto))
        self.open(made)

    def delete(self, *chat_ids: str) -> None:
        """Delete conversations, those that are being written when their replies have ended; one ``undo`` is for all."""
        together = Deleted()
        for chat_id in chat_ids:
            if self.writing_in(chat_id) is None:
                self._hide(chat_id, together)
            else:
                self._bin.doom(chat_id, together)
                self.stop(chat_id)
        self._tell(together)

    def _hide(self, chat_id: str, together: Deleted) -> None:
        together.talks += self._unkept.drop(chat_id)
        self._wanted = ("", "") if self._wanted[0] == chat_id else self._wanted
        entry = self.entry(chat_id)
        together.add(chat_id, self.tr("a conversation") if entry is None else title_of(entry))
        self.ask(ChangeChat(chat_id, deleted=True))
        if self.current.id == chat_id:
            self.new()

    def _tell(self, together: Deleted) -> None:
        if together.chat_ids:
            self._bin.put(together)
            self.deleted.emit(together.title, len(together.chat_ids))

    @property
    def can_undo(self) -> bool:
        """Whether something that was deleted can be brought back."""
        return bool(self._bin)

    def undo(self) -> None:
        """Bring back what was deleted last, and show it."""
        if (last := self._bin.take()) is None:
            return
        self.undone.emit()
        self._unkept.put_back(last.talks)
        talk = self._at_hand(last.chat_ids[0])
        self.ask(*last.back())
        if last.messages and talk is not None:
            talk.put_back(last.messages, last.leaf)
        if last.messages and talk is self.current:
            self.way_changed.emit()
        else:
            self.open(last.chat_ids[0], last.leaf)

    def prepare(self, text: str) -> None:
        """What new conversations change: taken by the one that is shown, if it has not begun and nobody chose."""
        if not self.current.known and not self.current.chosen:
            self.current.settings = text
        self.prompting_changed.emit()

    def keep_run(self, request_id: str, items: Sequence[tuple[float, Recorded]]) -> None:
        """Keep the recorded run of a reply that is being written, if all of it is in the run."""
        writing = self.writings.get(request_id)
        if writing is not None and not writing.begun:
            writing.conversation.runs.add(writing.message_id)
            self.ask(KeepRun(writing.message_id, tuple(items)))

    def set_prompting(self, text: str, talk: Conversation | None = None) -> None:
        """What a conversation changes of prompt and sampling, as JSON; without ``talk`` the one that is shown."""
        talk = self.current if talk is None else talk
        talk.settings, talk.chosen = text, True
        if talk.known:
            self.ask(ChangeChat(talk.id, settings=text))
        self.prompting_changed.emit()

    def restore(self, draft: str, settings: str) -> None:
        """What was not sent when the program ended last, for the conversation that is to begin."""
        if not self._fresh.known:
            self._fresh.draft = draft
            if settings and not self._fresh.chosen:
                self._fresh.settings, self._fresh.chosen = settings, True
                self.prompting_changed.emit()

    def keep_draft(self, text: str) -> None:
        """What stands in the message field of the conversation that is shown."""
        conversation, before = self.current, self.current.draft
        conversation.draft = text
        if conversation.known and text != before:
            self.ask(ChangeChat(conversation.id, draft=text))
