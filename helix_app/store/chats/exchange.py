"""Conversations as files, all of them or some.

``json`` is ours, with everything: ``{"format": "helix-chats", "version": 1, "chats": [...]}``, where a conversation has
the fields of ``protocol.chats.Chat``, with ``entry`` and ``messages`` as objects of theirs. What is taken in from such
a file is the same conversation with new ids. All other forms have what is shown alone, the way from the first message
to the last: ``openai`` is a list of ``{"title": ..., "messages": [{"role": ..., "content": ...}]}``, ``md``, ``html``
and ``txt`` are for reading.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from helix_app.base import texts, typed
from helix_app.base.errors import HelixError
from helix_app.base.files import replacing
from helix_app.protocol.conversations.chats import Chat, ChatFormat
from helix_app.store.chats import documents, tree

FORMAT = "helix-chats"
VERSION = 1
SYSTEM_PROMPT = "system_prompt"  # of a conversation's settings


def write(path: Path, form: ChatFormat, chats: Sequence[Chat]) -> None:
    """Write conversations to a file, which is replaced when all of them are written.

    Raises:
        HelixError: ``chats_export_failed``; what was there is as it was.
    """
    data = _WRITERS[form](chats).encode("utf-8")
    part = path.with_name(f"{path.name}.part")
    try:
        try:
            part.write_bytes(data)
            replacing.replace(part, path)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise HelixError("chats_export_failed", path=path, reason=texts.why(error), detail=str(error)) from error


def system_prompt(settings: str) -> str:
    """The system prompt that a conversation has of its own; empty for none."""
    try:
        found = texts.parse_json(settings)
    except ValueError:
        return ""
    prompt = found.get(SYSTEM_PROMPT) if isinstance(found, dict) else None
    return prompt if isinstance(prompt, str) else ""


def _ours(chats: Sequence[Chat]) -> str:
    whole = [typed.plain(chat) for chat in chats]
    for chat in whole:
        del chat["runs"]  # recorded runs are files of their own
    return _json({"format": FORMAT, "version": VERSION, "chats": whole})


def _openai(chats: Sequence[Chat]) -> str:
    return _json([{"title": chat.entry.title, "messages": _openai_messages(chat)} for chat in chats])


def _openai_messages(chat: Chat) -> list[dict[str, str]]:
    prompt = system_prompt(chat.settings)
    first = [{"role": "system", "content": prompt}] if prompt else []
    shown = tree.shown(chat.messages, chat.leaf)
    return first + [{"role": message.role, "content": message.text} for message in shown]


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


_WRITERS: dict[ChatFormat, Callable[[Sequence[Chat]], str]] = {
    "json": _ours,
    "openai": _openai,
    "md": documents.markdown,
    "html": documents.html,
    "txt": documents.plain,
}
