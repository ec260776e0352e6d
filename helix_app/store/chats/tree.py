"""Conversations as trees of messages: how they are read, added and cut. Transactions are begun by who calls."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from helix_app.base import texts
from helix_app.protocol.conversations.chats import Chat, ChatEntry, Message, UnsentOpened
from helix_app.store.chats.titles import title_of

T = TypeVar("T")
_ENTRY = (
    "SELECT id, title, created, updated, pinned, folder, named, "
    "(SELECT count(*) FROM messages WHERE messages.chat = chats.id) FROM chats WHERE NOT deleted"
)
_ORDER = " ORDER BY pinned DESC, julianday(updated) DESC, number DESC"
_MESSAGE = "SELECT id, parent, role, text, created, state, model, details FROM messages"


def now() -> str:
    """The time as messages have it."""
    return datetime.now().astimezone().isoformat(timespec="milliseconds")


def new_id() -> str:
    """An id that nothing else has."""
    return uuid.uuid4().hex


def whole(value: T) -> T:
    """The same record without halves of characters in its texts, which no file takes."""
    made: Any = value
    if isinstance(made, str):
        made = texts.whole_name(made)
    elif isinstance(made, tuple):
        made = tuple(whole(part) for part in made)
    elif is_dataclass(made) and not isinstance(made, type):
        made = replace(made, **{part.name: whole(getattr(made, part.name)) for part in fields(made)})
    return made


def entries(db: sqlite3.Connection) -> tuple[ChatEntry, ...]:
    """The conversations that are not deleted: pinned ones first, then the latest first."""
    return tuple(_entry(row) for row in db.execute(_ENTRY + _ORDER))


def chat(db: sqlite3.Connection, chat_id: str) -> Chat | None:
    """A conversation, whole; None when there is none, or it is deleted."""
    row = db.execute(f"{_ENTRY} AND id = ?", (chat_id,)).fetchone()
    if row is None:
        return None
    messages = tuple(Message(*row) for row in db.execute(f"{_MESSAGE} WHERE chat = ? ORDER BY number", (chat_id,)))
    leaf, draft, settings = db.execute("SELECT leaf, draft, settings FROM chats WHERE id = ?", (chat_id,)).fetchone()
    runs = db.execute("SELECT message FROM runs WHERE message IN (SELECT id FROM messages WHERE chat = ?)", (chat_id,))
    return Chat(_entry(row), messages, leaf, draft, settings, tuple(row[0] for row in runs))


def chat_ids(db: sqlite3.Connection) -> tuple[str, ...]:
    """The ids of all conversations that are not deleted, as they are listed."""
    return tuple(row[0] for row in db.execute(f"SELECT id FROM chats WHERE NOT deleted{_ORDER}"))


def has_chat(db: sqlite3.Connection, chat_id: str) -> bool:
    """Whether there is such a conversation, deleted or not."""
    return db.execute("SELECT 1 FROM chats WHERE id = ?", (chat_id,)).fetchone() is not None


def has_message(db: sqlite3.Connection, chat_id: str, message_id: str) -> bool:
    """Whether a conversation has this message."""
    found = db.execute("SELECT 1 FROM messages WHERE id = ? AND chat = ?", (message_id, chat_id)).fetchone()
    return found is not None


def insert_chat(db: sqlite3.Connection, chat: Chat) -> None:
    """Add a conversation without its messages."""
    entry = chat.entry
    db.execute(
        "INSERT INTO chats (id, title, named, created, updated, pinned, folder, leaf, draft, settings) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            entry.id,
            entry.title,
            entry.named,
            entry.created,
            entry.updated or entry.created,
            entry.pinned,
            entry.folder,
            chat.leaf,
            chat.draft,
            chat.settings,
        ),
    )


def insert_message(db: sqlite3.Connection, chat_id: str, message: Message) -> None:
    """Add a message behind all others that were written."""
    db.execute(
        "INSERT INTO messages (id, chat, parent, role, state, created, model, text, details) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            message.id,
            chat_id,
            message.parent,
            message.role,
            message.state,
            message.created,
            message.model,
            message.text,
            message.details,
        ),
    )


def first_question(db: sqlite3.Connection, chat_id: str) -> tuple[str, str]:
    """(id, text) of the first message of a person; both empty where there is none."""
    found = db.execute(
        "SELECT id, text FROM messages WHERE chat = ? AND role = 'user' ORDER BY number LIMIT 1", (chat_id,)
    ).fetchone()
    return found or ("", "")


def make_title(db: sqlite3.Connection, chat_id: str) -> None:
    """Give a conversation that nobody named the title that its first question makes."""
    title = title_of(first_question(db, chat_id)[1])
    db.execute("UPDATE chats SET title = ? WHERE id = ? AND NOT named", (title, chat_id))


def branch(db: sqlite3.Connection, chat_id: str, message_id: str) -> set[str]:
    """The ids of a message and of all that follows it."""
    following: dict[str, list[str]] = {}
    for child, parent in db.execute("SELECT id, parent FROM messages WHERE chat = ?", (chat_id,)):
        following.setdefault(parent, []).append(child)
    found, open_ids = {message_id}, [message_id]
    while open_ids:
        new = [child for child in following.get(open_ids.pop(), ()) if child not in found]
        found.update(new)
        open_ids += new
    return found


def delete_messages(db: sqlite3.Connection, ids: Iterable[str]) -> None:
    """Take messages out."""
    db.executemany("DELETE FROM messages WHERE id = ?", ((one,) for one in ids))


def delete_chats(db: sqlite3.Connection) -> int:
    """Take the conversations that are marked as deleted out for good; how many there were."""
    db.execute("DELETE FROM messages WHERE chat IN (SELECT id FROM chats WHERE deleted)")
    return db.execute("DELETE FROM chats WHERE deleted").rowcount


def shown(messages: Sequence[Message], leaf: str) -> list[Message]:
    """The way from the first message to ``leaf``."""
    by_id = {message.id: message for message in messages}
    way: list[Message] = []
    at = by_id.pop(leaf, None)
    while at is not None:  # each once, even where a damaged file goes in circles
        way.append(at)
        at = by_id.pop(at.parent, None)
    return way[::-1]


def renewed(chat: Chat, chat_id: str, messages: Sequence[Message]) -> Chat:
    """The same conversation with these of its messages, all with new ids; nobody writes any of them."""
    ids = {message.id: new_id() for message in messages}
    made = tuple(
        replace(
            message,
            id=ids[message.id],
            parent=ids.get(message.parent, ""),
            state="interrupted" if message.state == "writing" else message.state,
        )
        for message in messages
    )
    return replace(chat, entry=replace(chat.entry, id=chat_id), messages=made, leaf=ids.get(chat.leaf, ""))


def _entry(row: Sequence[Any]) -> ChatEntry:
    chat_id, title, created, updated, pinned, folder, named, messages = row
    return ChatEntry(chat_id, title, created, updated, bool(pinned), folder, bool(named), messages)


def keep_unsent(db: sqlite3.Connection, draft: str, settings: str) -> None:
    """What was written in a conversation in which nothing was sent, in the place of what was there."""
    db.execute("DELETE FROM unsent")
    if draft or settings:
        db.execute("INSERT INTO unsent (number, draft, settings) VALUES (1, ?, ?)", (draft, settings))


def unsent(db: sqlite3.Connection) -> UnsentOpened:
    """What ``keep_unsent`` kept."""
    row = db.execute("SELECT draft, settings FROM unsent").fetchone()
    return UnsentOpened(*row) if row is not None else UnsentOpened()
