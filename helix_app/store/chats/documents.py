"""What is shown of conversations, to read: as Markdown, as one HTML file that fetches nothing, and as plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from helix_app.base.message_texts.chats import CHAT_WORDS, MESSAGE_STATES
from helix_app.base.process import paths
from helix_app.protocol.conversations.chats import Chat, Message
from helix_app.store.chats import tree

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#])")


def markdown(chats: Sequence[Chat]) -> str:
    """Messages as they were written, below headings."""
    return "\n---\n\n".join(_markdown(chat) for chat in chats)


def plain(chats: Sequence[Chat]) -> str:
    """Messages as they were written, each below who wrote it."""
    return f"\n{'=' * 72}\n\n".join(_plain(chat) for chat in chats)


def html(chats: Sequence[Chat]) -> str:
    """One file, as ``resources/chats/chats.html`` has it; HTML in messages is shown as text."""
    return _environment().get_template("chats.html").render(chats=chats, title=_title)


def _title(chat: Chat) -> str:
    return chat.entry.title or CHAT_WORDS["untitled"]


def _shown(chat: Chat) -> list[Message]:
    return tree.shown(chat.messages, chat.leaf)


def _speaker(message: Message) -> str:
    if message.role == "user":
        return CHAT_WORDS["person"]
    model = message.model or CHAT_WORDS["assistant"]
    return f"{model}, {CHAT_WORDS['edited']}" if _edited(message) else model


def _edited(message: Message) -> bool:
    """Whether a person wrote the text of a reply anew, which its details say."""
    try:
        details = json.loads(message.details or "{}")
    except ValueError:
        return False
    return isinstance(details, dict) and details.get("edited") is True


def _note(message: Message) -> str:
    return MESSAGE_STATES.get(message.state, "")


def _markdown(chat: Chat) -> str:
    parts = [f"# {_literal(_title(chat))}\n\n{chat.entry.created}\n"]
    for message in _shown(chat):
        note = f"\n*({_note(message)})*\n" if _note(message) else ""
        parts.append(f"## {_literal(_speaker(message))}\n\n{_closed(message.text.strip())}\n{note}")
    return "\n".join(parts)


def _literal(text: str) -> str:
    """The same with nothing in it that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", text)


def _plain(chat: Chat) -> str:
    parts = [f"{_title(chat)}\n{chat.entry.created}\n"]
    for message in _shown(chat):
        note = f"\n({_note(message)})\n" if _note(message) else ""
        parts.append(f"{_speaker(message)}:\n{message.text.strip()}\n{note}")
    return "\n".join(parts)


def _closed(text: str) -> str:
    """The same with the end of a block of code that has none, so that what follows it is not part of it."""
    fence = ""
    for line in text.splitlines():
        found = _FENCE.match(line)
        if found is None:
            continue
        marks, rest = found.groups()
        if not fence:
            fence = marks if marks[0] == "~" or "`" not in rest else ""
        elif marks.startswith(fence) and not rest.strip():
            fence = ""
    return f"{text}\n{fence}" if fence else text


@lru_cache(maxsize=1)
def _environment() -> Any:
    import jinja2  # here, for the window starts without it
    from markdown_it import MarkdownIt
    from markupsafe import Markup

    # a picture would be fetched from where it lies: it stays a link
    parser = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(paths.resource("chats")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["markdown"] = lambda text: Markup(parser.render(text))
    made.globals |= {"shown": _shown, "speaker": _speaker, "note": _note, "words": CHAT_WORDS}
    return made
