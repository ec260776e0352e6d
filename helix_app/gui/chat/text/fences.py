"""The code blocks of a text that is no Markdown otherwise: a person's own message."""

from __future__ import annotations

import re

from helix_app.gui.chat.text.units import Unit

_OPENING = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})[ \t]*(\S*)")


def fenced(text: str) -> list[Unit]:
    """Text and code units in turn, the text as it stands. A block without an end goes on to the last line."""
    out: list[Unit] = []
    mark, language = "", ""
    lines: list[str] = []
    for line in text.split("\n"):
        opening = None if mark else _OPENING.match(line)
        bare = line.strip()
        if opening is not None:
            _add(out, lines)
            mark, language, lines = opening.group(1), opening.group(2), []
        elif mark and len(bare) >= len(mark) and bare == mark[0] * len(bare):
            out.append(Unit("code", body="\n".join(lines), language=language))
            mark, lines = "", []
        else:
            lines.append(line)
    if mark:
        out.append(Unit("code", body="\n".join(lines), language=language))
    else:
        _add(out, lines)
    return out if any(unit.kind == "code" for unit in out) else [Unit("text", body=text)]


def _add(out: list[Unit], lines: list[str]) -> None:
    body = "\n".join(lines).strip("\n")  # beside code there is room enough
    if body.strip():
        out.append(Unit("text", body=body))
