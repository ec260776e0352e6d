"""What the system says is English, whatever the language of the computer."""

from __future__ import annotations

import errno
import socket
import ssl

import pytest

from helix_app.base import texts
from helix_app.base.message_texts.system import said


def test_the_words_are_those_of_the_number() -> None:
    assert (
        said(OSError(errno.ENOSPC, "Auf dem Gerät ist kein Speicherplatz mehr verfügbar")) == "No space left on device"
    )
    assert said(OSError(12345, "something else")) == "something else"
    assert said(OSError("no number")) == ""
    assert texts.why(OSError("no number")) == "no number"


@pytest.mark.parametrize("kind", [ssl.SSLError, ssl.SSLCertVerificationError, socket.gaierror, socket.herror])
def test_numbers_that_are_no_errno_keep_their_words(kind: type[OSError]) -> None:
    assert said(kind(1, "wrong version number")) == "wrong version number"


def test_windows_says_more() -> None:
    used = PermissionError(errno.EACCES, "another process uses the file")
    assert said(used) == "Permission denied"
    used.winerror = 32  # type: ignore[attr-defined]
    assert said(used) == "another process uses the file"
