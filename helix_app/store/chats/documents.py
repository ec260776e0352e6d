"""What is shown of conversations, to read: as Markdown, as one HTML file that fetches nothing, and as plain text."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from helix_app.base.message_texts.chats import CHAT_WORDS, MESSAGE_STATES
from helix_app.base.process import paths
from helix_app.protocol.conversations.chats import Chat, Message
from helix_app.store.chats import tree

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_SPECIAL = re.compile(r"([\\`*_\[\]<>#])")


@dataclass(frozen=True)
class Section:
    """A message, or all of a text that was continued: one passage, whoever wrote which part.

    A reply of a given form is text, too.

    Attributes:
        speaker: who wrote it.
        note: how it ended, where that is not as it should.
        kind: ``user``, ``assistant`` or ``text``.
    """

    speaker: str
    text: str
    note: str
    kind: str


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


def _sections(chat: Chat) -> list[Section]:
    """What is shown of a conversation, from the first message to the last."""
    sections: list[Section] = []
    shown = tree.shown(chat.messages, chat.leaf)
    passage: list[Message] = []
    for index, message in enumerate(shown):
        made = (
            shown[index + 1 : index + 2] if message.role == "user" else [message]
        )  # a reply says what it goes on with
        if any(_says(reply, "plain") for reply in made) or (passage and not made):
            passage.append(message)
            continue
        sections += _passage(passage)
        passage = []
        kind = "text" if _details(message).get("grammar") else message.role  # nothing in JSON is Markdown
        sections.append(Section(_speaker(message), message.text.strip(), _note(message), kind))
    return [*sections, *_passage(passage)]


def _passage(messages: Sequence[Message]) -> list[Section]:
    if not messages:
        return []
    names = list(dict.fromkeys(_speaker(message) for message in messages if message.role != "user"))
    by = CHAT_WORDS["continued"].format(models=", ".join(names))
    return [Section(by, "".join(message.text for message in messages), _note(messages[-1]), "text")]


def _speaker(message: Message) -> str:
    if message.role == "user":
        return CHAT_WORDS["person"]
    model = message.model or CHAT_WORDS["assistant"]
    return f"{model}, {CHAT_WORDS['edited']}" if _says(message, "edited") else model


def _says(message: Message, what: str) -> bool:
    """Whether the details of a reply say that it is ``edited``, or that it continues a text (``plain``)."""
    return _details(message).get(what) is True


def _details(message: Message) -> dict[str, Any]:
    """What is kept beside a reply; nothing where that cannot be read."""
    try:
        details = json.loads(message.details or "{}")
    except (ValueError, RecursionError):
        return {}
    return details if isinstance(details, dict) else {}


def _note(message: Message) -> str:
    return MESSAGE_STATES.get(message.state, "")


def _markdown(chat: Chat) -> str:
    parts = [f"# {_literal(_title(chat))}\n\n{chat.entry.created}\n"]
    for section in _sections(chat):
        note = f"\n*({section.note})*\n" if section.note else ""
        parts.append(f"## {_literal(section.speaker)}\n\n{_closed(section.text)}\n{note}")
    return "\n".join(parts)


def _literal(text: str) -> str:
    """The same with nothing in it that Markdown would take for a mark."""
    return _SPECIAL.sub(r"\\\1", text)


def _plain(chat: Chat) -> str:
    parts = [f"{_title(chat)}\n{chat.entry.created}\n"]
    for section in _sections(chat):
        note = f"\n({section.note})\n" if section.note else ""
        parts.append(f"{section.speaker}:\n{section.text}\n{note}")
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
    made.globals |= {"sections": _sections, "words": CHAT_WORDS}
    return made
