"""Files that a person puts into a message: read elsewhere, so that a large one never stops the window."""

from __future__ import annotations

from dataclasses import dataclass

from helix_app.protocol.events import Failed

MOST_CHARACTERS = 400_000  # of one file that are taken


@dataclass(frozen=True)
class AttachmentRead:
    """The text of a file.

    Attributes:
        name: of the file.
        text: as it goes into the message.
        pages: of a PDF; 0 for other files.
        left_out: characters of it that were not taken.
    """

    name: str
    text: str
    pages: int = 0
    left_out: int = 0


@dataclass(frozen=True)
class AttachmentFailed:
    """A file could not be read."""

    failed: Failed
