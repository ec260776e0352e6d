"""Requests of any kind in any order leave a store as they leave a plain model of it."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.base.errors import HelixError
from helix_app.protocol.conversations.chats import (
    AddMessage,
    ChangeChat,
    ChatEntry,
    CopyChat,
    CreateChat,
    DeleteMessage,
    EndMessage,
    ExportChats,
    FindChats,
    GrowMessage,
    KeepUnsent,
    MessageState,
    Role,
    UnsentOpened,
)
from helix_app.store.chats.changes import Change
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made
from tests.store.chats.instruments.model import Gone, Model, shape

WORDS = ("alpha", "Beta", "STRASSE", "straße", "日本語", "язык", "xy", "%_", '"AND"')
KINDS = (
    *("create", "copy", "rename", "unname", "pin", "delete", "draft", "leaf", "end", "cut"),
    *("add", "add", "add", "add", "grow", "grow"),  # more often, so that there are trees to cut
)
STATES: tuple[MessageState, ...] = ("done", "writing", "stopped", "failed")
ROLES: tuple[Role, ...] = ("user", "assistant")
OPS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.integers(0, 50),
        st.integers(0, 50),
        st.lists(st.sampled_from(WORDS), max_size=4).map(" ".join),
    ),
    max_size=40,
)


def change_of(model: Model, kind: str, a: int, b: int, text: str, number: int) -> Change:
    """The request that an operation makes of what is there."""
    chats = [*model.chats, "nobody"]
    chat_id = chats[a % len(chats)]
    own = [one.id for one in model.chats[chat_id].messages] if chat_id in model.chats else []
    replies = [*(one.id for one in model.messages() if one.role == "assistant"), "nothing"]
    place = [*own, ""][b % (len(own) + 1)]
    if kind == "create":
        texts = text.split()[: b % 4]
        return CreateChat(made.talk(f"chat{number}", *texts, second=number))
    if kind == "copy":
        return CopyChat(chat_id, f"chat{number}", place)
    if kind == "add":
        role = ROLES[a % 2]
        state = STATES[b % 4] if role == "assistant" else "done"  # what a person wrote is there whole
        one = made.message(f"m{number}", text, place, role, state, second=number)
        return AddMessage(chat_id, one)
    if kind == "grow":
        return GrowMessage(replies[b % len(replies)], text)
    if kind == "end":
        return EndMessage(replies[b % len(replies)], text, STATES[a % 4], f'{{"n": {a}}}')
    if kind == "cut":
        return DeleteMessage(chat_id, place or "nothing", [*own, "nothing", ""][a % (len(own) + 2)])
    return {
        "rename": ChangeChat(chat_id, title=" ".join(text.split()) or "x"),
        "unname": ChangeChat(chat_id, title=""),
        "pin": ChangeChat(chat_id, pinned=b % 2 == 0, folder=text),
        "delete": ChangeChat(chat_id, deleted=b % 3 != 0),
        "draft": ChangeChat(chat_id, draft=text, settings='{"a": 1}'),
        "leaf": ChangeChat(chat_id, leaf=place),
    }[kind]


def do(store: ChatStore, model: Model, change: Change) -> None:
    """One request to both."""
    try:
        model.apply(change)
    except Gone:
        with pytest.raises(HelixError) as failed:
            store.apply(change)
        assert failed.value.code == "chat_gone"
        return
    store.apply(change)
    if isinstance(change, CopyChat):  # new ids and times, and nothing else
        copy, expected = store.chat(change.new_id), model.chats[change.new_id]
        assert copy is not None
        times = {"created": copy.entry.created, "updated": copy.entry.updated}
        assert shape(copy) == shape(replace(expected, entry=replace(expected.entry, **times)))
        assert not {one.id for one in copy.messages} & {one.id for one in expected.messages}
        model.chats[change.new_id] = copy


def check(store: ChatStore, model: Model) -> None:
    """Both are the same, and the index knows what the model has."""
    assert store.entries() == model.entries()
    for chat_id, chat in model.chats.items():
        assert store.chat(chat_id) == (None if chat_id in model.deleted else chat)
    for word in WORDS:
        expected = {
            chat.entry.id: sum(one.state != "writing" and word.lower() in one.text.lower() for one in chat.messages)
            for chat in model.chats.values()
            if chat.entry.id not in model.deleted
        }
        found = {hit.entry.id: hit.hits for hit in store.find(FindChats(word)).hits if hit.hits}
        assert found == {chat_id: hits for chat_id, hits in expected.items() if hits}, word


@settings(max_examples=60, deadline=None)
@given(OPS)
def test_any_requests_in_any_order(operations: list[tuple[str, int, int, str]]) -> None:
    with TemporaryDirectory() as folder:
        store, model = ChatStore(Path(folder) / "chats.db"), Model()
        for number, (kind, a, b, text) in enumerate(operations):
            do(store, model, change_of(model, kind, a, b, text, number))
        check(store, model)
        store.close()


@settings(max_examples=25, deadline=None)
@given(OPS)
def test_what_is_exported_comes_back_with_new_ids(operations: list[tuple[str, int, int, str]]) -> None:
    with TemporaryDirectory() as folder:
        store, other = ChatStore(Path(folder) / "chats.db"), ChatStore(Path(folder) / "other.db")
        model = Model()
        for number, (kind, a, b, text) in enumerate(operations):
            do(store, model, change_of(model, kind, a, b, text, number))
        path = Path(folder) / "all.json"
        count = store.export(ExportChats(str(path), "json"))
        kept = [store.chat(entry.id) for entry in store.entries()]
        assert count == len(kept)
        ids = other.import_(path) if count else ()
        came = [other.chat(chat_id) for chat_id in ids]
        settled = [
            replace(
                shape(chat),
                messages=tuple(
                    replace(one, state="interrupted" if one.state == "writing" else one.state)
                    for one in shape(chat).messages
                ),
            )
            for chat in kept
            if chat is not None
        ]
        assert [shape(chat) for chat in came if chat is not None] == settled
        mine = {one.id for chat in kept if chat is not None for one in chat.messages}
        assert not mine & {one.id for chat in came if chat is not None for one in chat.messages}
        store.close()
        other.close()


def test_a_repeated_request_changes_nothing(store: ChatStore) -> None:
    one = made.message("m1", "again?", second=1)
    requests: list[Change] = [
        CreateChat(made.chat("a", second=0)),
        AddMessage("a", one),
        AddMessage("a", made.message("m2", "yes", "m1", "assistant", second=2)),
        CopyChat("a", "b"),
    ]
    for request in requests:
        store.apply(request)
    before = store.chat("a"), store.chat("b"), store.entries()
    for request in requests:
        store.apply(request)
    assert (store.chat("a"), store.chat("b"), store.entries()) == before


def test_what_is_gone_is_not_changed_and_not_missed(store: ChatStore) -> None:
    for change in (
        ChangeChat("x", title="t"),
        GrowMessage("x", "t"),
        EndMessage("x", "t", "done"),
        DeleteMessage("x", "y"),
    ):
        store.apply(change)
    assert store.entries() == ()
    assert store.chat("x") is None


@pytest.mark.parametrize(
    "change",
    [
        AddMessage("x", made.message("m")),
        AddMessage("a", made.message("m", parent="gone")),
        AddMessage("a", made.message("m", parent="b-0")),  # of another conversation
        CopyChat("x", "y"),
        CopyChat("a", "y", "b-0"),
        CreateChat(made.chat("n", made.message("m", parent="gone"))),
    ],
)
def test_what_must_be_there_is_told_when_it_is_not(store: ChatStore, change: Change) -> None:
    for name in "ab":
        store.apply(CreateChat(made.talk(name, "hi", "hello")))
    before = [store.chat(name) for name in "aby"]
    with pytest.raises(HelixError) as failed:
        store.apply(change)
    assert failed.value.code == "chat_gone"
    assert [store.chat(name) for name in "aby"] == before
    assert len(store.entries()) == 2


def test_the_title_is_made_of_the_first_question(store: ChatStore) -> None:
    def title() -> str:
        return store.entries()[0].title

    store.apply(CreateChat(made.chat("a")))
    assert title() == ""
    made.add(store, "a", made.message("m1", "# First question\nmore"), made.message("m2", "No", "m1", "assistant"))
    assert title() == "First question"
    made.add(store, "a", made.message("m3", "Edited question"))  # a second version
    assert title() == "First question"
    store.apply(ChangeChat("a", title="  My\nname "))
    assert (title(), store.entries()[0].named) == ("My name", True)
    store.apply(DeleteMessage("a", "m1"))
    assert title() == "My name"
    store.apply(ChangeChat("a", title=""))
    assert (title(), store.entries()[0].named) == ("Edited question", False)
    store.apply(DeleteMessage("a", "m3"))
    assert title() == ""


def test_copies_are_told_apart(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "Why?", "So.")))
    store.apply(ChangeChat("a", pinned=True, folder="f", draft="d"))
    for number in range(3):
        store.apply(CopyChat("a", f"copy{number}"))
    store.apply(CopyChat("copy0", "of a copy"))
    titles = {entry.id: entry.title for entry in store.entries()}
    assert titles == {
        "a": "Why?",
        "copy0": "Why? (2)",
        "copy1": "Why? (3)",
        "copy2": "Why? (4)",
        "of a copy": "Why? (5)",
    }
    copy = store.chat("copy0")
    assert copy is not None
    assert (copy.entry.pinned, copy.entry.folder, copy.entry.named, copy.draft) == (False, "f", False, "d")
    made.add(store, "copy0", made.message("n", "Another question", copy.leaf))
    assert next(entry.title for entry in store.entries() if entry.id == "copy0") == "Why? (2)"


def test_a_copy_of_the_way_to_a_message(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "q", "first answer", "q2", "a2")))
    made.add(store, "a", made.message("other", "other answer", "a-0", "assistant"))
    store.apply(ChangeChat("a", title="Named", draft="not this"))
    store.apply(CopyChat("a", "b", "a-2"))
    copy = store.chat("b")
    assert copy is not None
    assert [one.text for one in copy.messages] == ["q", "first answer", "q2"]
    assert copy.leaf == copy.messages[-1].id
    assert (copy.entry.title, copy.entry.named, copy.draft) == ("Named (2)", True, "")


def test_a_message_that_ended_does_not_grow(store: ChatStore) -> None:
    store.apply(CreateChat(made.chat("a", made.message("m", "", role="assistant", state="writing"))))
    store.apply(GrowMessage("m", "one "))
    store.apply(GrowMessage("m", "two"))
    store.apply(EndMessage("m", "one two three", "length", "{}"))
    store.apply(GrowMessage("m", "late"))
    chat = store.chat("a")
    assert chat is not None
    assert (chat.messages[0].text, chat.messages[0].state, chat.messages[0].details) == (
        "one two three",
        "length",
        "{}",
    )


def test_the_latest_comes_first_whatever_the_time_zone(store: ChatStore) -> None:
    times = {"a": "2026-05-01T12:00:00+05:00", "b": "2026-05-01T10:00:00+02:00", "c": "2026-05-01T07:30:00+00:00"}
    for chat_id, time in times.items():
        store.apply(CreateChat(replace(made.chat(chat_id), entry=ChatEntry(chat_id, chat_id, time, time))))
    assert [entry.id for entry in store.entries()] == ["b", "c", "a"]  # 8:00, 7:30 and 7:00


def test_halves_of_characters_do_not_stop_anything(store: ChatStore) -> None:
    store.apply(CreateChat(made.chat("a", made.message("m", "half \ud83d of it", state="writing"))))
    store.apply(GrowMessage("m", "\udc00"))
    store.apply(EndMessage("m", "all \ud83d", "done"))
    assert len(store.find(FindChats("\ud83d")).hits) == 1  # a mark of replacement stands for both
    chat = store.chat("a")
    assert chat is not None
    assert chat.messages[0].text == "all \ufffd"


def test_every_kind_of_operation_is_drawn() -> None:
    model = Model()
    model.apply(CreateChat(made.talk("a", "x", "y")))
    kinds = {type(change_of(model, kind, 0, 0, "t", 1)) for kind in set(KINDS)}
    assert kinds == set(itertools.chain(*[Change.__args__])) - {KeepUnsent}  # type: ignore[attr-defined]


def test_what_was_never_sent_is_kept_apart_from_conversations(tmp_path: Path) -> None:
    store = ChatStore(tmp_path / "chats.db")
    assert store.unsent() == UnsentOpened()
    store.apply(KeepUnsent("half a thought", '{"seed": 7}'))
    store.apply(KeepUnsent("a whole thought 🐈", '{"seed": 7}'))
    assert store.entries() == ()
    store.close()
    again = ChatStore(tmp_path / "chats.db")
    assert again.unsent() == UnsentOpened("a whole thought 🐈", '{"seed": 7}')
    again.apply(KeepUnsent(""))
    assert again.unsent() == UnsentOpened()
    again.close()
