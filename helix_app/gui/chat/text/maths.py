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
    protected, opened = _protected_lines(state, start, end)
    if not opened:
        return False
    rules = state.md.block.ruler.getRules("paragraph")
    parent, state.parentType = state.parentType, "paragraph"
    line = start + 1
    while line < end and not state.isEmpty(line):
        if line not in protected:
            if line <= min(opened) and _is_underline(state, line):
                state.parentType = parent
                return False  # a heading comes first
            plain = 0 <= state.sCount[line] <= state.blkIndent + 3
            if plain and any(rule(state, line, end, True) for rule in rules):
                break
        line += 1
    state.parentType = parent
    if line <= min(opened):
        return False  # it ends before its first formula
    state.line = line
    token = state.push("paragraph_open", "p", 1)
    token.map = [start, line]
    token = state.push("inline", "", 0)
    token.content = state.getLines(start, line, state.blkIndent, False).strip()
    token.map = [start, line]
    token.children = []
    state.push("paragraph_close", "p", -1)
    return True


def _protected_lines(state: StateBlock, start: int, end: int) -> tuple[set[int], set[int]]:
    """The lines that display formulas go on in, and those they begin in, up to the next empty line."""
    text, starts, line = "", [], start
    parts: list[str] = []
    offset = 0
    while line < end and not state.isEmpty(line):
        part = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
        starts.append(offset)
        parts.append(part)
        offset += len(part) + 1
        line += 1
    text = "\n".join(parts)
    if not any(opener in text for opener in ("$$", "\\[", "\\begin{")):
        return set(), set()
    protected: set[int] = set()
    opened: set[int] = set()
    for found in formula.scan(text):
        if not found.display:
            continue
        first = bisect_right(starts, found.start) - 1
        last = len(starts) - 1 if found.end is None else bisect_right(starts, found.end - 1) - 1
        lines = range(start + first + 1, start + last + 1)
        base = min(state.blkIndent, state.sCount[start + first])
        if any(state.sCount[number] < base for number in lines) or (found.end is None and line < end):
            continue  # it would leave its list item or quotation, or nothing closes it
        opened.add(start + first)
        protected.update(lines)
    return protected, opened


def _is_underline(state: StateBlock, line: int) -> bool:
    text = state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
    return 0 <= state.sCount[line] - state.blkIndent <= 3 and _UNDERLINE.match(text) is not None


# ------------------------------------------------------------------ still being written


def cut_open_formula(parser: MarkdownIt, tokens: list[Token], source: str) -> None:
    """Where a text ends in a formula that is not closed, leave its source as it is."""
    lines = source.count("\n") + (not source.endswith("\n"))
    last = next((token for token in reversed(tokens) if token.type == "inline"), None)
    if last is None or last.map is None or last.map[1] < lines:
        return
    start = next((found.start for found in formula.scan(last.content) if found.end is None), None)
    if start is None:
        return
    children: list[Token] = []
    parser.inline.parse(last.content[:start], parser, {}, children)
    token = Token(OPEN_MATH, "", 0)
    token.content = last.content[start:]
    last.children = [*children, token]
