"""A conversation as a tree of messages, of which one way from the first to a last one is shown. No widgets.

What of conversations could not be kept when it was written is remembered here, too.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from helix_app.gui.chats.prompting import Prompting, from_text
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    Chat,
    ChatAsked,
    ChatEntry,
    CreateChat,
    EndMessage,
    Message,
    MessageState,
    Role,
)
from helix_app.protocol.requests import ChatMessage

LONGEST_TITLE = 60


def new_id() -> str:
    """An id that nothing else has."""
    return uuid.uuid4().hex


def now() -> str:
    """This moment in ISO 8601, with the offset from UTC."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


class Conversation:
    """All versions of one conversation.

    Attributes:
        id: of the conversation.
        leaf: id of the last message that is shown; empty while there is none.
        known: whether the store was told of it.
        draft: what stands in the message field while another conversation is shown.
        settings: JSON of what it changes of prompt and sampling; empty for nothing.
        chosen: a person chose these settings.
        runs: ids of the replies whose recorded run is kept.
        unkept: ids of the messages that were written since nothing can be kept.
    """

    def __init__(self, chat: Chat | None = None) -> None:
        self.id = new_id() if chat is None else chat.entry.id
        self.known = chat is not None
        self.leaf = "" if chat is None else chat.leaf
        self.draft = "" if chat is None else chat.draft
        self.settings = "" if chat is None else chat.settings
        self.chosen = chat is not None
        self.runs = set() if chat is None else set(chat.runs)
        self.unkept: set[str] = set()
        self._messages: dict[str, Message] = {} if chat is None else {m.id: m for m in chat.messages}
        self._after: dict[str, list[str]] = {}
        for message in self._messages.values():
            self._after.setdefault(message.parent, []).append(message.id)
        if self.leaf not in self._messages:
            self.leaf = self._newest_under("")

    def __contains__(self, message_id: str) -> bool:
        return message_id in self._messages

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def prompting(self) -> Prompting:
        """What it changes of prompt and sampling."""
        return from_text(self.settings)

    def message(self, message_id: str) -> Message:
        """One of its messages. Raises KeyError."""
        return self._messages[message_id]

    # ------------------------------------------------------------------ what is shown

    def path(self, leaf: str | None = None) -> list[Message]:
        """The messages from the first to ``leaf``, by default to the last one that is shown."""
        out: list[Message] = []
        at = self.leaf if leaf is None else leaf
        while at:
            message = self._messages[at]
            out.append(message)
            at = message.parent
        out.reverse()
        return out

    def versions(self, message_id: str) -> list[str]:
        """Ids of the messages that stand in its place, itself included, in the order they were written."""
        return self._after[self._messages[message_id].parent]

    def show(self, message_id: str) -> None:
        """Let the way lead over this message, and on to the newest that follows it; unless it does so already."""
        if all(message.id != message_id for message in self.path()):
            self.leaf = self._newest_under(message_id)

    def step(self, message_id: str, by: int) -> None:
        """Show the version before (-1) or after (1) this one; at an end nothing changes."""
        versions = self.versions(message_id)
        index = versions.index(message_id) + by
        if 0 <= index < len(versions):
            self.show(versions[index])

    # ------------------------------------------------------------------ what changes it

    def add(
        self,
        role: Role,
        text: str,
        parent: str | None = None,
        state: MessageState = "done",
        model: str = "",
        details: str = "",
    ) -> Message:
        """A new message after ``parent``, by default after the last that is shown; it is the last one now."""
        parent = self.leaf if parent is None else parent
        message = Message(new_id(), parent, role, text, now(), state, model, details)
        self._messages[message.id] = message
        self._after.setdefault(parent, []).append(message.id)
        self.leaf = message.id
        return message

    def change(self, message_id: str, *, text: str, state: MessageState, details: str = "") -> None:
        """A message has another text and another state now; one that is gone is left so."""
        if message_id in self._messages:
            old = self._messages[message_id]
            self._messages[message_id] = replace(old, text=text, state=state, details=details or old.details)

    def remove(self, message_id: str) -> list[Message]:
        """Take a message out, and all that follows it: these, each after the one it follows, versions in their order.
        Another version is shown then, or what came before it."""
        message = self._messages[message_id]
        siblings = self._after[message.parent]
        index = siblings.index(message_id)
        siblings.pop(index)
        gone: list[Message] = []
        doomed = [message_id]
        while doomed:
            at = doomed.pop()
            gone.append(self._messages.pop(at))
            doomed += reversed(self._after.pop(at, []))  # the last of them is the next one
        if self.leaf not in self._messages:
            self.leaf = self._newest_under(siblings[max(0, index - 1)]) if siblings else message.parent
        return gone

    def anew(self) -> Conversation:
        """The same where nothing of it is left, as one that the store was not told of."""
        self.id, self.known = new_id(), False
        self.unkept.clear()
        return self

    def put_back(self, messages: Sequence[Message], leaf: str) -> None:
        """Have again what was removed, and show the way to ``leaf``."""
        for message in messages:
            self._messages[message.id] = message
            self._after.setdefault(message.parent, []).append(message.id)
        self.leaf = leaf

    # ------------------------------------------------------------------ what is made of it

    def history(self, message_id: str, system_prompt: str = "") -> tuple[ChatMessage, ...]:
        """What a model is told to answer this question, which comes last; for an answer, to go on with it.

        Questions that never got an answer stay out.
        """
        system = [ChatMessage("system", system_prompt)] if system_prompt else []
        return (*system, *(ChatMessage(message.role, message.text) for message in self.told(message_id)))

    def told(self, message_id: str) -> list[Message]:
        """The messages of ``history``."""
        out: list[Message] = []
        question: Message | None = None
        for message in self.path(message_id):
            if message.role == "user":
                question = message
            elif question is not None and message.text:
                out += [question, message]
                question = None
        return out if question is None else [*out, question]

    def entry(self) -> ChatEntry:
        """As a list shows it that no store has made."""
        messages = tuple(self._messages.values())
        created = messages[0].created if messages else now()
        updated = messages[-1].created if messages else created
        title = " ".join(messages[0].text.split())[:LONGEST_TITLE] if messages else ""
        return ChatEntry(self.id, title, created, updated, messages=len(messages))

    def chat(self) -> Chat:
        """As the store takes it in, which makes a title of its own."""
        entry = replace(self.entry(), title="")
        return Chat(entry, tuple(self._messages.values()), self.leaf, self.draft, self.settings)

    def missed(self) -> list[ChatAsked]:
        """What a store is asked that may have missed some of it: what is there already is not added again."""
        asked: list[ChatAsked] = [CreateChat(self.chat())]
        for message in self._messages.values():
            if message.id in self.unkept:
                asked += [AddMessage(self.id, message), *self._as_written(message)]
        return [*asked, ChangeChat(self.id, leaf=self.leaf)] if self.unkept else asked

    def _as_written(self, message: Message) -> list[ChatAsked]:
        """What brings a reply to what it is here: it may have been written further, and its run be of a part of it."""
        if message.role != "assistant":
            return []
        states: tuple[MessageState, ...] = ("writing",) if message.id not in self.runs else ()
        ended = () if message.state == "writing" else (message.state,)
        return [EndMessage(message.id, message.text, state, message.details) for state in (*states, *ended)]

    def _newest_under(self, message_id: str) -> str:
        while self._after.get(message_id):
            message_id = self._after[message_id][-1]
        return message_id


