"""Conversations that are kept: what the window asks of the store, and what the store answers.

A conversation is a tree: a message names the one before it, so that an edited question or another answer stands beside
the first one and replaces nothing. Who makes a conversation or a message gives it its id (a UUID as 32 hex digits).
Times are ISO 8601 with the offset from UTC.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from helix_app.protocol.events import (
    CacheSnapshot,
    Failed,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest

Role = Literal["user", "assistant"]
# `writing` turns into `interrupted` when the program that wrote it is gone
MessageState = Literal["done", "writing", "stopped", "length", "context_full", "failed", "interrupted"]
Recorded = Union[  # what a run holds (``runs/run.py``)
    GenerateRequest, ModelReady, PrefillDone, RoundDone, TextDelta, CacheSnapshot, Notice, Finished, Failed
]
ChatFormat = Literal["json", "openai", "md", "html", "txt"]


@dataclass(frozen=True)
class Message:
    """One message of a conversation.

    Attributes:
        parent: id of the message before it; empty for a first one.
        model: what answered; empty for what a person wrote.
        details: JSON of what it was written with and its figures (``gui/chats/record.py``); empty where there is none.
    """

    id: str
    parent: str
    role: Role
    text: str
    created: str
    state: MessageState = "done"
    model: str = ""
    details: str = ""


@dataclass(frozen=True)
class ChatEntry:
    """What a list shows of a conversation.

    Attributes:
        updated: when its last message came.
        named: a person gave it its title, so that none is made of its first question any more.
        folder: name of the folder it lies in; empty for none.
        messages: how many it has, all versions counted.
    """

    id: str
    title: str
    created: str
    updated: str
    pinned: bool = False
    folder: str = ""
    named: bool = False
    messages: int = 0


@dataclass(frozen=True)
class Chat:
    """A whole conversation.

    Attributes:
        messages: of all versions, in the order in which they were written.
        leaf: the last message of the version that is shown; empty while there is none.
        draft: what stood in the message field, not sent.
        settings: JSON of what this conversation changes in the person's settings; empty for nothing.
        runs: ids of the replies whose recorded run is kept.
    """

    entry: ChatEntry
    messages: tuple[Message, ...] = ()
    leaf: str = ""
    draft: str = ""
    settings: str = ""
    runs: tuple[str, ...] = ()


# --------------------------------------------------------------------------- what is asked


@dataclass(frozen=True)
class ListChats:
    """Answered by ``ChatsListed``, as is everything that changes the list."""


@dataclass(frozen=True)
class OpenChat:
    """Answered by ``ChatOpened``."""

    id: str


@dataclass(frozen=True)
class FindChats:
    """Look for words in titles and messages; answered by ``ChatsFound`` with the same ``number``."""

    words: str
    number: int = 0


@dataclass(frozen=True)
class CreateChat:
    """A new conversation with its first message or messages; one that is there already stays as it is.

    Without a title, it gets the one that its first question makes.
    """

    chat: Chat


@dataclass(frozen=True)
class ChangeChat:
    """Change what is given.

    ``deleted``: True hides a conversation, and False brings it back as long as the program runs. ``title``: given by a
    person; an empty one lets it be made of the first question again.
    """

    id: str
    title: str | None = None
    pinned: bool | None = None
    folder: str | None = None
    leaf: str | None = None
    draft: str | None = None
    settings: str | None = None
    deleted: bool | None = None


@dataclass(frozen=True)
class CopyChat:
    """A second conversation ``new_id`` with what ``id`` has; with ``upto``, only the way to this message.

    It is made now and not pinned; its messages have new ids, and its title a number where others have the same.
    """

    id: str
    new_id: str
    upto: str = ""


@dataclass(frozen=True)
class AddMessage:
    """A message at its place in the tree; it is what is shown now."""

    chat_id: str
    message: Message


@dataclass(frozen=True)
class GrowMessage:
    """More text at the end of a message that is being written; one that has ended stays as it is."""

    id: str
    text: str


@dataclass(frozen=True)
class EndMessage:
    """A message is complete, or what there will be of it; ``text`` is all.

    ``writing``: it is to be written further, and its recorded run is forgotten.
    """

    id: str
    text: str
    state: MessageState
    details: str = ""


@dataclass(frozen=True)
class DeleteMessage:
    """Take a message out, and all that follows it.

    ``leaf`` is what is shown then. Where it names nothing that is left, that is what was shown before, or the
    message before the one that is gone, or the newest one.
    """

    chat_id: str
    id: str
    leaf: str = ""


@dataclass(frozen=True)
class KeepUnsent:
    """What stands in the message field of a conversation in which nothing was ever sent, and what it changes of the
    settings (as in ``Chat``); empty texts for nothing."""

    draft: str
    settings: str = ""


@dataclass(frozen=True)
class OpenUnsent:
    """Answered by ``UnsentOpened``."""


@dataclass(frozen=True)
class KeepRun:
    """Keep the recorded run of a reply: its events and the seconds since the request at which they came.

    One that cannot be kept is let go.
    """

    id: str
    items: tuple[tuple[float, Recorded], ...]


@dataclass(frozen=True)
class OpenRun:
    """Answered by ``RunOpened``."""

    id: str


@dataclass(frozen=True)
class ExportChats:
    """Write conversations to a file, all of them when ``ids`` is empty; answered by ``ChatsExported``."""

    path: str
    format: ChatFormat
    ids: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportChats:
    """Take in conversations from a JSON file of ours or of OpenAI-style messages; answered by ``ChatsImported``.

    It is not held when nothing can be written, but fails.
    """

    path: str


ChatAsked = Union[
    ListChats,
    OpenChat,
    FindChats,
    CreateChat,
    ChangeChat,
    CopyChat,
    AddMessage,
    GrowMessage,
    EndMessage,
    DeleteMessage,
    KeepUnsent,
    OpenUnsent,
    KeepRun,
    OpenRun,
    ExportChats,
    ImportChats,
]

# --------------------------------------------------------------------------- what comes back


@dataclass(frozen=True)
class ChatsListed:
    """All conversations that are not deleted: pinned ones first, then the latest first.

    ``kept``: whether what is written is being kept; False while another Helix has the file or it cannot be written.
    """

    entries: tuple[ChatEntry, ...]
    kept: bool = True


@dataclass(frozen=True)
class ChatOpened:
    """A conversation, whole; ``chat`` is None when it is not there any more."""

    id: str
    chat: Chat | None


@dataclass(frozen=True)
class UnsentOpened:
    """What ``KeepUnsent`` kept last."""

    draft: str = ""
    settings: str = ""


@dataclass(frozen=True)
class ChatHit:
    """Where the words were found in one conversation.

    Attributes:
        message: id of the newest message with them; empty where only the title has them.
        excerpt: a piece of its text, on one line.
        marks: (start, end) of the words in ``excerpt``.
        title_marks: the same in the title.
        hits: how many messages have them.
    """

    entry: ChatEntry
    message: str = ""
    excerpt: str = ""
    marks: tuple[tuple[int, int], ...] = ()
    title_marks: tuple[tuple[int, int], ...] = ()
    hits: int = 0


@dataclass(frozen=True)
class ChatsFound:
    """The conversations that have all the words, in the order of the list; ``more``: there are others."""

    number: int
    words: str
    hits: tuple[ChatHit, ...]
    more: bool = False


@dataclass(frozen=True)
class RunOpened:
    """The recorded run of a reply, as in ``KeepRun``; nothing when it is not kept any more, or cannot be read."""

    id: str
    items: tuple[tuple[float, Recorded], ...] = ()


@dataclass(frozen=True)
class ChatsExported:
    """So many conversations are in this file."""

    path: str
    chats: int


@dataclass(frozen=True)
class ChatsImported:
    """These conversations came in."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class ChatsFailed:
    """Something that was asked could not be done; what is in the store is as it was."""

    failed: Failed


ChatNews = Union[
    ChatsListed, ChatOpened, UnsentOpened, ChatsFound, RunOpened, ChatsExported, ChatsImported, ChatsFailed
]
