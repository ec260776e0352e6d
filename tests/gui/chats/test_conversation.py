"""A conversation as a tree: what is shown of it, its versions, and what a model is told."""

from __future__ import annotations

from hypothesis import given, settings, strategies as st

from helix_app.gui.chats.conversation import Conversation
from helix_app.protocol.requests import ChatMessage
from tests.gui.chats import made_chats


def ids(conversation: Conversation) -> list[str]:
    return [message.id for message in conversation.path()]


def test_messages_follow_each_other() -> None:
    talk = Conversation()
    assert (len(talk), talk.leaf, talk.known, talk.path()) == (0, "", False, [])
    ask = talk.add("user", "Why?")
    reply = talk.add("assistant", "", state="writing", model="m")
    assert ids(talk) == [ask.id, reply.id]
    assert (reply.parent, reply.state, reply.model) == (ask.id, "writing", "m")
    talk.change(reply.id, text="So.", state="done", details="{}")
    assert (talk.message(reply.id).text, talk.message(reply.id).details) == ("So.", "{}")
    talk.change("nobody", text="x", state="done")  # gone meanwhile
    assert talk.history(ask.id) == (ChatMessage("user", "Why?"),)
    assert talk.history(reply.id)[-1] == ChatMessage("assistant", "So.")


def test_another_version_stands_beside_the_first_with_all_that_followed() -> None:
    talk = Conversation()
    one = talk.add("user", "one")
    first = talk.add("assistant", "1")
    two = talk.add("user", "two")
    second = talk.add("assistant", "2", one.id)
    assert talk.versions(first.id) == [first.id, second.id]
    assert ids(talk) == [one.id, second.id]
    talk.step(second.id, -1)
    assert ids(talk) == [one.id, first.id, two.id]
    talk.step(first.id, -1)  # there is none before
    assert ids(talk) == [one.id, first.id, two.id]
    talk.step(first.id, 1)
    assert ids(talk) == [one.id, second.id]
    other = talk.add("user", "one, again", "")
    assert talk.versions(one.id) == [one.id, other.id]
    assert ids(talk) == [other.id]
    talk.show(first.id)
    assert ids(talk) == [one.id, first.id, two.id]
    talk.show(one.id)  # it is shown already
    assert ids(talk) == [one.id, first.id, two.id]


def test_what_is_removed_can_be_put_back() -> None:
    talk = Conversation()
    one = talk.add("user", "one")
    first = talk.add("assistant", "1")
    two = talk.add("user", "two")
    second = talk.add("assistant", "2", one.id)
    talk.show(first.id)
    gone = talk.remove(first.id)
    assert [message.id for message in gone] == [first.id, two.id]
    assert ids(talk) == [one.id, second.id]
    assert talk.versions(second.id) == [second.id]
    talk.put_back(gone, two.id)
    assert ids(talk) == [one.id, first.id, two.id]
    assert talk.versions(first.id) == [second.id, first.id]
    gone = talk.remove(one.id)
    assert (len(talk), talk.leaf) == (0, "")
    talk.put_back(gone, two.id)
    assert talk.versions(first.id) == [second.id, first.id]


def test_a_model_is_told_only_of_questions_that_got_an_answer() -> None:
    talk = Conversation()
    talk.add("user", "one")
    talk.add("assistant", "1")
    talk.add("user", "never answered")
    talk.add("assistant", "", state="failed")
    last = talk.add("user", "two")
    assert talk.history(last.id, "Be brief.") == (
        ChatMessage("system", "Be brief."),
        ChatMessage("user", "one"),
        ChatMessage("assistant", "1"),
        ChatMessage("user", "two"),
    )
    assert [message.text for message in talk.told(last.id)] == ["one", "1", "two"]


def test_from_the_store_and_to_it() -> None:
    kept = made_chats.chat(
        "c",
        made_chats.question("q", "", "Why?"),
        made_chats.answer("a", "q", "So."),
        made_chats.answer("b", "q", "Otherwise."),
        leaf="a",
        draft="and",
    )
    talk = Conversation(kept)
    assert (talk.id, talk.known, talk.draft, ids(talk)) == ("c", True, "and", ["q", "a"])
    assert talk.chat().messages == kept.messages
    assert talk.chat().leaf == "a"
    assert ids(Conversation(made_chats.chat("d", *kept.messages, leaf="gone"))) == ["q", "b"]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["add", "again", "edit", "step", "remove", "back"]), st.integers(0, 30))))
def test_whatever_is_done_the_way_is_a_way(steps: list[tuple[str, int]]) -> None:
    talk = Conversation()
    last: tuple[list, str] | None = None
    for what, number in steps:
        path = talk.path()
        some = path[number % len(path)] if path else None
        if what == "add" or some is None:
            talk.add("user" if len(path) % 2 == 0 else "assistant", str(number))
        elif what in ("again", "edit"):
            talk.add(some.role, str(number), some.parent)
        elif what == "step":
            talk.step(some.id, 1 if number % 2 else -1)
        elif what == "remove":
            leaf = talk.leaf
            last = (talk.remove(some.id), leaf)
        elif last is not None and all(m.parent in talk or not m.parent for m in last[0][:1]):
            talk.put_back(*last)
            last = None
        path = talk.path()
        assert [m.parent for m in path] == ["", *(m.id for m in path)][: len(path)]
        assert (path[-1].id if path else "") == talk.leaf
        assert all(m.id in talk.versions(m.id) for m in path)
        assert len(talk.chat().messages) == len(talk)
        assert bool(len(talk)) == bool(path)
