"""Files for messages are read on a thread of their own: text in any encoding, code, Markdown, and PDF by pypdf."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base import texts
from helix_app.base.errors import HelixError, InputError
from helix_app.base.failures import failure
from helix_app.bridge.worker import thread_for
from helix_app.protocol.conversations.attachments import MOST_CHARACTERS, AttachmentFailed, AttachmentRead

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20  # of a file that is opened at all
STOP_MS = 3000  # how long the end waits for a file that is being read
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\x1b")


def read_attachment(path: Path, over: threading.Event) -> AttachmentRead:
    """The text of a file; of a PDF, no page is read any more once it is ``over``.

    Raises:
        HelixError: it cannot be opened, is too large, holds no text, or is damaged.
    """
    try:
        size = path.stat().st_size
        if path.is_dir():
            raise InputError("attachment_folder", path=path)
        if size > MOST_BYTES:
            raise InputError(
                "attachment_large", path=path, size=f"{size / 2**20:.0f} MB", most=f"{MOST_BYTES >> 20} MB"
            )
        data = path.read_bytes()
    except OSError as error:
        raise InputError("attachment_unreadable", path=path, reason=texts.why(error)) from error
    text, pages = _pdf(path, over) if data.startswith(b"%PDF-") else (_plain(path, data), 0)
    if not text.strip():
        raise InputError("attachment_scanned" if pages else "attachment_empty", path=path)
    return AttachmentRead(path.name, text[:MOST_CHARACTERS], pages, max(0, len(text) - MOST_CHARACTERS))


def _plain(path: Path, data: bytes) -> str:
    try:
        text, _encoding = texts.decode(data)
    except ValueError as error:
        raise InputError("attachment_binary", path=path) from error
    if "\0" in text or sum(c in _CONTROLS for c in text[:4096]) > 8:
        raise InputError("attachment_binary", path=path)
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _pdf(path: Path, over: threading.Event) -> tuple[str, int]:
    """Text of all pages, an empty line between them, and how many there are."""
    from pypdf import PdfReader  # not before the first PDF

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it tells every oddity of a file
    try:
        reader = PdfReader(str(path))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError("attachment_locked", path=path)
        parts = [page.extract_text() for page in reader.pages if not over.is_set()]
    except HelixError:
        raise
    except Exception as error:  # a damaged file can raise anything
        log.info("a PDF could not be read", exc_info=True)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise InputError("attachment_damaged", path=path, reason=reason) from error
    return "\n\n".join(part.strip() for part in parts if part.strip()), len(parts)


class _Reader(QObject):
    """Signals: told(list of AttachmentRead or AttachmentFailed)."""

    told = Signal(list)

    def __init__(self) -> None:
        super().__init__()
        self.over = threading.Event()  # nothing is to be read any more

    @Slot(str)
    def read(self, path: str) -> None:
        """Read a file. Never raises."""
        if self.over.is_set():
            return
        news: AttachmentRead | AttachmentFailed
        try:
            news = read_attachment(Path(path), self.over)
        except Exception as error:
            news = AttachmentFailed(failure(error))
        if not self.over.is_set():  # else it may be a part of it
            self.told.emit([news])


class Attachments(QObject):
    """Reads files for a window, one after the other, on a thread that begins with the first of them.

    Attributes:
        thread_: where they are read.

    Signals:
        news(list): AttachmentRead or AttachmentFailed.
    """

    news = Signal(list)
    _asked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._reader = _Reader()
        self.thread_ = thread_for(self._reader, "helix-attachments")
        self._stopped: bool | None = None
        self._asked.connect(self._reader.read)
        self._reader.told.connect(self.news)

    @Slot(str)
    def ask(self, path: str) -> None:
        """Read a file; ``news`` tells what came of it."""
        if self._stopped is None:
            if not self.thread_.isRunning():
                self.thread_.start()
            self._asked.emit(path)

    @Slot()
    def shutdown(self) -> bool:
        """Give up the file that is being read and end the thread; False when it would not end. May be called twice."""
        if self._stopped is None:
            self._reader.over.set()
            self.thread_.quit()
            self._stopped = self.thread_.wait(STOP_MS)
        return self._stopped
