"""Why a file of SQLite cannot be read or written, and what helps: codes, in place of SQLite's own English.

SQLite's sentences for its result codes are fixed (https://www.sqlite.org/rescode.html), while Python tells the codes
themselves only from 3.11 on.
"""

from __future__ import annotations

import errno
import re
import sqlite3
from dataclasses import dataclass

from helix_app.base import texts
from helix_app.base.message_texts.reasons import Reason, reason_of

_SAID = (  # by SQLite, or that Helix says of what it found in a file
    ("full", re.compile(r"disk is full")),
    ("readonly", re.compile(r"readonly database|access permission denied|authorization denied")),
    ("locked", re.compile(r"is locked|locking protocol")),
    ("closed", re.compile(r"unable to open database")),
    ("faulty", re.compile(r"disk I/O error")),
    (
        "damaged",
        re.compile(r"malformed|not a database|no such (table|column)|vtable constructor failed|fts5|Could not"),
    ),
)
_NUMBERS = {
    errno.ENOSPC: "full",
    errno.EROFS: "readonly",
    errno.EACCES: "readonly",
    errno.EPERM: "readonly",
    errno.EIO: "faulty",
    **({errno.EDQUOT: "full"} if hasattr(errno, "EDQUOT") else {}),
}
_IN_USE = (32, 33)  # of Windows: another program has the file open, or a part of it locked; their errno is EACCES


_TOLD = {
    "full": (reason_of("sqlite_full"), reason_of("sqlite_hint_full")),
    "readonly": (reason_of("sqlite_readonly"), reason_of("sqlite_hint_readonly")),
    "locked": (reason_of("sqlite_locked"), reason_of("sqlite_hint_locked")),
    "closed": (reason_of("sqlite_closed"), reason_of("sqlite_hint_closed")),
    "faulty": (reason_of("sqlite_faulty"), reason_of("sqlite_hint_faulty")),
    "damaged": (reason_of("sqlite_damaged"), reason_of("sqlite_hint_damaged")),
}


@dataclass(frozen=True)
class Trouble:
    """What is told of a failure.

    Attributes:
        kind: ``full``, ``readonly``, ``locked``, ``closed``, ``faulty`` or ``damaged``; empty for any other.
        reason, hint: why, and what to do next.
    """

    kind: str
    reason: str
    hint: Reason


def trouble_of(error: OSError | sqlite3.Error) -> Trouble:
    """What is told of an error of SQLite or of the system."""
    kind = _kind_of_number(error) if isinstance(error, OSError) else _kind_of(error)
    if not kind:
        reason = texts.why(error) if isinstance(error, OSError) else reason_of("sqlite_said", said=error)
        return Trouble(kind, reason, reason_of("sqlite_hint_any"))
    reason, hint = _TOLD[kind]
    return Trouble(kind, texts.why(error) if isinstance(error, OSError) else reason, hint)


def _kind_of_number(error: OSError) -> str:
    return "locked" if getattr(error, "winerror", None) in _IN_USE else _NUMBERS.get(error.errno or 0, "")


def _kind_of(error: sqlite3.Error) -> str:
    found = next((kind for kind, words in _SAID if words.search(str(error))), "")
    apart = isinstance(error, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError))
    return found if found or apart or not isinstance(error, sqlite3.DatabaseError) else "damaged"
