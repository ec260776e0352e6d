"""Files for a message: chosen, dropped, pasted; their text goes out under their name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog

from helix_app.gui.chat.composing.attachments import Chip, ComingChip
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead
from helix_app.protocol.conversations.chats import ChangeChat
from helix_app.protocol.events import Failed
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.gui.settling import settle


def test_files_that_are_dropped_are_read_and_go_out_before_what_is_typed(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    asked = record(window.read_requested)
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/notes.md"), QUrl("https://example.org/x"), QUrl.fromLocalFile("/tmp/b.py")])
    assert composer.editor.canInsertFromMimeData(data)
    composer.editor.insertFromMimeData(data)
    assert [Path(path).name for path in asked] == ["notes.md", "b.py"]
    assert composer.text() == ""
    window.on_event(AttachmentRead("notes.md", "# Notes"))
    (chip,) = composer.findChildren(Chip)
    assert chip.label.text() == "notes.md, 7 characters"
    window.on_event(AttachmentRead("b.py", "b = 1"))
    request = chat.ask("Summarise.")
    assert request.messages[-1].content == "```notes.md\n# Notes\n```\n\n```b.py\nb = 1\n```\n\nSummarise."


def test_files_are_chosen(chat: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = record(chat.window.read_requested)
    files = [str(tmp_path / "a.txt"), str(tmp_path / "b.txt")]
    chosen = [files, []]
    monkeypatch.setattr(QFileDialog, "getOpenFileNames", staticmethod(lambda *_args: (chosen.pop(0), "")))
    chat.window.chat.composer.clip.click()
    chat.window.actions_.attach.trigger()  # the person changes their mind
    assert asked == files


def test_what_cannot_be_read_or_not_all_is_said(chat: Driver) -> None:
    page = chat.window.chat
    chat.window.on_event(AttachmentFailed(Failed("attachment_binary", fields=(("path", "/tmp/x.bin"),))))
    assert page.error.sentence.text().startswith("/tmp/x.bin holds no text")
    chat.window.on_event(AttachmentRead("long.txt", "x" * 400_000, 0, 1234))
    assert page.notices.sentences() == [
        "Of long.txt, the first 400,000 characters were taken, and 1,234 were left out. "
        "Attach a part of the file to send other pages."
    ]


def coming(window: MainWindow) -> list[str]:
    """What is said of files that are being read."""
    settle()
    return [chip.label.text() for chip in window.chat.composer.findChildren(ComingChip) if chip.isVisible()]


def press_enter(window: MainWindow) -> None:
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Return)


def test_a_file_that_is_being_read_is_shown_and_waited_for(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    window.chat.attaching.read(["/tmp/report.pdf", "/tmp/notes.md"])
    assert coming(window) == ["Reading report.pdf…", "Reading notes.md…"]
    composer.editor.setPlainText("Summarise.")
    press_enter(window)
    assert not chat.requests
    assert coming(window)[0] == "Reading report.pdf, then sending…"
    window.on_event(AttachmentRead("report.pdf", "Figures"))
    assert not chat.requests
    window.on_event(AttachmentRead("notes.md", "# Notes"))
    (request,) = chat.requests
    assert request.messages[-1].content == "```report.pdf\nFigures\n```\n\n```notes.md\n# Notes\n```\n\nSummarise."
    assert coming(window) == []


def test_typing_on_or_a_file_that_fails_keeps_the_message_here(chat: Driver) -> None:
    window = chat.window
    window.chat.attaching.read(["/tmp/a.md", "/tmp/b.bin"])
    press_enter(window)
    QTest.keyClicks(window.chat.composer.editor, "More")
    assert coming(window)[0] == "Reading a.md…"
    window.on_event(AttachmentRead("a.md", "A"))
    press_enter(window)
    window.on_event(AttachmentFailed(Failed("attachment_binary", fields=(("path", "/tmp/b.bin"),))))
    assert not chat.requests
    assert window.chat.composer.text() == "```a.md\nA\n```\n\nMore"
    assert window.chat.error.isVisible()


def test_a_file_that_is_not_wanted_any_more_goes_nowhere(chat: Driver) -> None:
    window = chat.window
    window.chat.attaching.read(["/tmp/a.md", "/tmp/b.md"])
    first = window.chat.composer.findChildren(ComingChip)[0]
    first.remove.click()
    window.on_event(AttachmentRead("a.md", "A"))
    window.on_event(AttachmentRead("b.md", "B"))
    assert window.chat.composer.text() == "```b.md\nB\n```"
    window.chat.composer.clear()
    window.chat.attaching.read(["/tmp/c.md"])
    window.chat.composer.show_text("of another conversation")
    window.on_event(AttachmentRead("c.md", "C"))
    assert window.chat.composer.text() == "of another conversation"


def test_many_files_stand_in_lines_and_a_long_name_is_cut(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    for number in range(9):
        window.on_event(AttachmentRead(f"{number} {'long name ' * 20}.md", "x"))
    settle()
    chips = composer.findChildren(Chip)
    assert all(chip.geometry().right() <= composer.width() for chip in chips)
    assert len({chip.y() for chip in chips}) > 1
    assert "…" in chips[0].label.text()
    assert chips[0].toolTip().startswith("0 long name long name")


def test_every_file_that_cannot_be_read_is_named(chat: Driver) -> None:
    window, error = chat.window, chat.window.chat.error

    def fail(path: str) -> None:
        window.on_event(AttachmentFailed(Failed("attachment_empty", fields=(("path", path),))))

    window.chat.attaching.read(["/tmp/a", "/tmp/b", "/tmp/c"])
    for path in ("/tmp/a", "/tmp/b", "/tmp/b"):
        fail(path)
    assert [line.partition(" ")[0] for line in error.sentence.text().split("\n")] == ["/tmp/a", "/tmp/b"]
    window.chat.attaching.read(["/tmp/d"])
    fail("/tmp/d")
    assert error.sentence.text().startswith("/tmp/d is empty")
    window.chat.attaching.read(["/tmp/e", "/tmp/f"])
    fail("/tmp/e")
    error.dismissed.emit()
    fail("/tmp/f")
    assert error.isVisible()
    assert error.sentence.text().startswith("/tmp/f")


def test_a_message_that_waits_for_the_reply_waits_for_its_file_too(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    chat.ask("First?")
    composer.editor.setPlainText("Summarise.")
    press_enter(window)
    window.chat.attaching.read(["/tmp/notes.md"])
    chat.finish("So.")
    assert len(chat.requests) == 1
    assert coming(window) == ["Reading notes.md, then sending…"]
    window.on_event(AttachmentRead("notes.md", "# Notes"))
    assert chat.requests[-1].messages[-1].content == "```notes.md\n# Notes\n```\n\nSummarise."


def test_a_file_goes_into_the_draft_that_was_left_while_it_was_read(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    one = made_chat("one", question("q", "", "Why?"), answer("a", "q", "So."))
    store = FakeStore(window, one, made_chat("two", question("p", "", "How?")))
    window.book.open("one")
    composer.editor.setPlainText("Summarise.")
    window.chat.attaching.read(["/tmp/a.md", "/tmp/b.md", "/tmp/bad", "/tmp/c.md"])
    press_enter(window)
    window.on_event(AttachmentRead("a.md", "A"))
    window.book.open("two")
    assert (composer.text(), coming(window)) == ("", [])
    window.on_event(AttachmentRead("b.md", "B"))
    assert composer.text() == ""
    kept = "```a.md\nA\n```\n\n```b.md\nB\n```\n\nSummarise."
    assert store.of(ChangeChat)[-1] == ChangeChat("one", draft=kept)
    store.chats["one"] = replace(one, draft=kept)
    window.on_event(AttachmentFailed(Failed("attachment_binary", fields=(("path", "/tmp/bad"),))))
    assert window.chat.error.sentence.text().startswith("/tmp/bad")
    window.book.open("one")
    assert coming(window) == ["Reading c.md…"]
    window.on_event(AttachmentRead("c.md", "C"))
    assert composer.text().endswith("```b.md\nB\n```\n\n```c.md\nC\n```\n\nSummarise.")
    assert not chat.requests


def test_a_file_that_is_not_wanted_any_more_says_nothing_and_keeps_no_other_from_being_sent(chat: Driver) -> None:
    window, composer = chat.window, chat.window.chat.composer
    window.chat.attaching.read(["/tmp/bad", "/tmp/long.txt", "/tmp/b.md"])
    for chip in composer.findChildren(ComingChip)[:2]:
        chip.remove.click()
    press_enter(window)
    window.on_event(AttachmentFailed(Failed("attachment_binary", fields=(("path", "/tmp/bad"),))))
    window.on_event(AttachmentRead("long.txt", "x", 0, 1234))
    assert not window.chat.error.isVisible()
    assert window.chat.notices.sentences() == []
    window.on_event(AttachmentRead("b.md", "B"))
    assert [request.messages[-1].content for request in chat.requests] == ["```b.md\nB\n```"]


def test_up_does_not_throw_away_a_file_that_is_being_read(chat: Driver) -> None:
    window = chat.window
    chat.ask("First?")
    chat.finish("So.")
    window.chat.attaching.read(["/tmp/a.md"])
    QTest.keyClick(window.chat.composer.editor, Qt.Key.Key_Up)
    assert coming(window) == ["Reading a.md…"]
    window.on_event(AttachmentRead("a.md", "A"))
    assert window.chat.composer.text() == "```a.md\nA\n```"


def test_another_place_of_the_conversation_leaves_the_message_as_it_stands(chat: Driver) -> None:
    window = chat.window
    FakeStore(window, made_chat("one", question("q", "", "Why?"), answer("a", "q", "So.")))
    window.book.open("one")
    window.chat.attaching.read(["/tmp/a.md"])
    QTest.keyClicks(window.chat.composer.editor, "Half a")
    window.book.open("one", "q")
    assert coming(window) == ["Reading a.md…"]
    window.on_event(AttachmentRead("a.md", "A"))
    assert window.chat.composer.text() == "```a.md\nA\n```\n\nHalf a"


def test_a_first_message_that_comes_back_leaves_the_files_of_the_next_one(chat: Driver) -> None:
    window = chat.window
    request = chat.ask("Why?")
    window.chat.attaching.read(["/tmp/a.md"])
    window.on_event(Failed("prompt_too_long", "", (("tokens", "9"), ("limit", "8")), request.request_id))
    assert window.chat.is_empty
    assert coming(window) == ["Reading a.md…"]
    window.on_event(AttachmentRead("a.md", "A"))
    assert window.chat.composer.text() == "```a.md\nA\n```\n\nWhy?"
