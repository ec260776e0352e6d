"""Conversations out of files: our own, and those with messages in OpenAI's form.

Of these, a list of messages, ``{"messages": [...]}``, a list of such, or one such a line. A message's content is a text
or a list of ``{"type": "text", "text": ...}``; system messages become the conversation's own system prompt. All of a
file can be used, or none of it is taken.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from helix_app.base import texts, typed
from helix_app.base.errors import HelixError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.protocol.conversations.chats import Chat, ChatEntry, Message
from helix_app.store.chats import exchange, tree
from helix_app.store.chats.titles import title_of

_ROLES = ("user", "assistant", "system")


Places = tuple[tuple[str, int], ...]  # where in a file: codes of reasons with a number each, from the outside in


class _Unusable(ValueError):
    """Why a file cannot be used: a code of reasons, in this place of it."""

    def __init__(self, code: str, where: Places = (), **fields: object) -> None:
        said = reason_of(code, **fields)
        for place, number in reversed(where):
            said = reason_of(place, number=number, said=said)
        super().__init__(said)


def read(path: Path) -> list[Chat]:
    """The conversations in a file, with new ids.

    Raises:
        HelixError: ``chats_import_failed``, with the reason.
    """
    try:
        chats = _chats(texts.read(path))
        if not chats:
            raise _Unusable("import_nothing")
    except (OSError, ValueError) as error:
        reason = texts.why(error)
        raise HelixError("chats_import_failed", path=path, reason=reason, detail=str(error)) from error
    return chats


def _chats(text: str) -> list[Chat]:
    try:
        value = texts.parse_json(text)
    except ValueError as error:
        return _lines(text, error)
    if isinstance(value, dict) and value.get("format") == exchange.FORMAT:
        return _ours(value)
    if isinstance(value, list) and any(isinstance(part, dict) and "role" in part for part in value):
        return [_conversation({"messages": value}, ())]
    if isinstance(value, list):
        return [_conversation(part, (("in_chat", number),)) for number, part in enumerate(value, 1)]
    return [_conversation(value, ())]


def _lines(text: str, error: ValueError) -> list[Chat]:
    """One conversation a line."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) < 2:
        raise _Unusable("import_no_json", said=error)
    chats = []
    for number, line in lines:
        try:
            value = texts.parse_json(line)
        except ValueError as why:
            raise _Unusable("line_no_json", number=number, said=why) from why
        whole = {"messages": value} if isinstance(value, list) else value
        chats.append(_conversation(whole, (("in_line", number),)))
    return chats


# --------------------------------------------------------------------------- our own


def _ours(value: dict[str, Any]) -> list[Chat]:
    version = value.get("version")
    if not isinstance(version, int) or version < 1:
        raise _Unusable("import_no_version")
    if version > exchange.VERSION:
        raise _Unusable("import_later")
    listed = value.get("chats")
    if not isinstance(listed, list):
        raise _Unusable("import_no_chats")
    return [_own_chat(part, number) for number, part in enumerate(listed, 1)]


def _own_chat(value: object, number: int) -> Chat:
    where = (("in_chat", number),)
    try:
        chat = typed.read(Chat, value)
    except ValueError as error:
        raise _Unusable("in_chat", number=number, said=error) from error
    known = {""}
    for message in chat.messages:
        if message.id in known:
            raise _Unusable("import_twice", where, id=repr(message.id))
        if message.parent not in known:
            raise _Unusable("import_no_parent", where, id=repr(message.id))
        known.add(message.id)
    return tree.renewed(chat, tree.new_id(), chat.messages)


# --------------------------------------------------------------------------- OpenAI's form


def _conversation(value: object, where: Places) -> Chat:
    listed = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(listed, list):
        raise _Unusable("import_no_messages", where)
    time = tree.now()
    prompts: list[str] = []
    messages: list[Message] = []
    for number, part in enumerate(listed, 1):
        role, text = _message(part, (*where, ("in_message", number)))
        if role == "system":
            prompts.append(text)
            continue
        parent = messages[-1].id if messages else ""
        messages.append(Message(tree.new_id(), parent, "user" if role == "user" else "assistant", text, time))
    if not messages:
        raise _Unusable("import_empty_chat", where)
    made = title_of(next((message.text for message in messages if message.role == "user"), ""))
    given = value.get("title")
    title = " ".join(given.split()) if isinstance(given, str) else ""
    entry = ChatEntry(tree.new_id(), title or made, time, time, named=bool(title) and title != made)
    settings = json.dumps({exchange.SYSTEM_PROMPT: "\n\n".join(prompts)}, ensure_ascii=False) if prompts else ""
    return Chat(entry, tuple(messages), messages[-1].id, "", settings)


def _message(value: object, where: Places) -> tuple[str, str]:
    if not isinstance(value, dict):
        raise _Unusable("message_no_object", where)
    role = value.get("role")
    if role not in _ROLES:
        if isinstance(role, str):
            raise _Unusable("message_role", where, role=repr(role))
        raise _Unusable("message_no_role", where)
    return role, _content(value.get("content"), where)


def _content(value: object, where: Places) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise _Unusable("message_no_text", where)
    return "".join(_part(part, where) for part in value)


def _part(value: object, where: Places) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    text = value.get("text") if isinstance(value, dict) else None
    if kind != "text" or not isinstance(text, str):
        raise _Unusable("message_part", where)
    return text
