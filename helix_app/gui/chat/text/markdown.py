"""Markdown as it streams: finished blocks are never parsed again.

The source is cut into units, each small enough to be laid out on its own: a paragraph, a heading, one
list item, one quotation's paragraph, a table, a code block, a rule. Only what lies after the last
finished block is parsed again when text arrives. A block is finished when a *complete line* has begun
the next one, since Markdown decides line by line and a line in the making can still change its mind.

Raw HTML is text, images become words, link definitions are off: so a unit never depends on another.
Formulas and footnotes are rules of ``maths.py``; a formula that is still being written is its source.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from helix_app.gui.chat.text.maths import cut_open_formula, install
from helix_app.gui.chat.text.units import TABLE_ROWS, Flattener, Span, Unit, closing, list_items, table_rows
from helix_app.gui.formulas.formula import LONGEST, scan

LONGEST_PARAGRAPH = 6000  # characters; a longer one is laid out in pieces
SURE = LONGEST + 8  # characters after which it is known whether a formula that begins before them is closed
_CUT = re.compile(r"[ \n](?=[^\s\d#*+=>|~_`\[-])")  # what follows begins no list or other block


def _parser() -> MarkdownIt:
    return install(
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable(["table", "strikethrough"])
        .disable("reference")
    )


class MarkdownStream:
    """Source that grows, and the units it makes.

    Attributes:
        done: units that will not change any more.
        open: units after those; made anew by every ``feed``.
        parsed_chars: characters given to the parser so far, for tests of its cost.
    """

    def __init__(self) -> None:
        self.done: list[Unit] = []
        self.open: list[Unit] = []
        self.parsed_chars = 0
        self._parser = _parser()
        self._flatten = Flattener()
        self._tail = ""
        self._checked = 0  # characters of the tail in which no block is known to end
        self._list_number: int | None = None  # number of the list item that the tail continues with
        self._in_list = False  # the tail begins inside a list whose earlier items are done
        self._fence = _OpenFence()
        self._continues = False  # the tail begins inside a paragraph that was cut

    @property
    def units(self) -> list[Unit]:
        """Every unit, finished or not."""
        return self.done + self.open

    def feed(self, text: str) -> None:
        """Append text; afterwards ``done`` may be longer and ``open`` is new."""
        text = text.replace("\r", "")
        if not text:
            return
        self._tail += text
        if self._fence.active and not self._fence.ended(self._tail):
            self.open = [self._fence.unit(self._tail)]
            return
        self._fence = _OpenFence()
        complete = self._tail.rfind("\n") + 1
        if complete > self._checked:
            self._commit(complete)
        spans = self._spans(self._tail)
        if len(spans) == 1 and len(self._tail) > LONGEST_PARAGRAPH and _is_paragraph(spans[0]):
            if self._shorten():
                spans = self._spans(self._tail)
        elif len(spans) == 1 and spans[0].tokens[0].type == "table_open" and self._split_table(spans[0]):
            spans = self._spans(self._tail)
        self.open = self._make(spans, self._tail)
        if len(spans) == 1 and not spans[0].in_list:
            self._fence.watch(spans[0].tokens, self._tail)

    def _spans(self, source: str, *, growing: bool = True) -> list[Span]:
        """The blocks of a text; at the end of one that is growing a formula may be in the making."""
        self.parsed_chars += len(source)
        tokens = self._parser.parse(source)
        if growing:
            cut_open_formula(self._parser, tokens, source)
            _leave_undecided(tokens, source)
        spans: list[Span] = []
        index = 0
        while index < len(tokens):
            token, end = tokens[index], closing(tokens, index)
            if token.type in ("bullet_list_open", "ordered_list_open"):
                continued = index == 0 and self._in_list
                number = self._list_number if continued else None
                for offset, (own, item) in enumerate(list_items(token, tokens[index + 1 : end])):
                    counted = own if number is None or own is None else number + offset
                    line = item[0].map[0] if item[0].map else 0
                    first = offset == 0 and not continued
                    spans.append(Span(line, item, in_list=True, first=first, number=counted))
            else:
                line = token.map[0] if token.map else 0
                spans.append(Span(line, tokens[index : end + 1]))
            index = end + 1
        return spans

    def _commit(self, complete: int) -> None:
        """Move every block but the last one of the complete lines to ``done``."""
        source = self._tail[:complete]
        spans = self._spans(source)
        self._checked = complete
        if len(spans) > 1:
            starts = _line_starts(source)
            cut = starts[spans[-1].line]
            self.done += self._make(spans[:-1], source, end=cut)
            self._continues = False
            last = spans[-1]
            self._in_list = last.in_list and not last.first
            self._list_number = last.number if self._in_list else None
            self._tail = self._tail[cut:]
            self._checked -= cut

    def _shorten(self) -> bool:
        """A paragraph without end: finish its first pieces."""
        pieces = _pieces(self._tail, growing=True)
        for piece in pieces[:-1]:
            self.done += self._make(self._spans(piece, growing=False), piece)
            self._continues = True
        self._tail = pieces[-1]
        self._checked = 0
        self._in_list = False
        return len(pieces) > 1

    def _split_table(self, span: Span) -> bool:
        """A table without end: finish its first parts and go on with its head."""
        lines = self._tail.split("\n")
        rows = [line for line, _html in table_rows(span.tokens)[1:] if line < len(lines) - 1]  # complete ones
        if len(rows) <= TABLE_ROWS:
            return False
        head = lines[span.line : span.line + 2]
        while len(rows) > TABLE_ROWS:
            part = "\n".join(head + lines[rows[0] : rows[TABLE_ROWS]]) + "\n"
            self.done += self._make(self._spans(part, growing=False), part)
            self._continues = True
            rows = rows[TABLE_ROWS:]
        self._tail = "\n".join(head + lines[rows[0] :])
        self._checked = 0
        self._in_list = False
        return True

    def _make(self, spans: Sequence[Span], source: str, end: int | None = None) -> list[Unit]:
        out: list[Unit] = []
        starts: list[int] | None = None
        for index, span in enumerate(spans):
            if len(source) > LONGEST_PARAGRAPH and _is_paragraph(span):
                starts = starts or _line_starts(source)
                stop = starts[spans[index + 1].line] if index + 1 < len(spans) else (end or len(source))
                text = source[starts[span.line] : stop]
                if len(text) > LONGEST_PARAGRAPH:
                    pieces = _pieces(text)
                    for number, piece in enumerate(pieces):
                        last = end is None and span is spans[-1] and number == len(pieces) - 1
                        for part in self._spans(piece, growing=last):
                            out += [replace(unit, tight=unit.tight or number > 0) for unit in self._flatten.units(part)]
                    continue
            units = self._flatten.units(span)
            if span.in_list:
                units[0] = replace(units[0], tight=not span.first)
            out += units
        if self._continues and out:
            out[0] = replace(out[0], tight=True)
        return out


class _OpenFence:
    """A code block still being written: its lines are appended without parsing them."""

    def __init__(self) -> None:
        self.active = False
        self._mark = ""
        self._language = ""
        self._body = 0  # offset of the first line of code in the tail
        self._seen = 0  # offset up to which no closing line was found

    def watch(self, tokens: Sequence[Token], tail: str) -> None:
        """Take over if this is an unindented fence whose closing line has not come."""
        token = tokens[0]
        first, newline, _rest = tail.lstrip("\n").partition("\n")
        if len(tokens) != 1 or token.type != "fence" or not newline or not first.startswith(token.markup):
            return
        self._mark, self._language = token.markup, token.info.strip().split(" ")[0] if token.info.strip() else ""
        self._body = self._seen = len(tail) - len(tail.lstrip("\n")) + len(first) + 1
        self.active = not self.ended(tail)

    def ended(self, tail: str) -> bool:
        """Whether a line of the tail closes the block, be it complete or not."""
        last = tail.rfind("\n") + 1
        for line in tail[self._seen :].split("\n"):
            bare = line.strip()
            indent = len(line) - len(line.lstrip(" "))
            if indent < 4 and len(bare) >= len(self._mark) and bare == self._mark[0] * len(bare):
                return True
        self._seen = max(self._seen, last)
        return False

    def unit(self, tail: str) -> Unit:
        """The code so far."""
        code = tail[self._body :]
        return Unit("code", body=code[:-1] if code.endswith("\n") else code, language=self._language)


def _leave_undecided(tokens: Sequence[Token], source: str) -> None:
    """A last line of dashes alone may become a list item or a heading's underline: until it ends, it is neither."""
    if source.endswith("\n"):
        return
    lines = source.count("\n") + 1
    for index in range(len(tokens) - 1, 1, -1):
        opening = tokens[index - 2]
        if tokens[index].type != "heading_close":
            continue
        if tokens[index].markup in ("-", "=") and opening.map is not None and opening.map[1] == lines:
            for token, kind in ((opening, "paragraph_open"), (tokens[index], "paragraph_close")):
                token.type, token.tag, token.markup = kind, "p", ""
        return


