"""Files for a message: chosen, dropped, pasted; their text goes out under their name."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog

from helix_app.gui.chat.composing.attachments import Chip
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead
from helix_app.protocol.events import Failed
from tests.gui.driver import Driver
from tests.gui.fake import record


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
    request = chat.ask("Summarise.")
    assert request.messages[-1].content == "```notes.md\n# Notes\n```\n\nSummarise."


def test_a_file_is_chosen(chat: Driver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked = record(chat.window.read_requested)
    chosen = [str(tmp_path / "a.txt"), ""]
    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(lambda *_args: (chosen.pop(0), "")))
    chat.window.chat.composer.clip.click()
    chat.window.actions_.attach.trigger()  # the person changes their mind
    assert asked == [str(tmp_path / "a.txt")]


def test_what_cannot_be_read_or_not_all_is_said(chat: Driver) -> None:
    page = chat.window.chat
    chat.window.on_event(AttachmentFailed(Failed("attachment_binary", fields=(("path", "/tmp/x.bin"),))))
    assert page.error.sentence.text().startswith("/tmp/x.bin holds no text")
    chat.window.on_event(AttachmentRead("long.txt", "x" * 400_000, 0, 1234))
    assert page.notices.sentences() == [
        "Of long.txt, the first 400,000 characters were taken, and 1,234 were left out. "
        "Attach a part of the file to send other pages."
    ]
