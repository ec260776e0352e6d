"""Brings a window into the views of kept conversations, for screenshots."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from helix_app.gui.chat.message.bubble import UserBubble
from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import ChatEntry, ChatHit, ChatsFound
from helix_app.protocol.events import TextDelta
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, answer, chat, question
from tests.gui.settling import load, settle

TITLES = (
    ("KV cache in plain words", 0, False, ""),
    ("Poem about a lighthouse", 0, False, ""),
    ("Merge two sorted lists in Python, and what the complexity of that is", 1, False, ""),
    ("旅行の計画", 1, False, ""),
    ("Cover letter", 3, False, "Work"),
    ("Quarterly figures", 4, False, "Work"),
    ("Names for a cat 🐈", 12, False, ""),
    ("Shopping list", 40, True, ""),
    ("Why is the sky blue?", 45, False, ""),
)


def _entries() -> tuple[ChatEntry, ...]:
    out = []
    for number, (title, days, pinned, folder) in enumerate(TITLES):
        when = (datetime.now().astimezone() - timedelta(days=days)).isoformat(timespec="seconds")
        out.append(ChatEntry(f"c{number}", title, when, when, pinned, folder, True, 4))
    return tuple(out)


def _store(window: MainWindow) -> FakeStore:
    messages = (
        question("q1", "", "How does a paged KV cache work?"),
        answer("a1", "q1", "It keeps keys and values in blocks of 16 tokens."),
        answer("a2", "q1", fake.MARKDOWN[:420]),
        question("q2", "a2", "And why do you share blocks between chats?"),
        answer("b1", "q2", "Because many conversations begin with the same words: a system prompt, say.", "stopped"),
    )
    made = [replace(chat(entry.id, *messages), entry=entry) for entry in _entries()]
    return FakeStore(window, *made)


def conversations(window: MainWindow) -> None:
    """Kept conversations in groups, one of them opened: a question with two answers, and a reply that was stopped."""
    load(window)
    _store(window)
    window.book.open("c0")


def conversation_found(window: MainWindow) -> None:
    """Words were looked for."""
    conversations(window)
    side = window.chats.sidebar
    side.search.setText("blocks")
    entries = _entries()
    text = "It keeps keys and values in blocks of 16 tokens."
    hits = (
        ChatHit(entries[0], "a1", text, ((28, 34),), (), 3),
        ChatHit(entries[3], "a1", "…the words are far along in this line of blocks", ((41, 47),), (), 1),
        ChatHit(entries[8], "", "", (), ((0, 3),), 0),
    )
    window.book.find("blocks")
    for number in range(9):  # the answer to the last question is the one that counts
        window.on_event(ChatsFound(number, "blocks", hits))


def conversation_edited(window: MainWindow) -> None:
    """A question is written anew in its place."""
    conversations(window)
    settle()
    bubble = window.chat.list.widget("q2")
    assert isinstance(bubble, UserBubble)
    bubble.begin_edit()


def conversations_written(window: MainWindow) -> None:
    """Two conversations are answered at once; something was deleted."""
    conversations(window)
    requests: list[GenerateRequest] = []
    window.generate_requested.connect(requests.append)
    window.chat.composer.editor.setPlainText("Tell me more about preemption.")
    window.chat.send()
    window.on_event(TextDelta(requests[-1].request_id, "Preemption gives the blocks of one sequence back"))
    window.book.delete("c5")
    window.book.open("c1")
    window.chat.composer.editor.setPlainText("And a second verse, please")
    window.chat.send()


def conversation_interrupted(window: MainWindow) -> None:
    """Helix ended in the middle of a reply."""
    load(window)
    FakeStore(window, chat("c0", question("q", "", "Why?"), answer("a", "q", fake.MARKDOWN[:300], "interrupted")))
    window.book.open("c0")


def prompting(window: MainWindow) -> None:
    """Prompt and sampling of one conversation."""
    conversations(window)
    own = Prompting({"system_prompt": "Answer in one sentence.", "temperature": 0.2}, 7, ("END",))
    window.book.set_prompting(to_text(own))
    window.state.change(presets={"Brief": to_text(own)})
    window.prompting.open_dialog()


VIEWS = (
    prompting,
    conversations,
    conversation_found,
    conversation_edited,
    conversations_written,
    conversation_interrupted,
)
