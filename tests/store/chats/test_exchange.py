"""Files of conversations: what is in them, and that they are whole or not there."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from helix_app.base.errors import HelixError
from helix_app.protocol.conversations.chats import ChangeChat, Chat, ChatFormat, CreateChat, ExportChats
from helix_app.store.chats import exchange
from helix_app.store.chats.store import ChatStore
from tests.store.chats.instruments import made

CHAT = replace(
    made.chat(
        "a",
        made.message("q", "question"),
        made.message("a1", "an answer that is not shown", "q", "assistant"),
        made.message("a2", "the answer", "q", "assistant", "stopped"),
        title="Title",
        named=True,
        pinned=True,
        folder="f",
    ),
    settings='{"system_prompt": "Be brief.", "temperature": 0.5}',
    draft="not sent",
)


def written(tmp_path: Path, form: ChatFormat, *chats: Chat) -> str:
    path = tmp_path / f"é.{form}"
    exchange.write(path, form, chats)
    assert [found.name for found in tmp_path.iterdir()] == [path.name]
    return path.read_bytes().decode("utf-8")


def test_our_own_form_has_everything(tmp_path: Path) -> None:
    value = json.loads(written(tmp_path, "json", CHAT))
    assert (value["format"], value["version"], len(value["chats"])) == ("helix-chats", 1, 1)
    (chat,) = value["chats"]
    assert set(chat) == {"entry", "messages", "leaf", "draft", "settings"}
    assert chat["entry"]["title"] == "Title"
    assert [one["id"] for one in chat["messages"]] == ["q", "a1", "a2"]
    assert chat["messages"][2] == {
        "id": "a2",
        "parent": "q",
        "role": "assistant",
        "text": "the answer",
        "created": made.at(0),
        "state": "stopped",
        "model": "Tiny",
        "details": "",
    }


def test_openai_s_form_has_what_is_shown(tmp_path: Path) -> None:
    other = made.talk("b", "é🙂")
    assert json.loads(written(tmp_path, "openai", CHAT, other)) == [
        {
            "title": "Title",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "question"},
                {"role": "assistant", "content": "the answer"},
            ],
        },
        {"title": "", "messages": [{"role": "user", "content": "é🙂"}]},
    ]


@pytest.mark.parametrize("form", ["md", "html", "txt"])
def test_what_is_not_shown_is_in_no_document(tmp_path: Path, form: ChatFormat) -> None:
    text = written(tmp_path, form, CHAT)
    assert "the answer" in text
    assert "not shown" not in text


@pytest.mark.parametrize("settings", ["", "{}", "[]", "no json", '{"system_prompt": 3}', "[" * 100_000])
def test_settings_without_a_system_prompt(settings: str) -> None:
    assert exchange.system_prompt(settings) == ""


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old " * 10_000)
    exchange.write(path, "txt", [CHAT])
    assert "old" not in path.read_text()


def test_a_failure_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "x.txt"
    path.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(HelixError) as failed:
        exchange.write(path, "txt", [CHAT])
    assert failed.value.code == "chats_export_failed"
    assert failed.value.fields == {"path": str(path), "reason": "No space left on device"}
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(HelixError) as failed:
        exchange.write(tmp_path / "no" / "x.md", "md", [CHAT])
    assert failed.value.code == "chats_export_failed"


def test_those_that_are_asked_for_or_all(store: ChatStore, tmp_path: Path) -> None:
    for second, name in enumerate("abc"):
        store.apply(CreateChat(made.talk(name, f"question {name}", second=second)))
    store.apply(ChangeChat("c", deleted=True))
    path = tmp_path / "x.json"

    def titles() -> list[str]:
        return [chat["title"] for chat in json.loads(path.read_text())]

    assert store.export(ExportChats(str(path), "openai")) == 2
    assert titles() == ["question b", "question a"]
    assert store.export(ExportChats(str(path), "openai", ("a", "gone", "c"))) == 1
    assert titles() == ["question a"]
    with pytest.raises(HelixError) as failed:
        store.export(ExportChats(str(path), "openai", ("gone", "c")))
    assert failed.value.code == "chat_gone"
    assert titles() == ["question a"]


def test_a_template_and_a_policy_come_back_with_their_conversation(tmp_path: Path) -> None:
    settings = json.dumps({"on_full": "drop_oldest", "template": "{{ messages[0] }}\n"})
    path = tmp_path / "chats.json"
    exchange.write(path, "json", [replace(CHAT, settings=settings)])
    with_store = ChatStore(tmp_path / "chats.db")
    (chat_id,) = with_store.import_(path)
    chat = with_store.chat(chat_id)
    assert chat is not None
    assert chat.settings == settings
    with_store.close()
