"""The chat with its conversations beside it: room, undo, files, and what is remembered."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import (
    ChatsExported,
    ChatsImported,
    ExportChats,
    ImportChats,
    ListChats,
    OpenChat,
    OpenUnsent,
)
from tests.gui.chats.made_chats import FakeStore, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.settling import settle


def test_the_list_is_shown_where_there_is_room(window: MainWindow) -> None:
    window.live.close()
    window.resize(1280, 800)
    settle()
    assert window.chats.list_shown
    window.resize(700, 700)
    settle()
    assert not window.chats.list_shown
    assert not window.actions_.chats.isChecked()
    window.actions_.chats.trigger()  # it is wanted all the same
    assert window.chats.list_shown
    window.resize(1280, 800)
    settle()
    window.actions_.chats.trigger()
    assert not window.chats.list_shown
    assert not window.settings.sidebar


def test_it_stays_hidden_in_the_next_window(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(sidebar=False)
    assert not window.chats.list_shown
    assert not window.actions_.chats.isChecked()


def test_the_window_begins_with_what_was_shown_last(make_window: Callable[..., MainWindow], window: MainWindow) -> None:
    store = FakeStore(window, made_chat("c", question("q", "", "Why?")))
    window.book.open("c")
    assert window.settings.last_chat == "c"
    window.chat.new_chat()
    assert window.settings.last_chat == ""
    assert store.asked
    second = make_window(last_chat="c")
    asked = FakeStore(second, made_chat("c", question("q", "", "Why?")))
    second.start()
    assert asked.asked == [ListChats(), OpenChat("c"), OpenUnsent()]
    assert second.book.current.id == "c"


def test_a_deleted_conversation_comes_back(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?")))
    window.book.open("c")
    window.actions_.delete.trigger()
    assert window.chat.is_empty
    assert window.chats.undo.isVisible()
    assert window.chats.undo.label.whole() == "Deleted “Chat c”"
    window.actions_.undo.trigger()
    assert window.book.current.id == "c"
    assert not window.chats.undo.isVisible()  # it would bring back something else now, or nothing


def test_it_is_said_how_many_were_deleted(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?")), made_chat("d", question("p", "", "How?")))
    window.book.delete("c", "d")
    assert window.chats.undo.label.whole() == "2 conversations deleted"
    assert window.actions_.undo.isEnabled()


def test_undoing_is_offered_while_something_was_deleted(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?")))
    window.book.open("c")
    assert not window.actions_.undo.isEnabled()
    window.actions_.delete.trigger()
    assert window.actions_.undo.isEnabled()
    window.actions_.undo.trigger()
    assert not window.actions_.undo.isEnabled()


def test_searching_and_renaming_by_keyboard(window: MainWindow) -> None:
    FakeStore(window, made_chat("c", question("q", "", "Why?")))
    window.book.open("c")
    window.chats.show_list(False)
    window.actions_.rename.trigger()
    assert window.chats.list_shown
    assert window.chats.sidebar.list.state() == window.chats.sidebar.list.State.EditingState
    window.chats.show_list(False)
    window.actions_.search.trigger()
    assert window.chats.list_shown
    window.chats.sidebar.left.emit()


@pytest.mark.parametrize(
    ("name", "kind", "path", "written"),
    [
        ("out", 0, "out.json", "json"),
        ("out.json", 1, "out.json", "openai"),
        ("out", 2, "out.md", "md"),
        ("out.html", 0, "out.html", "html"),
        ("out.txt", 4, "out.txt", "txt"),
        ("out.data", 3, "out.data", "html"),
    ],
)
def test_the_name_and_the_kind_say_what_is_written(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, kind: int, path: str, written: str
) -> None:
    store = FakeStore(window, made_chat("c", question("q", "", "Why?")))

    def choose(_parent: object, _title: str, _start: str, kinds: str) -> tuple[str, str]:
        return str(tmp_path / name), kinds.split(";;")[kind]

    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(choose))
    window.chats.export(("c",))
    assert store.asked == [ExportChats(str(tmp_path / path), written, ("c",))]  # type: ignore[arg-type]


def test_files_come_and_go(window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    store = FakeStore(window, made_chat("c", question("q", "", "Why?")))
    chosen = [("", ""), (str(tmp_path / "in.json"), "")]
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args: ("", "")))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(lambda *_args: chosen.pop(0)))
    window.chats.export(())
    window.chats.import_()
    assert store.asked == []  # the person changed their mind
    window.chats.import_()
    assert store.asked == [ImportChats(str(tmp_path / "in.json"))]
    window.on_event(ChatsImported(("c", "d")))
    assert window.book.current.id == "c"
    assert window.status.currentMessage() == "2 conversations were imported"
    window.on_event(ChatsExported(str(tmp_path / "out.md"), 1))
    assert window.status.currentMessage() == "1 conversation was exported to out.md"


def test_what_is_typed_is_kept_when_the_window_closes(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window, made_chat("c", question("q", "", "Why?")))
    window.book.open("c")
    chat.window.chat.composer.editor.setPlainText("not sent yet")
    window.close()
    assert store.changes("draft") == ["not sent yet"]
