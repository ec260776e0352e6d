"""What a store should hold, as plain Python: small enough to be seen to be right."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    Chat,
    ChatEntry,
    CopyChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    GrowMessage,
    Message,
)
from helix_app.store.chats.changes import Change
from helix_app.store.chats.titles import free_title, title_of


class Gone(Exception):
    """What is to be changed is not there."""


def shape(chat: Chat) -> Chat:
    """A conversation whose messages have their numbers as ids, so that it can be compared with its copy."""
    ids = {message.id: str(number) for number, message in enumerate(chat.messages)} | {"": ""}
    messages = tuple(replace(one, id=ids[one.id], parent=ids[one.parent]) for one in chat.messages)
    return replace(chat, entry=replace(chat.entry, id=""), messages=messages, leaf=ids[chat.leaf])


class Model:
    """Conversations by id, in the order in which they were made."""

    def __init__(self) -> None:
        self.chats: dict[str, Chat] = {}
        self.deleted: set[str] = set()

    def messages(self) -> list[Message]:
        """All of them."""
        return [message for chat in self.chats.values() for message in chat.messages]

    def entries(self) -> tuple[ChatEntry, ...]:
        """The list."""
        alive = [chat.entry for chat_id, chat in self.chats.items() if chat_id not in self.deleted]
        alive.sort(key=lambda entry: datetime.fromisoformat(entry.updated))
        alive.sort(key=lambda entry: entry.pinned)
        return tuple(alive[::-1])

    def apply(self, change: Change) -> None:
        """The same as a store does. A copy has the ids of what it was made of."""
        if isinstance(change, CreateChat):
            self._keep(self._titled(change.chat))
        elif isinstance(change, ChangeChat):
            self._change(change)
        elif isinstance(change, CopyChat):
            self._copy(change)
        elif isinstance(change, AddMessage):
            self._add(change)
        elif isinstance(change, DeleteMessage):
            self._delete(change)
        else:
            for chat in list(self.chats.values()):
                self._keep(replace(chat, messages=tuple(self._written(one, change) for one in chat.messages)))

    def _keep(self, chat: Chat) -> None:
        self.chats[chat.entry.id] = replace(chat, entry=replace(chat.entry, messages=len(chat.messages)))

    def _titled(self, chat: Chat) -> Chat:
        if chat.entry.named:
            return chat
        questions = [message.text for message in chat.messages if message.role == "user"]
        return replace(chat, entry=replace(chat.entry, title=title_of(questions[0]) if questions else ""))

    def _change(self, change: ChangeChat) -> None:
        chat = self.chats.get(change.id)
        if chat is None:
            return
        if change.deleted is not None:
            (self.deleted.add if change.deleted else self.deleted.discard)(change.id)
        given = {name: getattr(change, name) for name in ("pinned", "folder")}
        entry = replace(chat.entry, **{name: value for name, value in given.items() if value is not None})
        if change.title is not None:
            entry = replace(entry, title=change.title, named=bool(change.title))
        chat = replace(chat, entry=entry, draft=chat.draft if change.draft is None else change.draft)
        if change.settings is not None:
            chat = replace(chat, settings=change.settings)
        if change.leaf in {message.id for message in chat.messages}:
            chat = replace(chat, leaf=change.leaf)
        self._keep(self._titled(chat) if change.title == "" else chat)

    def _copy(self, change: CopyChat) -> None:
        chat = self.chats.get(change.id)
        if chat is None or change.id in self.deleted:
            raise Gone
        by_id = {message.id: message for message in chat.messages}
        messages: list[Message] = list(chat.messages)
        if change.upto:
            if change.upto not in by_id:
                raise Gone
            messages, at = [], change.upto
            while at:
                messages.insert(0, by_id[at])
                at = by_id[at].parent
            chat = replace(chat, leaf=change.upto, draft="")
        ended = (replace(one, state="interrupted") if one.state == "writing" else one for one in messages)
        title = free_title(chat.entry.title, {entry.title for entry in self.entries()})
        entry = replace(chat.entry, id=change.new_id, title=title, pinned=False)
        copy = replace(chat, entry=entry, messages=tuple(ended))
        self._keep(copy if title else self._titled(copy))

    def _add(self, change: AddMessage) -> None:
        chat, message = self.chats.get(change.chat_id), change.message
        if chat is None or message.parent not in {"", *(one.id for one in chat.messages)}:
            raise Gone
        first = all(one.role != "user" for one in chat.messages) and message.role == "user"
        entry = replace(chat.entry, updated=message.created)
        chat = replace(chat, entry=entry, messages=(*chat.messages, message), leaf=message.id)
        self._keep(self._titled(chat) if first else chat)

    def _delete(self, change: DeleteMessage) -> None:
        chat = self.chats.get(change.chat_id)
        found = [one for one in chat.messages if one.id == change.id] if chat is not None else []
        if chat is None or not found:
            return
        gone = {change.id}
        for message in chat.messages:  # each stands behind the one before it
            if message.parent in gone:
                gone.add(message.id)
        left = tuple(one for one in chat.messages if one.id not in gone)
        choices = [change.leaf, chat.leaf, found[0].parent, *(one.id for one in left[-1:]), ""]
        leaf = next(one for one in choices if one in {"", *(m.id for m in left)} and (one or not left))
        question = next((one.id for one in chat.messages if one.role == "user"), None)
        chat = replace(chat, messages=left, leaf=leaf)
        self._keep(self._titled(chat) if question in gone else chat)

    def _written(self, message: Message, change: object) -> Message:
        if isinstance(change, GrowMessage) and message.id == change.id and message.state == "writing":
            return replace(message, text=message.text + change.text)
        if isinstance(change, EndMessage) and message.id == change.id:
            return replace(message, text=change.text, state=change.state, details=change.details)
        return message
