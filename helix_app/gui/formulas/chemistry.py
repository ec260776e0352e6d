r"""The notation of chemists, ``\ce{2H2 + O2 -> 2H2O}``, in plain LaTeX: its common part."""

from __future__ import annotations

import re

_ARROWS = {
    "<=>": r" \rightleftharpoons ",
    "<->": r" \leftrightarrow ",
    "->": r" \rightarrow ",
    "<-": r" \leftarrow ",
}
_TOKEN = re.compile(
    r"(?P<arrow><=>|<->|->|<-)"
    r"|\^\{(?P<charge>[^{}]*)\}|\^(?P<sign>\d*[+-]|\d+)|(?<=[A-Za-z)\]\d])(?P<ion>[+-])(?=[\s)\]]|$)"
    r"|_\{(?P<low>[^{}]*)\}|_(?P<digit>\d+)|(?<=[A-Za-z)\]])(?P<count>\d+)"
    r"|\((?P<state>s|l|g|aq)\)|(?P<word>[A-Za-z]+)|(?P<number>\d+)|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_CE = re.compile(r"\\ce\s*\{((?:[^{}]|\{[^{}]*\})*)\}")


def plain(latex: str) -> str:
    """LaTeX in which every ``\\ce`` is written out."""
    return _CE.sub(lambda found: "{" + _reaction(found.group(1)) + "}", latex)


def _reaction(text: str) -> str:
    return "".join(_written(found) for found in _TOKEN.finditer(text))


def _written(found: re.Match[str]) -> str:
    kind, part = found.lastgroup, found.group(found.lastgroup or 0)
    if kind == "arrow":
        return _ARROWS[part]
    if kind in ("charge", "sign", "ion"):
        return f"^{{{part}}}"
    if kind in ("low", "digit", "count"):
        return f"_{{{part}}}"
    if kind == "state":
        return rf"\,\text{{({part})}}"
    if kind == "word":
        return rf"\mathrm{{{part}}}"
    if kind == "number":
        return rf"{part}\,"
    return " " if kind == "space" else part
