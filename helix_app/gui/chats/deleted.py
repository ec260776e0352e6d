"""What was deleted in a window, and what goes as soon as its reply has ended: undoing takes the last of it back."""

from __future__ import annotations

from dataclasses import dataclass, field

from helix_app.gui.chats.conversation import Conversation
from helix_app.protocol.conversations.chats import AddMessage, ChangeChat, ChatAsked, Message


@dataclass(eq=False)
class Deleted:
    """What one command deleted: conversations, or ``messages`` of one and the end of the way that was shown.

    Attributes:
        chat_ids: of the conversations, or of the one that had the messages.
        title: what the first of them is called; empty for messages.
        talks: those of them that the store may not have all of.
    """

    chat_ids: list[str] = field(default_factory=list)
    title: str = ""
    messages: tuple[Message, ...] = ()
    leaf: str = ""
    talks: list[Conversation] = field(default_factory=list)

    def add(self, chat_id: str, title: str) -> None:
        """A conversation went, too."""
        self.title = self.title or title
        self.chat_ids.append(chat_id)

    def back(self) -> list[ChatAsked]:
        """What the store is asked so that it has them again."""
        if not self.messages:
            return [ChangeChat(chat_id, deleted=False) for chat_id in self.chat_ids]
        chat_id = self.chat_ids[0]
        return [*(AddMessage(chat_id, message) for message in self.messages), ChangeChat(chat_id, leaf=self.leaf)]


class Bin:
    """All that was deleted, in order."""

    def __init__(self) -> None:
        self._kept: list[Deleted] = []
        self._doomed: dict[str, Deleted] = {}

    def __bool__(self) -> bool:
        return bool(self._kept)

    def put(self, deleted: Deleted) -> None:
        """It is the last that was deleted, also where more of it went than was in here before."""
        if deleted in self._kept:
            self._kept.remove(deleted)
        self._kept.append(deleted)

    def take(self) -> Deleted | None:
        """What was deleted last, out of here; what was to go with it stays."""
        last = self._kept.pop() if self._kept else None
        self._doomed = {chat_id: with_it for chat_id, with_it in self._doomed.items() if with_it is not last}
        return last

    def doom(self, chat_id: str, with_it: Deleted) -> None:
        """A conversation goes as soon as its reply has ended."""
        self._doomed[chat_id] = with_it

    def doomed(self, chat_id: str) -> Deleted | None:
        """With what a conversation whose reply has ended goes; None where it stays."""
        return self._doomed.pop(chat_id, None)
