"""Texts that are sent to others: without the person's home folder, and without what was written in conversations."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterable
from pathlib import Path

from helix_app.base.process import paths

LEFT_OUT = "(left out: text of a conversation)"
_RUN = 20  # characters that a line has in common with a conversation before it counts as a part of it
_SHORT = 8  # characters of a whole message that are no accident in a line
_FILE = re.compile(r'File "(?:[^"\n]*[\\/])?([^"\\/\n]+)"')  # of a traceback
_KIND = re.compile(r"[A-Za-z_][\w.]*(:|$)")
_HEAD = "Traceback (most recent call last):"
_CHAINED = ("During handling of the above exception", "The above exception was the direct cause")


def without_person(text: str) -> str:
    """The text without the home folder, the person's name in paths, and the folders of files in tracebacks."""
    home = os.path.normpath(paths.home())
    if len(home) > 1:
        flags = re.IGNORECASE if os.name == "nt" else 0
        pattern = re.escape(home).replace(re.escape("\\"), r"[\\/]+")
        text = re.sub(pattern + r"(?![\w.-])", "~", text, flags=flags)
    for name in _names():
        text = re.sub(rf"(?<=[\\/]){re.escape(name)}(?![\w.-])", "person", text, flags=re.IGNORECASE)
    return _FILE.sub(r'File "\1"', text)


def bare_trace(trace: str) -> str:
    """A traceback without what its exceptions say, which may be a piece of a conversation: types and lines are left."""
    kept: list[str] = []
    inside = False  # among frames, not in what an exception says
    for line in trace.splitlines():
        if line.strip() == _HEAD or line.startswith(_CHAINED):
            inside = line.strip() == _HEAD
            kept.append(line.strip())
        elif inside and line.startswith((" ", "\t")):
            kept.append(line)
        elif inside and line.strip():
            kept.append(line.partition(":")[0] if _KIND.match(line) else "(an error)")
            inside = False
    return without_person("\n".join(kept))


def without_texts(lines: Iterable[str], texts: Iterable[str]) -> list[str]:
    """The lines, without those that share a run of characters with one of these texts."""
    known: set[str] = set()
    short: set[str] = set()
    for text in set(map(_plain, texts)):
        known.update(text[start : start + _RUN] for start in range(len(text) - _RUN + 1))
        short |= {text} if _SHORT <= len(text) < _RUN else set()
    kept = []
    for line in lines:
        plain = _plain(line)
        shared = any(plain[start : start + _RUN] in known for start in range(len(plain) - _RUN + 1))
        shared = shared or any(text in plain for text in short)
        kept.append(LEFT_OUT if shared else line)
    return kept


def _plain(text: str) -> str:
    r"""With one space for any white space, a ``\n`` that stands in a quoted text included."""
    return " ".join(text.replace("\\n", " ").split())


def _names() -> tuple[str, ...]:
    """What the person is called in names of folders."""
    found = {Path(paths.home()).name}
    try:
        found.add(getpass.getuser())
    except (KeyError, OSError, ImportError):  # nobody knows
        pass
    return tuple(sorted(name for name in found if len(name) > 1))
