"""A program that writes a message piece by piece until it is killed, and says after each that it is kept."""

from __future__ import annotations

import sys
from pathlib import Path

from helix_app.protocol.conversations.chats import CreateChat, GrowMessage
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made


def main(path: str, chat_id: str) -> None:
    """Write for ever."""
    store = ChatStore(Path(path))
    reply = made.message(f"{chat_id}-1", "", f"{chat_id}-0", "assistant", "writing")
    store.apply(CreateChat(made.chat(chat_id, made.message(f"{chat_id}-0", "question"), reply)))
    number = 0
    while True:
        store.apply(GrowMessage(f"{chat_id}-1", f"{number} "))
        print(number, flush=True)
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
