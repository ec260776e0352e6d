"""Units of a Markdown text, each laid out on its own: made from the tokens of one top-level block.

Raw HTML is text, images become words and only links that a browser may open stay links.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from markdown_it.token import Token

from helix_app.gui.chat.text.inline import inline_html, parts, picture
from helix_app.gui.formulas.formula import LONGEST

Kind = Literal["text", "plain", "heading", "table", "code", "rule", "math", "note"]
TABLE_ROWS = 50  # a longer table goes on below with its head repeated
TODO, DONE = "☐", "☑"  # marks of a task list

_TASK = re.compile(r"\[([ xX])\][ \t]+")


@dataclass(frozen=True)
class Unit:
    """One block to lay out.

    Attributes:
        kind: decides the widget and its spacing; ``plain`` is text as it stands, ``math`` a display formula, ``note`` a
            footnote's text.
        body: HTML of a text unit, the code of a code unit; a formula in it is an image by its name.
        level: of a heading, 1 to 6.
        language: of a code unit, as the model wrote it.
        indent: depth of the list it stands in.
        marker: bullet, number or box of a task to its left, empty for none.
        quote: depth of quotation.
        quote_indent: depth of the list the quotation stands in.
        tight: stands close to the unit above it.
    """

    kind: Kind
    body: str = ""
    level: int = 0
    language: str = ""
    indent: int = 0
    marker: str = ""
    quote: int = 0
    quote_indent: int = 0
    tight: bool = False


@dataclass(frozen=True)
class Span:
    """A top-level block, or an item of a top-level list, and the line it starts at."""

    line: int
    tokens: Sequence[Token]
    in_list: bool = False
    first: bool = True  # of its list
    number: int | None = None


def _paragraph(token: Token, base: Unit, out: list[Unit]) -> None:
    """A paragraph: its display formulas and footnotes are units of their own."""
    for number, part in enumerate(parts(token)):
        unit = replace(base, kind=part.kind, body=part.body)
        out.append(replace(unit, marker="", tight=True) if number else unit)


def _fence(token: Token, base: Unit) -> Unit:
    """A code block; a finished one of the language ``math`` is a formula."""
    language = token.info.strip().split(" ")[0] if token.info.strip() else ""
    code = token.content[:-1] if token.content.endswith("\n") else token.content
    lines = token.content.count("\n") + (not token.content.endswith("\n") and bool(token.content))
    closed = token.map is not None and token.map[1] - token.map[0] - 1 > lines
    if token.type == "fence" and language == "math" and closed and code.strip() and len(code) <= LONGEST:
        latex = "\n".join(line for line in code.split("\n") if line.strip())
        return replace(base, kind="math", body=picture(f"$$\n{latex}\n$$", display=True))
    return replace(base, kind="code", body=code, language=language)


def _task(tokens: Sequence[Token], marker: str) -> tuple[str, Sequence[Token]]:
    """Marker and tokens of a list item: the box of a task stands for its bullet, or behind its number."""
    if len(tokens) < 2 or tokens[0].type != "paragraph_open" or not tokens[1].children:
        return marker, tokens
    first = tokens[1].children[0]
    found = _TASK.match(first.content) if first.type == "text" else None
    if found is None:
        return marker, tokens
    box = TODO if found.group(1) == " " else DONE
    rest = first.content[found.end() :]
    text = first.copy(content=rest if marker == "•" else f"{box} {rest}")
    line = tokens[1].copy(children=[text, *tokens[1].children[1:]])
    return (box if marker == "•" else marker), [tokens[0], line, *tokens[2:]]


class Flattener:
    """Turns the token tree of one block into units."""

    def units(self, span: Span) -> list[Unit]:
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
            end = closing(tokens, index)
            inner = tokens[index + 1 : end]
            if token.type == "paragraph_open":
                _paragraph(inner[0], base, out)
            elif token.type == "heading_open":
                body = inline_html(inner[0])
                out.append(replace(base, kind="heading", body=body, level=int(token.tag[1])))
            elif token.type in ("fence", "code_block"):
                out.append(_fence(token, base))
            elif token.type == "hr":
                out.append(replace(base, kind="rule"))
            elif token.type == "blockquote_open":
                outer = base.quote_indent if base.quote else base.indent
                self._walk(inner, replace(base, quote=base.quote + 1, quote_indent=outer, marker=""), out)
            elif token.type in ("bullet_list_open", "ordered_list_open"):
                self._list(token, inner, base, out)
            elif token.type == "table_open":
                for number, body in enumerate(_tables(inner)):
                    out.append(replace(base, kind="table", body=body, tight=base.tight or number > 0))
            base = replace(base, marker="", tight=False)
            index = end + 1

    def _list(self, opener: Token, tokens: Sequence[Token], base: Unit, out: list[Unit]) -> None:
        inside = replace(base, indent=base.indent + 1)
        for position, (number, item) in enumerate(list_items(opener, tokens)):
            marker = "•" if number is None else f"{number}."
            self._item(item, marker, inside, out, first=position == 0 and base.indent == 0)

    def _item(self, tokens: Sequence[Token], marker: str, base: Unit, out: list[Unit], *, first: bool) -> None:
        marker, inner = _task(tokens[1:-1], marker)
        start = len(out)
        # an item that starts with something else than a line of text still shows its marker
        if not inner or inner[0].type != "paragraph_open":
            out.append(replace(base, marker=marker, body="", tight=not first))
            self._walk(inner, base, out)
        else:
            self._walk(inner, replace(base, marker=marker, tight=not first), out)
        for index in range(start + 1, len(out)):
            out[index] = replace(out[index], tight=True)


def table_rows(tokens: Sequence[Token]) -> list[tuple[int, str]]:
    """First line and HTML of each row of a table, its head first."""
    out: list[tuple[int, str]] = []
    for index, token in enumerate(tokens):
        if token.type == "tr_open":
            cells = tokens[index : closing(tokens, index) + 1]
            out.append((token.map[0] if token.map else 0, "".join(_cell_html(cell) for cell in cells)))
    return out


def _cell_html(token: Token) -> str:
    if token.type == "inline":
        return inline_html(token)
    if token.type in ("th_open", "td_open"):
        align = str(token.attrGet("style") or "").rpartition(":")[2]
        return f'<{token.tag} align="{align or "left"}">'
    return f"</{token.tag}>" if token.nesting < 0 else f"<{token.tag}>"


def _tables(tokens: Sequence[Token]) -> list[str]:
    """HTML of a table, in several parts when it is long."""
    (_line, head), *body = table_rows(tokens)
    parts = [body[start : start + TABLE_ROWS] for start in range(0, len(body), TABLE_ROWS)] or [[]]
    return [head + "".join(html for _line, html in part) for part in parts]


def closing(tokens: Sequence[Token], start: int) -> int:
    """Index of the token that closes the one at ``start``; ``start`` itself when it has no body."""
    if tokens[start].nesting != 1:
        return start
    depth = 0
    for index in range(start, len(tokens)):
        depth += tokens[index].nesting
        if depth == 0:
            return index
    return len(tokens) - 1


def list_items(opener: Token, tokens: Sequence[Token]) -> list[tuple[int | None, Sequence[Token]]]:
    """The items of a list with their numbers, None in a bullet list."""
    number = None
    if opener.type == "ordered_list_open":
        start = opener.attrGet("start")
        number = 1 if start is None else int(start)
    out: list[tuple[int | None, Sequence[Token]]] = []
    index = 0
    while index < len(tokens):
        end = closing(tokens, index)
        out.append((number, tokens[index : end + 1]))
        number = None if number is None else number + 1
        index = end + 1
    return out
