"""Conversations as trees: what is shown of them, and what hangs on what."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime

from helix_app.protocol.conversations.chats import CreateChat, GrowMessage
from helix_app.store.chats import schema, tree
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made

MESSAGES = (
    made.message("q", "question"),
    made.message("a1", "one", "q", "assistant"),
    made.message("a2", "two", "q", "assistant", "writing"),
    made.message("q2", "more", "a1"),
)


def test_what_is_shown_is_the_way_to_the_leaf() -> None:
    assert [one.id for one in tree.shown(MESSAGES, "q2")] == ["q", "a1", "q2"]
    assert [one.id for one in tree.shown(MESSAGES, "a2")] == ["q", "a2"]
    assert tree.shown(MESSAGES, "") == tree.shown(MESSAGES, "gone") == []


def test_a_circle_ends() -> None:
    ring = (made.message("a", parent="b"), made.message("b", parent="a"))
    assert [one.id for one in tree.shown(ring, "a")] == ["b", "a"]


def test_a_renewed_conversation_is_the_same_tree() -> None:
    chat = made.chat("old", *MESSAGES, second=5)
    new = tree.renewed(chat, "new", MESSAGES)
    assert new.entry == replace(chat.entry, id="new")
    assert not {one.id for one in new.messages} & {one.id for one in MESSAGES}
    ids = {old.id: one.id for old, one in zip(MESSAGES, new.messages)} | {"": ""}
    for old, one in zip(MESSAGES, new.messages):
        state = "interrupted" if old.state == "writing" else old.state
        assert one == replace(old, id=ids[old.id], parent=ids[old.parent], state=state)
    assert new.leaf == ids["q2"]


def test_a_branch_is_all_that_follows(store: ChatStore) -> None:
    store.apply(CreateChat(made.chat("c", *MESSAGES)))
    store.apply(CreateChat(made.talk("d", "q", "a")))
    with closing(schema.connect(store.path)) as db:
        assert tree.branch(db, "c", "a1") == {"a1", "q2"}
        assert tree.branch(db, "c", "q") == {"q", "a1", "a2", "q2"}


def test_halves_of_characters_are_replaced_everywhere() -> None:
    assert tree.whole(GrowMessage("m", "a\ud83d")) == GrowMessage("m", "a\ufffd")
    chat = made.chat("c", made.message("m", "\udc00"))
    assert tree.whole(CreateChat(chat)).chat.messages[0].text == "\ufffd"
    same = CreateChat(made.chat("c", *MESSAGES))
    assert tree.whole(same) == same


def test_ids_and_times_are_those_of_the_protocol() -> None:
    assert len({tree.new_id() for _ in range(100)}) == 100
    assert len(tree.new_id()) == 32
    assert datetime.fromisoformat(tree.now()).tzinfo is not None
