"""Markdown as it streams: finished blocks are never parsed again.

The source is cut into units, each small enough to be laid out on its own: a paragraph, a heading, one
list item, one quotation's paragraph, a table, a code block, a rule. Only what lies after the last
finished block is parsed again when text arrives. A block is finished when a *complete line* has begun
the next one, since Markdown decides line by line and a line in the making can still change its mind.

Raw HTML is text, images become words, link definitions are off: so a unit never depends on another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Literal

from markdown_it import MarkdownIt
from markdown_it.token import Token

Kind = Literal["text", "heading", "table", "code", "rule"]
LONGEST_PARAGRAPH = 6000  # characters; a longer one is laid out in pieces
TABLE_ROWS = 50  # a longer table goes on below with its head repeated


@dataclass(frozen=True)
class Unit:
    """One block to lay out.

    Attributes:
        kind: decides the widget and its spacing.
        body: HTML of a text unit, the code of a code unit.
        level: of a heading, 1 to 6.
        language: of a code unit, as the model wrote it.
        indent: depth of the list it stands in.
        marker: bullet or number to its left, empty for none.
        quote: depth of quotation.
        tight: stands close to the unit above it.
    """

    kind: Kind
    body: str = ""
    level: int = 0
    language: str = ""
    indent: int = 0
    marker: str = ""
    quote: int = 0
    tight: bool = False


@dataclass(frozen=True)
class _Span:
    """A top-level block, or an item of a top-level list, and the line it starts at."""

    line: int
    tokens: Sequence[Token]
    in_list: bool = False
    first: bool = True  # of its list
    number: int | None = None


def _parser() -> MarkdownIt:
    return (
        MarkdownIt("commonmark", {"html": False, "breaks": True})
        .enable(["table", "strikethrough"])
        .disable("reference")
    )


def _inline_html(token: Token) -> str:
    """HTML of an inline token: no images, only links that a browser may open."""
    out: list[str] = []
    for child in token.children or []:
        if child.type == "image":
            out.append(f"<i>[{escape(child.content or 'image')}]</i>")
        elif child.type == "code_inline":
            out.append(f"<code>{escape(child.content)}</code>")
        elif child.type == "link_open":
            out.append(f'<a href="{escape(str(child.attrGet("href") or ""))}">')
        elif child.type in ("softbreak", "hardbreak"):
            out.append("<br/>")
        elif child.type in ("text", "html_inline", "text_special"):
            out.append(escape(child.content).replace("  ", " &nbsp;"))
        else:
            out.append(f"</{child.tag}>" if child.nesting < 0 else f"<{child.tag}>")
    return "".join(out)


class _Flattener:
    """Turns the token tree of one block into units."""

    def units(self, span: _Span) -> list[Unit]:
        out: list[Unit] = []
        if span.in_list:
            marker = "•" if span.number is None else f"{span.number}."
            self._item(span.tokens, marker, Unit("text", indent=1), out, first=False)
        else:
            self._walk(span.tokens, Unit("text"), out)
        return out

    def _walk(self, tokens: Sequence[Token], base: Unit, out: list[Unit]) -> None:
        index = 0
        while index < len(tokens):
            token = tokens[index]
            end = _closing(tokens, index)
            inner = tokens[index + 1 : end]
            if token.type == "paragraph_open":
                out.append(replace(base, body=_inline_html(inner[0])))
            elif token.type == "heading_open":
                body = _inline_html(inner[0])
                out.append(replace(base, kind="heading", body=body, level=int(token.tag[1])))
            elif token.type in ("fence", "code_block"):
                language = token.info.strip().split(" ")[0] if token.info.strip() else ""
                code = token.content[:-1] if token.content.endswith("\n") else token.content
                out.append(replace(base, kind="code", body=code, language=language))
            elif token.type == "hr":
                out.append(replace(base, kind="rule"))
            elif token.type == "blockquote_open":
                self._walk(inner, replace(base, quote=base.quote + 1, marker=""), out)
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self._list(token, inner, base, out)
            elif token.type == "table_open":
                for number, body in enumerate(_tables(inner)):
                    out.append(replace(base, kind="table", body=body, tight=base.tight or number > 0))
            base = replace(base, marker="", tight=False)
            index = end + 1

    def _list(self, opener: Token, tokens: Sequence[Token], base: Unit, out: list[Unit]) -> None:
        inside = replace(base, indent=base.indent + 1)
        for position, (number, item) in enumerate(_items(opener, tokens)):
            marker = "•" if number is None else f"{number}."
            self._item(item, marker, inside, out, first=position == 0 and base.indent == 0)

    def _item(self, tokens: Sequence[Token], marker: str, base: Unit, out: list[Unit], *, first: bool) -> None:
        inner = tokens[1:-1]
        start = len(out)
        # an item that starts with something else than a line of text still shows its marker
        if not inner or inner[0].type != "paragraph_open":
            out.append(replace(base, marker=marker, body="", tight=not first))
            self._walk(inner, base, out)
        else:
            self._walk(inner, replace(base, marker=marker, tight=not first), out)
        for index in range(start + 1, len(out)):
            out[index] = replace(out[index], tight=True)


def _rows(tokens: Sequence[Token]) -> list[tuple[int, str]]:
    """First line and HTML of each row of a table, its head first."""
    out: list[tuple[int, str]] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            cells = tokens[index : _closing(tokens, index) + 1]
            out.append((token.map[0] if token.map else 0, "".join(_cell_html(cell) for cell in cells)))
    return out


def _cell_html(token: Token) -> str:
    if token.type == "inline":
        return _inline_html(token)
    if token.type in ("th_open", "td_open"):
        align = str(token.attrGet("style") or "").rpartition(":")[2]
        return f'<{token.tag} align="{align or "left"}">'
    return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"


def _tables(tokens: Sequence[Token]) -> list[str]:
    """HTML of a table, in several parts when it is long."""
    (_line, head), *body = _rows(tokens)
    parts = [body[start : start + TABLE_ROWS] for start in range(0, len(body), TABLE_ROWS)] or [[]]
    return [head + "".join(html for _line, html in part) for part in parts]


def _closing(tokens: Sequence[Token], start: int) -> int:
    """Index of the token that closes the one at ``start``; ``start`` itself when it has no body."""
    if tokens[start].nesting != 1:
        return start
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1


def _items(opener: Token, tokens: Sequence[Token]) -> list[tuple[int | None, Sequence[Token]]]:
    """The items of a list with their numbers, None in a bullet list."""
    number = None
    if opener.type == "ordered_list_open":
        start = opener.attrGet("start")
        number = 1 if start is None else int(start)
    out: list[tuple[int | None, Sequence[Token]]] = []
    index = 0
    while index < len(tokens):
        end = _closing(tokens, index)
        out.append((number, tokens[index : end + 1]))
        number = None if number is None else number + 1
        index = end + 1
    return out


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
        self._flatten = _Flattener()
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
            self._shorten()
            spans = self._spans(self._tail)
        elif len(spans) == 1 and spans[0].tokens[0].type == "table_open" and self._split_table(spans[0]):
            spans = self._spans(self._tail)
        self.open = self._make(spans, self._tail)
        if len(spans) == 1 and not spans[0].in_list:
            self._fence.watch(spans[0].tokens, self._tail)

    def _spans(self, source: str) -> list[_Span]:
        self.parsed_chars += len(source)
        tokens = self._parser.parse(source)
        spans: list[_Span] = []
        index = 0
        while index < len(tokens):
            token, end = tokens[index], _closing(tokens, index)
            if token.type in ("bullet_list_open", "ordered_list_open"):
                continued = index == 0 and self._in_list
                number = self._list_number if continued else None
                for offset, (own, item) in enumerate(_items(token, tokens[index + 1 : end])):
                    counted = own if number is None or own is None else number + offset
                    line = item[0].map[0] if item[0].map else 0
                    first = offset == 0 and not continued
                    spans.append(_Span(line, item, in_list=True, first=first, number=counted))
            else:
                line = token.map[0] if token.map else 0
                spans.append(_Span(line, tokens[index : end + 1]))
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

    def _shorten(self) -> None:
        """A paragraph without end: finish its first pieces."""
        pieces = _pieces(self._tail)
        for piece in pieces[:-1]:
            self.done += self._make(self._spans(piece), piece)
            self._continues = True
        self._tail = pieces[-1]
        self._checked = 0
        self._in_list = False

    def _split_table(self, span: _Span) -> bool:
        """A table without end: finish its first parts and go on with its head."""
        lines = self._tail.split("\n")
        rows = [line for line, _html in _rows(span.tokens)[1:] if line < len(lines) - 1]  # complete ones
        if len(rows) <= TABLE_ROWS:
            return False
        head = lines[span.line : span.line + 2]
        while len(rows) > TABLE_ROWS:
            part = "\n".join(head + lines[rows[0] : rows[TABLE_ROWS]]) + "\n"
            self.done += self._make(self._spans(part), part)
            self._continues = True
            rows = rows[TABLE_ROWS:]
        self._tail = "\n".join(head + lines[rows[0] :])
        self._checked = 0
        self._in_list = False
        return True

    def _make(self, spans: Sequence[_Span], source: str, end: int | None = None) -> list[Unit]:
        out: list[Unit] = []
        starts: list[int] | None = None
        for index, span in enumerate(spans):
            if len(source) > LONGEST_PARAGRAPH and _is_paragraph(span):
                starts = starts or _line_starts(source)
                stop = starts[spans[index + 1].line] if index + 1 < len(spans) else (end or len(source))
                text = source[starts[span.line] : stop]
                if len(text) > LONGEST_PARAGRAPH:
                    for number, piece in enumerate(_pieces(text)):
                        for part in self._spans(piece):
                            out += [replace(unit, tight=number > 0) for unit in self._flatten.units(part)]
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


def _is_paragraph(span: _Span) -> bool:
    return not span.in_list and span.tokens[0].type == "paragraph_open"


def _line_starts(source: str) -> list[int]:
    starts = [0]
    position = source.find("\n")
    while position >= 0:
        starts.append(position + 1)
        position = source.find("\n", position + 1)
    return starts


def _pieces(text: str) -> list[str]:
    """A long paragraph in pieces that end at white space where there is any."""
    out: list[str] = []
    while len(text) > LONGEST_PARAGRAPH:
        cut = max(text.rfind(" ", 0, LONGEST_PARAGRAPH), text.rfind("\n", 0, LONGEST_PARAGRAPH)) + 1
        cut = cut if cut > LONGEST_PARAGRAPH // 2 else LONGEST_PARAGRAPH
        out.append(text[:cut])
        text = text[cut:]
    out.append(text)
    return out


def parse(source: str) -> list[Unit]:
    """All units of a whole text, by one parse of it."""
    stream = MarkdownStream()
    source = source.replace("\r", "")
    return stream._make(stream._spans(source), source)
