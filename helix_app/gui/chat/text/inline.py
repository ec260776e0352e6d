"""HTML of what stands in a line: no images but formulas, only links that a browser may open."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import Literal

from markdown_it.token import Token

from helix_app.gui.chat.text import maths
from helix_app.gui.formulas.formula import from_source

PartKind = Literal["text", "math", "note"]


@dataclass(frozen=True)
class Part:
    """A piece of a paragraph: text, a display formula, or the text of a footnote."""

    kind: PartKind
    body: str


def picture(source: str, display: bool) -> str:
    """A formula as a picture, whose address is all there is of it."""
    return f'<img src="{from_source(source, display).name}"/>'


def source_html(source: str) -> str:
    """A formula as it was written."""
    return f'<span class="tex">{_spaced(source)}</span>'


def inline_html(token: Token) -> str:
    """HTML of an inline token that has one line of layout: a cell or a heading."""
    return "".join(_html(child) for child in token.children or [])


def parts(token: Token) -> list[Part]:
    """An inline token cut at its display formulas and footnotes; never empty."""
    writer = _Writer()
    for child in token.children or []:
        writer.add(child)
    return writer.finish()


def _spaced(text: str) -> str:
    return escape(text).replace("  ", " &nbsp;").replace("\n", "<br/>")


def _html(token: Token) -> str:
    if token.type == "image":
        return f"<i>[{escape(token.content or 'image')}]</i>"
    if token.type == "code_inline":
        return f"<code>{escape(token.content)}</code>"
    if token.type == "link_open":
        return f'<a href="{escape(str(token.attrGet("href") or ""))}">'
    if token.type in ("softbreak", "hardbreak"):
        return "<br/>"
    if token.type in ("text", "html_inline", "text_special"):
        return _spaced(token.content)
    if token.type == maths.MATH:
        return picture(token.content, display=False)
    if token.type == maths.OPEN_MATH:
        return source_html(token.content)
    if token.type in (maths.NOTE, maths.NOTE_MARK):
        return f"<sup>{escape(token.content)}</sup>" + (" " if token.type == maths.NOTE_MARK else "")
    return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"


@dataclass
class _Writer:
    """Parts in the making; what is open where one ends is opened again in the next."""

    out: list[Part] = field(default_factory=list)
    kind: PartKind = "text"
    pieces: list[str] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)  # that are open, with what closes them
    breaks: int = 0
    written: bool = False  # whether the part has anything but tags

    def add(self, token: Token) -> None:
        if token.type == maths.MATH and token.meta["display"]:
            self._end()
            self.out.append(Part("math", picture(token.content, display=True)))
        elif token.type == maths.NOTE_MARK:
            self._end()
            self.kind = "note"
            self._write(_html(token))
        elif token.type in ("softbreak", "hardbreak"):
            self.breaks += self.written
        elif token.nesting > 0:
            self._write_breaks()
            self.tags.append((_html(token), f"</{token.tag}>"))
            self.pieces.append(self.tags[-1][0])
        elif token.nesting < 0:
            self.pieces.append(self.tags.pop()[1])
        elif token.type == "text":
            self._text(token.content)
        else:
            self._write(_html(token))

    def finish(self) -> list[Part]:
        self._end()
        return self.out or [Part("text", "")]

    def _text(self, text: str) -> None:
        after_formula = bool(self.out) and self.out[-1].kind == "math" and not self.written and not self.breaks
        if after_formula and self.kind == "text":
            rest = text.lstrip()
            marks = rest[: len(rest) - len(rest.lstrip(".,;:!?"))]
            if marks and (len(marks) == len(rest) or rest[len(marks)].isspace()):  # "$$ x $$."
                self.out[-1] = Part("math", self.out[-1].body + marks)
                rest = rest[len(marks) :].lstrip()
            text = rest
        if text.strip() or (text and self.written):
            self._write(_spaced(text))

    def _write_breaks(self) -> None:
        self.pieces.append("<br/>" * self.breaks)
        self.breaks = 0

    def _write(self, html: str) -> None:
        self._write_breaks()
        self.pieces.append(html)
        self.written = True

    def _end(self) -> None:
        if self.written:
            closing = "".join(end for _start, end in reversed(self.tags))
            self.out.append(Part(self.kind, "".join(self.pieces).rstrip() + closing))
        self.kind, self.breaks, self.written = "text", 0, False
        self.pieces = [start for start, _end in self.tags]
