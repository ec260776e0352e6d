"""Conversations for tests."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from helix_app.protocol.conversations.chats import AddMessage, Chat, ChatEntry, CreateChat, Message, MessageState, Role
from helix_app.store.chats.store import ChatStore


def at(second: int) -> str:
    """A time; a larger number is later."""
    return (
        f"2026-05-{1 + second // 86400:02d}T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}+02:00"
    )


def message(
    number: str, text: str = "", parent: str = "", role: Role = "user", state: MessageState = "done", second: int = 0
) -> Message:
    """A message of a person, or of a model."""
    return Message(number, parent, role, text, at(second), state, "Tiny" if role == "assistant" else "")


def chat(chat_id: str, *messages: Message, title: str = "", second: int = 0, **fields: object) -> Chat:
    """A conversation of these messages; the last one is shown."""
    entry = ChatEntry(chat_id, title, at(second), at(second), messages=len(messages), **fields)  # type: ignore[arg-type]
    return Chat(entry, messages, messages[-1].id if messages else "")


def talk(chat_id: str, *texts: str, second: int = 0) -> Chat:
    """A conversation of these texts, in turns; message n has the id ``<chat>-n``."""
    made: list[Message] = []
    for number, text in enumerate(texts):
        role: Role = "assistant" if number % 2 else "user"
        parent = made[-1].id if made else ""
        made.append(message(f"{chat_id}-{number}", text, parent, role, second=second))
    return chat(chat_id, *made, second=second)


def fill(store: ChatStore, chats: int, messages: int, length: int = 200) -> None:
    """Keep so many conversations of so many messages."""
    for number in range(chats):
        texts = ((f"message {number} {m} " + "xyz " * length)[:length] for m in range(messages))
        store.apply(CreateChat(talk(f"c{number}", *texts, second=number)))


def add(store: ChatStore, chat_id: str, *messages: Message) -> None:
    """Add messages one by one."""
    for one in messages:
        store.apply(AddMessage(chat_id, one))


def query(path: Path, sql: str, values: Sequence[object] = ()) -> list[tuple]:
    """What another program reads or changes in the file."""
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute(sql, values).fetchall()
