r"""Where formulas stand in a text: ``\( … \)``, ``\[ … \]``, ``$ … $``, ``$$ … $$`` and ``\begin{align} …``.

A single dollar is a price more often than not. It opens a formula only where no space, letter or digit
is beside it on the wrong side, and the very next dollar has to close it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote, unquote

LONGEST = 2000  # characters between the delimiters; what is longer is text
SCHEME = "formula:"

_CLOSERS = {"\\[": "\\]", "\\(": "\\)", "$$": "$$", "$": "$"}
_ENVIRONMENT = re.compile(r"\\begin\{(align|alignat|equation|gather|multline|eqnarray)(\*?)\}")  # needs no delimiters
_NEXT = re.compile(r"[\\$`]")
_SUFFIX = re.compile(r"(?:th?|st?|nd?|rd?)?(?![0-9A-Za-z])")  # what may follow a closing dollar: "$n$th"
_TEX = re.compile(r"\\[A-Za-z]|[\\^{}=+<>|]|_\w")
_PROSE = re.compile(r"[A-Za-z]{3,}[ ,]+[A-Za-z]{2,}")
_TYPED = re.compile(r"\\[A-Za-z]|\^|_\{")  # a formula with one dollar that is still being written


@dataclass(frozen=True)
class Formula:
    """A formula of a text.

    Attributes:
        latex: what stands between the delimiters.
        display: on a line of its own, in the large style.
        source: as it was written, delimiters and all.
    """

    latex: str
    display: bool
    source: str

    @property
    def name(self) -> str:
        """The formula as the address of a picture."""
        return f"{SCHEME}{'d' if self.display else 'i'}:{quote(self.source, safe='')}"


def from_source(source: str, display: bool) -> Formula:
    """The formula of a source with its delimiters."""
    opener = opener_at(source, 0)
    bare = not opener or opener.startswith("\\begin")  # such an environment is a part of its formula
    inner = source if bare else source[len(opener) : len(source) - len(_CLOSERS[opener])]
    return Formula(inner.strip(), display, source)


def from_name(name: str) -> Formula | None:
    """The formula behind the address of a picture, None for any other address."""
    if not name.startswith(SCHEME):
        return None
    style, _, rest = name[len(SCHEME) :].partition(":")
    return from_source(unquote(rest), style == "d")


@dataclass(frozen=True)
class Found:
    """A formula in a text, or the beginning of one.

    Attributes:
        start: offset of its opening delimiter.
        end: offset behind its closing one, None where the text ends before that.
        display: whether it wants a line of its own.
        code: it is a code span, and no formula.
        typed: one that is not closed looks like a formula already, and not like a price.
    """

    start: int
    end: int | None
    display: bool
    code: bool = False
    typed: bool = True


def opener_at(text: str, at: int) -> str:
    """The opening delimiter at an offset, empty without one."""
    pair = text[at : at + 2]
    if pair in ("\\[", "\\(", "$$"):
        return pair
    if pair == "\\b":
        found = _ENVIRONMENT.match(text, at)
        return found.group() if found else ""
    return "$" if pair[:1] == "$" else ""


def find(text: str, at: int, stop: int | None = None) -> Found | None:
    """The formula that begins at an offset, be it closed before ``stop`` or not; None where none can be."""
    stop = len(text) if stop is None else stop
    opener = opener_at(text, at)
    if not opener or at + len(opener) > stop:
        return None
    return _single(text, at, stop) if opener == "$" else _pair(text, at, stop, opener)


def _pair(text: str, at: int, stop: int, opener: str) -> Found | None:
    inside, display = at + len(opener), opener != "\\("
    closer = _CLOSERS.get(opener) or opener.replace("begin", "end")
    if opener == "$$" and (text[inside : inside + 1] == "$" or text[at - 1 : at] == "$"):
        return None
    last = min(stop, inside + LONGEST + len(closer))
    look = inside
    while (found := _NEXT.search(text, look, last)) is not None:
        here = found.start()
        if text.startswith(closer, here, last):
            return Found(at, here + len(closer), display) if text[inside:here].strip() else None
        if text[here] == "`" or (opener != "$$" and text[here : here + 2] in ("\\[", "\\(")):
            return None  # code, or a formula that begins before this one is closed
        look = here + (2 if text[here] == "\\" else 1)
    return Found(at, None, display) if last == stop else None


def _single(text: str, at: int, stop: int) -> Found | None:
    before, first = text[at - 1 : at] if at else "", text[at + 1 : at + 2]
    if before.isalnum() or before == "$" or not first or first.isspace() or first == "$" or at + 1 >= stop:
        return None
    last = min(stop, at + 1 + LONGEST + 1)
    look = at + 1
    while (found := _NEXT.search(text, look, last)) is not None:
        here = found.start()
        if text[here] == "`":
            return None
        if text[here] == "$":
            inner = text[at + 1 : here]
            fits = not inner[-1:].isspace() and text[here + 1 : here + 2] != "$"
            fits = fits and _SUFFIX.match(text, here + 1) is not None
            words = _PROSE.search(inner) is not None and _TEX.search(inner) is None
            return Found(at, here + 1, False) if fits and not words else None
        look = here + 2
    rest = text[at + 1 : last]
    typed = "\n" not in rest and _TYPED.search(rest) is not None
    return Found(at, None, False, typed=typed) if last == stop else None


def scan(text: str, at: int = 0, *, code: bool = False) -> Iterator[Found]:
    """The formulas of a text from an offset on, also what may yet become one; code spans if they are wanted."""
    while (found := _NEXT.search(text, at)) is not None:
        at = found.start()
        if text[at] == "`":
            marks, end = _code(text, at)
            if code:
                yield Found(at, end, display=False, code=True)
            at = end or marks
            continue
        formula = find(text, at)
        if formula is not None:
            yield formula
        if formula is not None and formula.end is not None:
            at = formula.end
        else:
            at += 2 if text[at] == "\\" or text.startswith("$$", at) else 1


def _code(text: str, at: int) -> tuple[int, int | None]:
    """Offsets behind the backticks at an offset, and behind the code span that they begin.

    A span ends in its line; None where the line goes on after the text. Without a span both are the same.
    """
    marks = at
    while text.startswith("`", marks):
        marks += 1
    run = text[at:marks]
    line = text.find("\n", marks)
    look = marks
    while (look := text.find(run, look, line if line >= 0 else len(text))) >= 0:
        end = look
        while text.startswith("`", end):
            end += 1
        if end - look == len(run):
            return marks, end
        look = end
    return marks, marks if line >= 0 else None
