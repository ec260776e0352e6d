"""What a window asks about this computer and this program."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Union


@dataclass(frozen=True)
class ReportAsked:
    """What is to be known of this computer and of the last lines of the logs, for a report of a fault."""


@dataclass(frozen=True)
class ReportMade:
    """That, as lines of plain text without the person's home folder."""

    text: str


@dataclass(frozen=True)
class RedactAsked:
    """Take out of the lines of a report what names the person, and what stands in texts of conversations.

    Attributes:
        number: of this question; its answer has the same.
    """

    number: int
    lines: tuple[str, ...] = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Redacted:
    """What is left of them."""

    number: int
    text: str


@dataclass(frozen=True)
class MachineAsked:
    """What does this computer have, and how fast is the memory of this device (``cpu``, ``cuda:0``, ``directml:1``)?"""

    device: str = "cpu"


@dataclass(frozen=True)
class MachineMeasured:
    """What this computer has, and what was measured of it.

    Attributes:
        device: as it was asked for.
        memory_bytes: of main memory; None where the system does not say.
        processor: its name.
        cores: logical ones.
        cards: names of graphics cards that the system knows, with their memory where that is known.
        slowest, fastest: bytes a second that were read from the device's memory, of several passes; None where they
            could not be measured.
    """

    device: str
    memory_bytes: int | None
    processor: str
    cores: int
    cards: tuple[tuple[str, int | None], ...] = ()
    slowest: float | None = None
    fastest: float | None = None


@dataclass(frozen=True)
class UpdateAsked:
    """Is there a newer Helix? Asked of the releases page, if the person wants that, at most once a day."""


UpdateState = Literal["off", "no_address", "unknown", "newest", "newer"]


@dataclass(frozen=True)
class UpdateKnown:
    """What is known of newer versions.

    Attributes:
        state: ``off`` by the setting; ``no_address``: this Helix knows no releases page; ``unknown``: nobody could be
            asked yet; ``newest``: this is the newest one; ``newer``: there is a newer one.
        version: the newest, where it is known.
        page: its address in the web; empty where none was told.
        looked: when that was told, in seconds since 1970; None where nothing was.
    """

    state: UpdateState
    version: str = ""
    page: str = ""
    looked: float | None = None


Inquiry = Union[ReportAsked, RedactAsked, MachineAsked, UpdateAsked]
Answer = Union[ReportMade, Redacted, MachineMeasured, UpdateKnown]
