"""Files for messages: what is read, what is refused and why, and all of it away from the window's thread."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from pypdf import PageObject, PdfWriter
from pypdf.generic import DecodedStreamObject, DictionaryObject, NameObject
from PySide6.QtCore import QCoreApplication, QThread
from pytestqt.qtbot import QtBot

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.bridge.conversations import attachments
from helix_app.bridge.conversations.attachments import Attachments, read_attachment
from helix_app.protocol.conversations.attachments import AttachmentFailed, AttachmentRead

GOES_ON = threading.Event()  # never set: somebody waits for what is read


def pdf(folder: Path, words: str = "Hello from a page", password: str = "") -> Path:
    """A PDF of one page with these words; none for a picture only."""
    writer = PdfWriter()
    page = writer.add_blank_page(300, 200)
    content = DecodedStreamObject()
    content.set_data((f"BT /F1 12 Tf 20 100 Td ({words}) Tj ET" if words else "0 0 10 10 re f").encode())
    font = {"/Type": NameObject("/Font"), "/Subtype": NameObject("/Type1"), "/BaseFont": NameObject("/Helvetica")}
    fonts = DictionaryObject({NameObject("/F1"): DictionaryObject({NameObject(k): v for k, v in font.items()})})
    page[NameObject("/Resources")] = DictionaryObject({NameObject("/Font"): fonts})
    page[NameObject("/Contents")] = writer._add_object(content)
    if password:
        writer.encrypt(password, algorithm="RC4-128")
    path = folder / "a.pdf"
    writer.write(path)
    return path


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"plain", "plain"),
        ("größe 你好 🙂".encode(), "größe 你好 🙂"),
        ("größe".encode("utf-16"), "größe"),
        (b"\xef\xbb\xbfmarked", "marked"),
        (b"gr\xf6\xdfe", "größe"),
        (b"one\r\ntwo\rthree", "one\ntwo\nthree"),
    ],
)
def test_text_in_any_encoding(tmp_path: Path, data: bytes, text: str) -> None:
    path = tmp_path / "notes.md"
    path.write_bytes(data)
    assert read_attachment(path, GOES_ON) == AttachmentRead("notes.md", text)


def test_a_pdf(tmp_path: Path) -> None:
    assert read_attachment(pdf(tmp_path), GOES_ON) == AttachmentRead("a.pdf", "Hello from a page", 1)


def test_what_does_not_fit_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attachments, "MOST_CHARACTERS", 10)
    path = tmp_path / "long.txt"
    path.write_text("0123456789abc")
    assert read_attachment(path, GOES_ON) == AttachmentRead("long.txt", "0123456789", 0, 3)


def refused(path: Path) -> HelixError:
    with pytest.raises(HelixError) as error:
        read_attachment(path, GOES_ON)
    sentence = messages.error_text(error.value.code, error.value.fields)
    assert "–" not in sentence  # every field is there
    return error.value


def test_what_is_refused_and_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {
        "attachment_empty": b" \n",
        "attachment_binary": bytes(range(256)) * 40,
        "attachment_damaged": b"%PDF-1.4 and then nothing of it",
    }
    for code, data in made.items():
        path = tmp_path / code
        path.write_bytes(data)
        assert refused(path).code == code
    assert refused(tmp_path).code == "attachment_folder"
    assert refused(tmp_path / "nowhere").code == "attachment_unreadable"
    assert refused(pdf(tmp_path, "")).code == "attachment_scanned"
    assert refused(pdf(tmp_path, password="secret")).code == "attachment_locked"
    monkeypatch.setattr(attachments, "MOST_BYTES", 3)
    assert refused(tmp_path / "attachment_damaged").code == "attachment_large"


def test_files_are_read_elsewhere_one_after_the_other(
    tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[object] = []
    threads: list[QThread] = []
    real = attachments.read_attachment

    def watched(path: Path, over: threading.Event) -> AttachmentRead:
        threads.append(QThread.currentThread())
        return real(path, over)

    monkeypatch.setattr(attachments, "read_attachment", watched)
    (tmp_path / "a.txt").write_text("text")
    reader = Attachments()
    reader.news.connect(told.extend)
    try:
        for name in ("a.txt", "nowhere", "a.txt"):
            reader.ask(str(tmp_path / name))
        qtbot.waitUntil(lambda: len(told) == 3)
    finally:
        assert reader.shutdown()
        assert reader.shutdown()
    assert [type(news) for news in told] == [AttachmentRead, AttachmentFailed, AttachmentRead]
    assert set(threads) == {reader.thread_}
    reader.ask(str(tmp_path / "a.txt"))  # it is over
    assert not reader.thread_.isRunning()


def test_the_end_reads_no_further_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    writer, over = PdfWriter(), threading.Event()
    read: list[PageObject] = []
    for _ in range(3):
        writer.add_blank_page(300, 200)
    writer.write(tmp_path / "a.pdf")

    def extract(page: PageObject) -> str:
        read.append(page)
        over.set()
        return "text"

    monkeypatch.setattr(PageObject, "extract_text", extract)
    read_attachment(tmp_path / "a.pdf", over)
    assert len(read) == 1


def test_the_end_does_not_wait_long(qapp: QCoreApplication, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    told: list[object] = []
    paths: list[Path] = []

    def stuck(path: Path, _over: threading.Event) -> AttachmentRead:
        paths.append(path)
        begun.set()
        goes_on.wait()
        return AttachmentRead(path.name, "text")

    monkeypatch.setattr(attachments, "read_attachment", stuck)
    monkeypatch.setattr(attachments, "STOP_MS", 1)
    reader = Attachments()
    reader.news.connect(told.extend)
    reader.ask("a")
    reader.ask("b")
    try:
        assert begun.wait(60)
        assert not reader.shutdown()
        assert not reader.shutdown()
    finally:
        goes_on.set()
    assert reader.thread_.wait(60_000)
    QCoreApplication.sendPostedEvents()
    assert (told, paths) == ([], [Path("a")])
