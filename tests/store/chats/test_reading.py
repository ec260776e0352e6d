"""Files that come in: ours, OpenAI-style ones, and those that cannot be used."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import HelixError
from helix_app.base.messages import error_text
from helix_app.protocol.conversations.chats import Chat
from helix_app.store.chats import reading
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made

USER = {"role": "user", "content": "What is it?"}
REPLY = {"role": "assistant", "content": "It is.", "name": "x"}
SYSTEM = {"role": "system", "content": "Be brief."}


def read(tmp_path: Path, content: Any) -> list[Chat]:
    """The conversations of a file with this JSON, or this text."""
    path = tmp_path / "in.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return reading.read(path)


def texts(chat: Chat) -> list[tuple[str, str]]:
    return [(one.role, one.text) for one in chat.messages]


BOTH = [("user", "What is it?"), ("assistant", "It is.")]


@pytest.mark.parametrize(
    "content",
    [
        [USER, REPLY],
        {"messages": [USER, REPLY]},
        [{"messages": [USER, REPLY]}],
        json.dumps({"messages": [USER, REPLY]}) + "\n",
    ],
)
def test_a_conversation_in_each_form(tmp_path: Path, content: Any) -> None:
    (chat,) = read(tmp_path, content)
    assert texts(chat) == BOTH
    first, second = chat.messages
    assert (first.parent, second.parent, chat.leaf) == ("", first.id, second.id)
    assert (chat.entry.title, chat.entry.named, chat.settings) == ("What is it?", False, "")


def test_one_a_line(tmp_path: Path) -> None:
    lines = [{"messages": [USER, REPLY]}, {"messages": [USER], "title": "Second"}, [USER]]
    first, second, third = read(tmp_path, "\n\n".join(json.dumps(line) for line in lines))
    assert (texts(first), texts(second), texts(third)) == (BOTH, BOTH[:1], BOTH[:1])
    assert (second.entry.title, second.entry.named) == ("Second", True)


def test_system_messages_are_settings(tmp_path: Path) -> None:
    (chat,) = read(tmp_path, [SYSTEM, USER, {"role": "system", "content": "In verse. é"}, REPLY])
    assert json.loads(chat.settings) == {"system_prompt": "Be brief.\n\nIn verse. é"}
    assert texts(chat) == BOTH


def test_content_in_parts(tmp_path: Path) -> None:
    parts = [{"type": "text", "text": "What "}, {"type": "text", "text": "is it?"}]
    (chat,) = read(tmp_path, [{"role": "user", "content": parts}])
    assert texts(chat) == BOTH[:1]


def test_a_title_that_the_question_makes_is_no_name(tmp_path: Path) -> None:
    (chat,) = read(tmp_path, [{"title": " What is  it?", "messages": [USER]}])
    assert (chat.entry.title, chat.entry.named) == ("What is it?", False)


OURS = {"format": "helix-chats", "version": 1}
ENTRY = {"id": "c", "title": "t", "created": made.at(0), "updated": made.at(0)}
MESSAGE = {"id": "m", "parent": "", "role": "user", "text": "x", "created": made.at(0)}


def own(*messages: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {**OURS, "chats": [{"entry": ENTRY, "messages": messages, **fields}]}


BAD = [
    ("", "no JSON"),
    ("hello", "no JSON"),
    ("hello\nworld", "line 1 is no JSON"),
    (json.dumps({"messages": [USER]}) + "\n{", "line 2 is no JSON"),
    (json.dumps({"messages": [USER]}) + "\n3", "line 2: it has no list of messages"),
    ("[" * 100_000, "nested too deeply"),
    ([], "no conversation in it"),
    ({}, "no list of messages"),
    (3, "no list of messages"),
    ({"messages": "x"}, "no list of messages"),
    ({"messages": []}, "no message of a person"),
    ([SYSTEM], "no message of a person"),
    ([USER, {"role": "tool", "content": "x"}], "message 2 has the role 'tool'"),
    ([USER, {"content": "x"}], "message 2 has no role"),
    ([USER, {"role": ["user"], "content": "x"}], "message 2 has no role"),
    ([USER, 3], "message 2 is no object"),
    ([{"role": "assistant", "content": None}], "message 1 has no text"),
    ([{"role": "user", "content": [{"type": "image_url", "image_url": {}}]}], "message 1 has a part that is no text"),
    ([{"role": "user", "content": [{"type": "text"}]}], "message 1 has a part that is no text"),
    ([{"role": "user", "content": ["x"]}], "message 1 has a part that is no text"),
    ([{"messages": [USER]}, {"messages": [{"role": "function"}]}], "conversation 2: message 1 has the role 'function'"),
    ({**OURS, "version": 2, "chats": []}, "a later version"),
    ({**OURS, "version": "1", "chats": []}, "which version"),
    ({**OURS, "chats": {}}, "no list of conversations"),
    ({**OURS, "chats": []}, "no conversation in it"),
    ({**OURS, "chats": [{}]}, "conversation 1: Object missing required field `entry`"),
    (own({**MESSAGE, "role": "tool"}), "conversation 1: "),
    (own({**MESSAGE, "text": 3}), "conversation 1: "),
    (own(MESSAGE, MESSAGE), "two messages have the id 'm'"),
    (own({**MESSAGE, "parent": "gone"}), "the message before 'm' is not there"),
    (own({**MESSAGE, "parent": "m"}), "the message before 'm' is not there"),
]


@pytest.mark.parametrize(("content", "reason"), BAD, ids=[reason for _, reason in BAD])
def test_what_cannot_be_used_is_said_and_nothing_is_taken(
    store: ChatStore, tmp_path: Path, content: Any, reason: str
) -> None:
    path = tmp_path / "in.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    with pytest.raises(HelixError) as failed:
        store.import_(path)
    assert failed.value.code == "chats_import_failed"
    assert reason in failed.value.fields["reason"]
    assert failed.value.fields["path"] == str(path)
    assert str(path) in error_text(failed.value.code, failed.value.fields)
    assert store.entries() == ()


def test_files_that_are_none(store: ChatStore, tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\x00\x01\xff" * 50)
    for name in ("missing", "binary", "."):
        with pytest.raises(HelixError) as failed:
            store.import_(tmp_path / name)
        assert failed.value.code == "chats_import_failed"


def test_fields_that_may_be_left_out(tmp_path: Path) -> None:
    (chat,) = read(tmp_path, own(MESSAGE, later="ignored"))
    assert (chat.leaf, chat.draft, chat.entry.title) == ("", "", "t")
    assert chat.messages[0].id != "m"


def test_what_came_in_is_kept(store: ChatStore, tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text(json.dumps([{"messages": [SYSTEM, USER, REPLY]}, {"messages": [USER], "title": "Other"}]))
    first, second = store.import_(path)
    assert {entry.id for entry in store.entries()} == {first, second}
    chat = store.chat(first)
    assert chat is not None
    assert texts(chat) == BOTH
    assert store.import_(path) != (first, second)
    assert len(store.entries()) == 4


def test_half_characters_come_in_as_marks(store: ChatStore, tmp_path: Path) -> None:
    path = tmp_path / "in.json"
    path.write_text('[{"role": "user", "content": "a\\ud83d"}]')
    (chat_id,) = store.import_(path)
    chat = store.chat(chat_id)
    assert chat is not None
    assert chat.messages[0].text == "a\ufffd"
