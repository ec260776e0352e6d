"""What each request changes; each function is called within one transaction.

What is there already is not added again, so that a request may be repeated whose fate was not known.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Union

from helix_app.base.errors import HelixError
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    Chat,
    CopyChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    GrowMessage,
    KeepUnsent,
)
from helix_app.store.chats import runs, schema, tree
from helix_app.store.chats.titles import free_title

Change = Union[CreateChat, ChangeChat, CopyChat, AddMessage, GrowMessage, EndMessage, DeleteMessage, KeepUnsent]


def apply(db: sqlite3.Connection, change: Change) -> None:
    """Change what is asked.

    Raises:
        HelixError: ``chat_gone``: what is to be copied or added to is not there.
    """
    _WAYS[type(change)](db, change)


def add_chats(db: sqlite3.Connection, chats: Sequence[Chat]) -> None:
    """Add whole conversations."""
    for chat in chats:
        _create(db, CreateChat(chat))


def _create(db: sqlite3.Connection, asked: CreateChat) -> None:
    chat = asked.chat
    if tree.has_chat(db, chat.entry.id):
        return
    known = {""}
    for message in chat.messages:
        if message.parent not in known:
            raise HelixError("chat_gone")
        known.add(message.id)
    last = chat.messages[-1].id if chat.messages else ""
    tree.insert_chat(db, replace(chat, leaf=chat.leaf if chat.leaf in known - {""} else last))
    for message in chat.messages:
        tree.insert_message(db, chat.entry.id, message)
    if not chat.entry.title:
        db.execute("UPDATE chats SET named = 0 WHERE id = ?", (chat.entry.id,))
        tree.make_title(db, chat.entry.id)


def _change(db: sqlite3.Connection, asked: ChangeChat) -> None:
    values: dict[str, Any] = {
        name: value
        for name in ("pinned", "folder", "draft", "settings", "deleted")
        if (value := getattr(asked, name)) is not None
    }
    if asked.leaf is not None and tree.has_message(db, asked.id, asked.leaf):
        values["leaf"] = asked.leaf
    title = None if asked.title is None else " ".join(asked.title.split())
    if title is not None:
        values |= {"title": title, "named": bool(title)}
    if values:
        places = ", ".join(f"{name} = ?" for name in values)
        db.execute(f"UPDATE chats SET {places} WHERE id = ?", (*values.values(), asked.id))
    if title == "":
        tree.make_title(db, asked.id)


def _copy(db: sqlite3.Connection, asked: CopyChat) -> None:
    chat = tree.chat(db, asked.id)
    if chat is None or (asked.upto and not tree.has_message(db, asked.id, asked.upto)):
        raise HelixError("chat_gone")
    if tree.has_chat(db, asked.new_id):
        return
    kept = tree.shown(chat.messages, asked.upto) if asked.upto else chat.messages
    if asked.upto:
        chat = replace(chat, leaf=asked.upto, draft="")
    time = tree.now()
    taken = {entry.title for entry in tree.entries(db)}
    entry = replace(chat.entry, title=free_title(chat.entry.title, taken), created=time, updated=time, pinned=False)
    _create(db, CreateChat(tree.renewed(replace(chat, entry=entry), asked.new_id, kept)))


def _add(db: sqlite3.Connection, asked: AddMessage) -> None:
    message = asked.message
    parent_there = not message.parent or tree.has_message(db, asked.chat_id, message.parent)
    if not tree.has_chat(db, asked.chat_id) or not parent_there:
        raise HelixError("chat_gone")
    if db.execute("SELECT 1 FROM messages WHERE id = ?", (message.id,)).fetchone() is not None:
        return
    tree.insert_message(db, asked.chat_id, message)
    db.execute("UPDATE chats SET leaf = ?, updated = ? WHERE id = ?", (message.id, message.created, asked.chat_id))
    if message.role == "user" and tree.first_question(db, asked.chat_id)[0] == message.id:
        tree.make_title(db, asked.chat_id)


def _grow(db: sqlite3.Connection, asked: GrowMessage) -> None:
    db.execute("UPDATE messages SET text = text || ? WHERE id = ? AND state = 'writing'", (asked.text, asked.id))


def _end(db: sqlite3.Connection, asked: EndMessage) -> None:
    db.execute(
        "UPDATE messages SET text = ?, state = ?, details = ? WHERE id = ?",
        (asked.text, asked.state, asked.details, asked.id),
    )
    if asked.state == "writing":  # it goes on: what is recorded is not all of it any more
        runs.drop(db, asked.id)


def _delete(db: sqlite3.Connection, asked: DeleteMessage) -> None:
    if not tree.has_message(db, asked.chat_id, asked.id):
        return
    parent = db.execute("SELECT parent FROM messages WHERE id = ?", (asked.id,)).fetchone()[0]
    leaf = db.execute("SELECT leaf FROM chats WHERE id = ?", (asked.chat_id,)).fetchone()[0]
    question = tree.first_question(db, asked.chat_id)[0]
    gone = tree.branch(db, asked.chat_id, asked.id)
    tree.delete_messages(db, gone)
    schema.note_deleted(db)
    newest = db.execute("SELECT id FROM messages WHERE chat = ? ORDER BY number DESC LIMIT 1", (asked.chat_id,))
    choices = (asked.leaf, leaf, parent, *(row[0] for row in newest.fetchall()))
    shown = next((one for one in choices if tree.has_message(db, asked.chat_id, one)), "")
    db.execute("UPDATE chats SET leaf = ? WHERE id = ?", (shown, asked.chat_id))
    if question in gone:
        tree.make_title(db, asked.chat_id)


_WAYS: dict[type, Callable[[sqlite3.Connection, Any], None]] = {
    CreateChat: _create,
    ChangeChat: _change,
    CopyChat: _copy,
    AddMessage: _add,
    GrowMessage: _grow,
    EndMessage: _end,
    DeleteMessage: _delete,
    KeepUnsent: lambda db, asked: tree.keep_unsent(db, asked.draft, asked.settings),
}