def _is_paragraph(span: Span) -> bool:
    return not span.in_list and span.tokens[0].type == "paragraph_open"


def _line_starts(source: str) -> list[int]:
    starts = [0]
    position = source.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = source.find("\n", position + 1)
    return starts


def _pieces(text: str, *, growing: bool = False) -> list[str]:
    """A long paragraph in pieces that end at white space where there is any, and never inside a formula or code.

    Of one that is growing the last piece is longer where a formula may yet be closed behind the cut.
    """
    out: list[str] = []
    while len(text) > LONGEST_PARAGRAPH:
        fit = [found.end() for found in _CUT.finditer(text, LONGEST_PARAGRAPH // 2, LONGEST_PARAGRAPH)]
        cut = fit[-1] if fit else LONGEST_PARAGRAPH
        for found in scan(text[: LONGEST_PARAGRAPH + SURE], code=True):
            if found.start >= cut:
                break
            if found.end is None and growing and len(text) <= LONGEST_PARAGRAPH + SURE:
                return [*out, text]
            if found.end is not None and found.end > cut:
                cut = found.start
        out.append(text[:cut])
        text = text[cut:]
    out.append(text)
    return out


def parse(source: str) -> list[Unit]:
    """All units of a whole text, by one parse of it."""
    stream = MarkdownStream()
    source = source.replace("\r", "")
    return stream._make(stream._spans(source), source)
