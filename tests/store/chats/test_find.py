"""Search: in every script, in any case, and with whatever a person types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.protocol.conversations.chats import ChangeChat, ChatHit, CreateChat, EndMessage, FindChats
from helix_app.store.chats.find import MOST_HITS
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made


def hits(store: ChatStore, words: str) -> list[ChatHit]:
    found = store.find(FindChats(words, 7))
    assert (found.number, found.words) == (7, words)
    return list(found.hits)


def ids(store: ChatStore, words: str) -> list[str]:
    return [hit.entry.id for hit in hits(store, words)]


TEXTS = {
    "english": "The quick brown fox; SQL: 100% of it_is\\fine",
    "german": "Die Straße ist ein Weiß",
    "russian": "Быстрая лиса ДА нет",
    "chinese": "我喜欢北京的秋天",
    "japanese": "東京タワーへ行きます",
    "korean": "안녕하세요 세계",
    "arabic": "مرحبا بالعالم",
    "hindi": "नमस्ते दुनिया",
    "thai": "สวัสดีชาวโลก",
    "greek": "Καλημέρα ΚΌΣΜΕ",
    "emoji": "family 👩‍👩‍👧 and 🙂🙃",
    "code": 'if (a != b) { return "x*y" AND -z; } NEAR(q)',
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ChatStore]:
    """Texts in many scripts; nothing is changed here, only found."""
    store = ChatStore(tmp_path_factory.mktemp("library") / "chats.db")
    for second, (name, text) in enumerate(TEXTS.items()):
        store.apply(CreateChat(made.chat(name, made.message(name, text, role="assistant"), second=second)))
    yield store
    store.close()


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("quick", ["english"]),
        ("QUICK bRoWn", ["english"]),
        ("uic", ["english"]),  # a part of a word
        ("fox quick", ["english"]),
        ("quick bear", []),
        ("straße", ["german"]),
        ("STRAßE", ["german"]),
        ("weiß", ["german"]),
        ("ЛИСА быстрая", ["russian"]),
        ("да", ["russian"]),  # two letters, another case, not ASCII
        ("北京", ["chinese"]),
        ("秋", ["chinese"]),
        ("我喜欢北京", ["chinese"]),
        ("東京タワー", ["japanese"]),
        ("行き", ["japanese"]),
        ("안녕", ["korean"]),
        ("세계 안녕하세요", ["korean"]),
        ("مرحبا", ["arabic"]),
        ("दुनिया", ["hindi"]),
        ("ชาว", ["thai"]),
        ("καλημέρα", ["greek"]),
        ("κόσμε", ["greek"]),
        ("🙂", ["emoji"]),
        ("👩‍👩‍👧", ["emoji"]),
        ("", []),
        ("  \n ", []),
    ],
)
def test_words_of_many_scripts(library: ChatStore, words: str, found: list[str]) -> None:
    assert ids(library, words) == found


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ('"', ["code"]),
        ('"x*y"', ["code"]),
        ("x*y", ["code"]),
        ("AND", ["emoji", "code"]),
        ("-z;", ["code"]),
        ("-quick", []),
        ("NEAR(q)", ["code"]),
        ("quick OR lisa", []),
        ("qui*", []),
        ("text:quick", []),
        ("^The", []),
        ("{", ["code"]),
        ("!=", ["code"]),
        ("100%", ["english"]),
        ("1%", []),  # no joker
        ("%", ["english"]),
        ("t_", ["english"]),
        ("s_", []),
        ("\\", ["english"]),
        ("\\f", ["english"]),
        ("'; DROP TABLE chats; --", []),
        ("qu\0ick", ["english"]),  # two words
    ],
)
def test_nothing_that_is_typed_is_syntax(library: ChatStore, words: str, found: list[str]) -> None:
    assert sorted(ids(library, words)) == sorted(found)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=12))
def test_anything_can_be_typed(tmp_path_factory: pytest.TempPathFactory, words: str) -> None:
    store = ChatStore(tmp_path_factory.mktemp("any") / "chats.db")
    store.apply(CreateChat(made.chat("a", made.message("m", f"before {words} after", role="assistant"))))
    typed = words.replace("\0", " ").split()
    assert "\0" in words or bool(store.find(FindChats(words)).hits) is bool(typed)
    store.close()


def test_each_word_is_in_the_title_or_in_one_message(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "Question of apples", "answer about pears", "and plums")))
    store.apply(ChangeChat("a", title="Fruit basket"))
    assert ids(store, "fruit apples") == ["a"]
    assert ids(store, "fruit basket") == ["a"]
    assert ids(store, "basket pears answer") == ["a"]
    assert ids(store, "apples pears") == []  # in two messages
    assert ids(store, "fruit nothing") == []


def test_what_is_told_of_a_hit(store: ChatStore) -> None:
    store.apply(CreateChat(made.talk("a", "apples", "more APPLES here", "no", "pears")))
    store.apply(ChangeChat("a", title="About apples"))
    (hit,) = hits(store, "apples")
    assert hit.entry == store.entries()[0]
    assert (hit.message, hit.excerpt, hit.hits) == ("a-1", "more APPLES here", 2)
    assert hit.marks == ((5, 11),)
    assert hit.title_marks == ((6, 12),)
    (hit,) = hits(store, "about")
    assert (hit.message, hit.excerpt, hit.marks, hit.hits) == ("", "", (), 0)
    assert hit.title_marks == ((0, 5),)


def test_hits_come_in_the_order_of_the_list_and_end(store: ChatStore) -> None:
    made.fill(store, MOST_HITS + 1, 1)
    store.apply(ChangeChat("c3", pinned=True))
    found = store.find(FindChats("message"))
    assert found.more
    assert [hit.entry.id for hit in found.hits] == [entry.id for entry in store.entries()][:MOST_HITS]
    assert found.hits[0].entry.id == "c3"
    store.apply(ChangeChat("c0", deleted=True))
    assert not store.find(FindChats("message")).more


def test_deleted_conversations_and_unfinished_messages_are_not_found(store: ChatStore) -> None:
    store.apply(CreateChat(made.chat("a", made.message("m", "apples ab", role="assistant", state="writing"))))
    assert ids(store, "apples") == ids(store, "ab") == []
    store.apply(EndMessage("m", "apples ab", "done"))
    assert ids(store, "apples") == ids(store, "ab") == ["a"]
    store.apply(ChangeChat("a", deleted=True))
    assert ids(store, "apples") == ids(store, "ab") == []
    store.apply(ChangeChat("a", deleted=False))
    assert ids(store, "apples") == ["a"]


def test_a_new_title_is_found_and_the_old_one_is_not(store: ChatStore) -> None:
    store.apply(CreateChat(made.chat("a")))
    store.apply(ChangeChat("a", title="Old name"))
    store.apply(ChangeChat("a", title="New name"))
    assert (ids(store, "old"), ids(store, "new")) == ([], ["a"])
