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
    if isinstance(error, OSError):
        kind = _NUMBERS.get(error.errno or 0, "")
        return Trouble(kind, texts.why(error), hint_of(kind))
    kind = _kind_of(error)
    reason = reason_of(f"sqlite_{kind}") if kind else reason_of("sqlite_said", said=str(error))
    return Trouble(kind, reason, hint_of(kind))


def hint_of(kind: str) -> Reason:
    """What to do next about a kind of trouble."""
    return reason_of(f"sqlite_hint_{kind or 'any'}")


def _kind_of(error: sqlite3.Error) -> str:
    found = next((kind for kind, words in _SAID if words.search(str(error))), "")
    apart = isinstance(error, (sqlite3.OperationalError, sqlite3.IntegrityError, sqlite3.ProgrammingError))
    return found if found or apart or not isinstance(error, sqlite3.DatabaseError) else "damaged"
