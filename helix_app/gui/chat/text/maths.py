r"""Rules that teach the Markdown parser formulas and footnotes.

A formula inside a paragraph is one token, whose characters are no Markdown. The lines of a display
formula begin no list, heading or rule: ``- b`` may well stand in it. They end where a line is empty or
leaves the list item, so a ``$$`` that is never closed takes nothing with it.

While the last paragraph of a text ends in a formula that is not closed yet, that part is shown as it was
written (``cut_open_formula``); in any other paragraph such an opening delimiter is plain text.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token

from helix_app.gui.formulas import formula

MARGIN = 64  # characters of a line more than a formula may have
MATH, OPEN_MATH, NOTE, NOTE_MARK = "math", "math_open", "footnote", "footnote_mark"

_LABEL = re.compile(r"\[\^(\d{1,4}|[A-Za-z][\w-]{2,31})\](?![+*?{(])")
_UNDERLINE = re.compile(r"=+[ \t]*$|-+[ \t]*$")


def install(parser: MarkdownIt) -> MarkdownIt:
    """Add the rules to a parser."""
    parser.inline.ruler.before("escape", "math", _math)
    parser.inline.ruler.before("link", "footnote", _footnote)
    parser.block.ruler.before("lheading", "math_paragraph", _paragraph)
    return parser


# ------------------------------------------------------------------ in a line


def _math(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] not in "$\\":
        return False
    found = formula.find(state.src, state.pos, state.posMax)
    if found is not None and found.end is not None:
        if not silent:
            token = state.push(MATH, "", 0)
            token.content = state.src[found.start : found.end]
            token.meta = {"display": found.display}
        state.pos = found.end
        return True
    pair = state.src[state.pos : min(state.pos + 2, state.posMax)]
    if pair not in ("\\(", "\\)", "\\[", "\\]"):
        return False
    if not silent:
        state.pending += pair  # one that nothing closes keeps its backslash
    state.pos += 2
    return True


def _footnote(state: StateInline, silent: bool) -> bool:
    found = _LABEL.match(state.src, state.pos, state.posMax)
    if found is None:
        return False
    line_start = not state.src[state.src.rfind("\n", 0, state.pos) + 1 : state.pos].strip()
    mark = line_start and state.src[found.end() : found.end() + 1] == ":" and found.end() < state.posMax
    if not silent:
        token = state.push(NOTE_MARK if mark else NOTE, "", 0)
        token.content = found.group(1)
    state.pos = found.end() + mark
    while mark and state.pos < state.posMax and state.src[state.pos] in " \t":
        state.pos += 1
    return True


# ------------------------------------------------------------------ over lines


def _paragraph(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A paragraph with a display formula; one without is left to the rules that follow."""
    if silent:
        return False
    rules = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    line, behind = start, 0  # behind: offset in the line behind the formula that ends in it
    found = False
    while line < end and not state.isEmpty(line):
        if line > start and not behind:
            if not found and _is_underline(state, line):
                break  # a heading
            plain = 0 <= state.sCount[line] <= state.blkIndent + 3
            if plain and any(rule(state, line, end, True) for rule in rules):
                break
        ending = _display_formula(state, line, behind, end)
        found = found or ending is not None
        line, behind = (line + 1, 0) if ending is None else ending
    state.parentType = parent
    if not found:
        return False
    state.line = line
    token = state.push("paragraph_open", "p", 1)
    token.map = [start, line]
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip()
    token.map = [start, line]
    token.children = []
    state.push("paragraph_close", "p", -1)
    return True


def _display_formula(state: StateBlock, line: int, behind: int, end: int) -> tuple[int, int] | None:
    """Where the first display formula that begins in a line, at an offset or behind it, ends: line and offset.

    It ends at ``end`` while it is being written. None where none begins.
    """
    first = _text(state, line)
    if not any(opener in first for opener in ("$$", "\\[", "\\begin{")):
        return None
    parts, starts, size, number = [first], [0], len(first) + 1, line + 1
    while number < end and not state.isEmpty(number) and size <= len(first) + formula.LONGEST + MARGIN:
        starts.append(size)
        parts.append(_text(state, number))
        size += len(parts[-1]) + 1
        number += 1
    base = min(state.blkIndent, state.sCount[line])
    for found in formula.scan("\n".join(parts), behind):
        if found.start >= len(first):
            break
        if not found.display or (found.end is None and number < end):
            continue  # nothing closes it
        last = len(starts) - 1 if found.end is None else bisect_right(starts, found.end - 1) - 1
        if any(state.sCount[below] < base for below in range(line + 1, line + last + 1)):
            continue  # it would leave its list item or quotation
        return (end, 0) if found.end is None else (line + last, found.end - starts[last])
    return None


def _text(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _is_underline(state: StateBlock, line: int) -> bool:
    return 0 <= state.sCount[line] - state.blkIndent <= 3 and _UNDERLINE.match(_text(state, line)) is not None


# ------------------------------------------------------------------ still being written


def cut_open_formula(parser: MarkdownIt, tokens: list[Token], source: str) -> None:
    """Where a text ends in a formula that is not closed, leave its source as it is."""
    lines = source.count("\n") + (not source.endswith("\n"))
    last = next((token for token in reversed(tokens) if token.type == "inline"), None)
    if last is None or last.map is None or last.map[1] < lines:
        return
    start = next((found.start for found in formula.scan(last.content) if found.end is None and found.typed), None)
    if start is None:
        return
    children: list[Token] = []
    parser.inline.parse(last.content[:start], parser, {}, children)
    token = Token(OPEN_MATH, "", 0)
    token.content = last.content[start:]
    last.children = [*children, token]
