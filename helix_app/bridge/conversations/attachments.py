"""Files for messages are read on a thread of their own: text in any encoding, code, Markdown, and PDF by pypdf."""

from __future__ import annotations

import logging
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from helix_app.base import texts
from helix_app.base.errors import HelixError, InputError
from helix_app.base.failures import failure
from helix_app.bridge.worker import OwnThread
from helix_app.protocol.conversations.attachments import MOST_CHARACTERS, AttachmentFailed, AttachmentRead

log = logging.getLogger(__name__)

MOST_BYTES = 64 * 2**20  # of a file that is opened at all
_CONTROLS = frozenset(map(chr, range(32))) - frozenset("\t\n\r\f\x1b")


def read_attachment(path: Path) -> AttachmentRead:
    """The text of a file.

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
    text, pages = _pdf(path) if data.startswith(b"%PDF-") else (_plain(path, data), 0)
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


def _pdf(path: Path) -> tuple[str, int]:
    """Text of all pages, an empty line between them, and how many there are."""
    from pypdf import PdfReader  # not before the first PDF

    logging.getLogger("pypdf").setLevel(logging.ERROR)  # it tells every oddity of a file
    try:
        reader = PdfReader(str(path))
        if reader.is_encrypted and not reader.decrypt(""):
            raise InputError("attachment_locked", path=path)
        parts = [page.extract_text() for page in reader.pages]
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

    @Slot(str)
    def read(self, path: str) -> None:
        """Read a file. Never raises."""
        try:
            self.told.emit([read_attachment(Path(path))])
        except Exception as error:
            self.told.emit([AttachmentFailed(failure(error))])


class Attachments(OwnThread):
    """Reads files for a window, one after the other.

    Signals:
        news(list): AttachmentRead or AttachmentFailed.
    """

    news = Signal(list)
    _asked = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        reader = _Reader()
        super().__init__(reader, "helix-attachments", parent)
        self._reader = reader
        self._asked.connect(self._reader.read)
        self._reader.told.connect(self.news)

    @Slot(str)
    def ask(self, path: str) -> None:
        """Read a file; ``news`` tells what came of it."""
        if self._begin():
            self._asked.emit(path)
