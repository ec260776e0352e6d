"""Conversations made for tests, and a store that answers as it is told."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    Chat,
    ChatAsked,
    ChatEntry,
    ChatOpened,
    ChatsListed,
    CreateChat,
    EndMessage,
    GrowMessage,
    Message,
    MessageState,
    OpenChat,
    OpenRun,
    Recorded,
    RunOpened,
)

DAY = "2026-11-29T10:00:00+00:00"


def entry(chat_id: str, title: str = "", updated: str = DAY, *, pinned: bool = False, folder: str = "") -> ChatEntry:
    """A line of the list."""
    return ChatEntry(chat_id, title or f"Chat {chat_id}", updated, updated, pinned, folder)


def question(message_id: str, parent: str, text: str) -> Message:
    """What a person wrote."""
    return Message(message_id, parent, "user", text, DAY)


def answer(message_id: str, parent: str, text: str, state: MessageState = "done", details: str = "") -> Message:
    """What a model wrote."""
    return Message(message_id, parent, "assistant", text, DAY, state, "SmolLM2 135M Instruct", details)


def chat(chat_id: str, *messages: Message, leaf: str = "", draft: str = "") -> Chat:
    """A conversation with these messages."""
    return Chat(entry(chat_id), messages, leaf or (messages[-1].id if messages else ""), draft)


def long_chat(chat_id: str, turns: int, words: int = 40) -> Chat:
    """Questions and answers, one after the other."""
    messages: list[Message] = []
    for turn in range(turns):
        parent = messages[-1].id if messages else ""
        messages.append(question(f"q{turn}", parent, f"Question {turn}?"))
        messages.append(answer(f"a{turn}", f"q{turn}", f"**Answer {turn}.** " + "word " * words))
    return chat(chat_id, *messages)


class FakeStore:
    """Hears what a window asks, keeps it as a store would, and answers.

    Attributes:
        asked: everything, in order.
        texts: of each message by its id.
        runs: those that are kept.
    """

    def __init__(self, window: MainWindow, *chats: Chat) -> None:
        self.window = window
        self.asked: list[ChatAsked] = []
        self.chats = {chat.entry.id: chat for chat in chats}
        self.texts = {message.id: message.text for chat in chats for message in chat.messages}
        self.states: dict[str, str] = {}
        self.runs: dict[str, tuple[tuple[float, Recorded], ...]] = {}
        window.chats_asked.connect(lambda asked: self.on_asked(asked))  # which keeps this store alive
        self.list()

    def list(self, kept: bool = True) -> None:
        """Tell the list."""
        self.window.on_event(ChatsListed(tuple(chat.entry for chat in self.chats.values()), kept))

    def on_asked(self, asked: ChatAsked) -> None:
        """Keep it, and answer."""
        self.asked.append(asked)
        if isinstance(asked, OpenChat):
            self.window.on_event(ChatOpened(asked.id, self.chats.get(asked.id)))
        elif isinstance(asked, OpenRun):
            self.window.on_event(RunOpened(asked.id, self.runs.get(asked.id, ())))
        elif isinstance(asked, (AddMessage, CreateChat)):
            added = asked.chat.messages if isinstance(asked, CreateChat) else (asked.message,)
            self.texts.update({message.id: message.text for message in added})
            self.states.update({message.id: message.state for message in added})
        elif isinstance(asked, GrowMessage):
            self.texts[asked.id] += asked.text
        elif isinstance(asked, EndMessage):
            self.texts[asked.id], self.states[asked.id] = asked.text, asked.state

    def of(self, kind: type) -> list[ChatAsked]:
        """What was asked of one kind."""
        return [asked for asked in self.asked if isinstance(asked, kind)]

    def changes(self, field: str) -> list[object]:
        """What a field of conversations was changed to, in order."""
        values = [getattr(asked, field) for asked in self.asked if isinstance(asked, ChangeChat)]
        return [value for value in values if value is not None]