class Unkept:
    """Conversations that the store may not have all of, for nothing could be kept when they were written."""

    def __init__(self) -> None:
        self._talks: dict[str, Conversation] = {}

    def get(self, chat_id: str) -> Conversation | None:
        """One of them."""
        return self._talks.get(chat_id)

    def add(self, talk: Conversation, message_id: str = "") -> list[ChatAsked]:
        """This one is, with a message that was written now; what the store is asked, which may keep it after all."""
        self._talks[talk.id] = talk
        if message_id:
            talk.unkept.add(message_id)
        return talk.missed()

    def drop(self, chat_id: str) -> list[Conversation]:
        """It is not wanted any more: this one, if it was here."""
        talk = self._talks.pop(chat_id, None)
        return [] if talk is None else [talk]

    def put_back(self, talks: Sequence[Conversation]) -> None:
        """These are wanted again."""
        self._talks |= {talk.id: talk for talk in talks}

    def listed(self, there: Collection[str]) -> list[ChatEntry]:
        """Let go of those that are there as they are here; entries of those that are not there, the latest first."""
        self._talks = {name: talk for name, talk in self._talks.items() if talk.unkept or name not in there}
        return [talk.entry() for talk in reversed(self._talks.values()) if talk.id not in there]

    def hand_on(self) -> list[ChatAsked]:
        """What the store is asked, which keeps everything from now on."""
        asked = [one for talk in self._talks.values() for one in talk.missed()]
        for talk in self._talks.values():
            talk.unkept.clear()
        return asked
