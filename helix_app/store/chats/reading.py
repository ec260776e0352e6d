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
from helix_app.protocol.conversations.chats import Chat, ChatEntry, Message
from helix_app.store.chats import exchange, tree
from helix_app.store.chats.titles import title_of

_ROLES = ("user", "assistant", "system")


class _Unusable(ValueError):
    """Why a file cannot be used, in words."""


def read(path: Path) -> list[Chat]:
    """The conversations in a file, with new ids.

    Raises:
        HelixError: ``chats_import_failed``, with the reason.
    """
    try:
        chats = _chats(texts.read(path))
        if not chats:
            raise _Unusable("there is no conversation in it")
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
        return [_conversation({"messages": value}, "")]
    if isinstance(value, list):
        return [_conversation(part, f"conversation {number}: ") for number, part in enumerate(value, 1)]
    return [_conversation(value, "")]


def _lines(text: str, error: ValueError) -> list[Chat]:
    """One conversation a line."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]
    if len(lines) < 2:
        raise _Unusable(f"it is no JSON ({error})")
    chats = []
    for number, line in lines:
        try:
            value = texts.parse_json(line)
        except ValueError as why:
            raise _Unusable(f"line {number} is no JSON ({why})") from why
        chats.append(_conversation({"messages": value} if isinstance(value, list) else value, f"line {number}: "))
    return chats


# --------------------------------------------------------------------------- our own


def _ours(value: dict[str, Any]) -> list[Chat]:
    version = value.get("version")
    if not isinstance(version, int) or version < 1:
        raise _Unusable("it does not say which version it is")
    if version > exchange.VERSION:
        raise _Unusable("a later version of Helix wrote it")
    listed = value.get("chats")
    if not isinstance(listed, list):
        raise _Unusable("it has no list of conversations")
    return [_own_chat(part, f"conversation {number}: ") for number, part in enumerate(listed, 1)]


def _own_chat(value: object, where: str) -> Chat:
    try:
        chat = typed.read(Chat, value)
    except ValueError as error:
        raise _Unusable(f"{where}{error}") from error
    known = {""}
    for message in chat.messages:
        if message.id in known:
            raise _Unusable(f"{where}two messages have the id {message.id!r}")
        if message.parent not in known:
            raise _Unusable(f"{where}the message before {message.id!r} is not there")
        known.add(message.id)
    return tree.renewed(chat, tree.new_id(), chat.messages)


# --------------------------------------------------------------------------- OpenAI's form


def _conversation(value: object, where: str) -> Chat:
    listed = value.get("messages") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(listed, list):
        raise _Unusable(f"{where}it has no list of messages")
    time = tree.now()
    prompts: list[str] = []
    messages: list[Message] = []
    for number, part in enumerate(listed, 1):
        role, text = _message(part, f"{where}message {number} ")
        if role == "system":
            prompts.append(text)
            continue
        parent = messages[-1].id if messages else ""
        messages.append(Message(tree.new_id(), parent, "user" if role == "user" else "assistant", text, time))
    if not messages:
        raise _Unusable(f"{where}it has no message of a person or a model")
    made = title_of(next((message.text for message in messages if message.role == "user"), ""))
    given = value.get("title")
    title = " ".join(given.split()) if isinstance(given, str) else ""
    entry = ChatEntry(tree.new_id(), title or made, time, time, named=bool(title) and title != made)
    settings = json.dumps({exchange.SYSTEM_PROMPT: "\n\n".join(prompts)}, ensure_ascii=False) if prompts else ""
    return Chat(entry, tuple(messages), messages[-1].id, "", settings)


def _message(value: object, where: str) -> tuple[str, str]:
    if not isinstance(value, dict):
        raise _Unusable(f"{where}is no object")
    role = value.get("role")
    if role not in _ROLES:
        named = f"the role {role!r}" if isinstance(role, str) else "no role"
        raise _Unusable(f"{where}has {named}, and Helix keeps messages of user, assistant and system only")
    return role, _content(value.get("content"), where)


def _content(value: object, where: str) -> str:
    if isinstance(value, str):
        return value
    if not isinstance(value, list):
        raise _Unusable(f"{where}has no text")
    return "".join(_part(part, where) for part in value)


def _part(value: object, where: str) -> str:
    kind = value.get("type") if isinstance(value, dict) else None
    text = value.get("text") if isinstance(value, dict) else None
    if kind != "text" or not isinstance(text, str):
        raise _Unusable(f"{where}has a part that is no text, and Helix keeps text only")
    return text
