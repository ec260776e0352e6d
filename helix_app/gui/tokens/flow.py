"""Tokens laid out in lines of a width, as pieces with places; what is there already is not laid out again."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

from helix_app.runs.trace import PROMPT, Trace

NEWLINE = "↵"
LONGEST = 400  # characters of one token that are shown
GHOST_GAP = 2.0
NOTHING = "∅"

_Part = tuple[str, float, bool, bool]  # what is shown, its width, a word begins here, a line ends here


class TokenFlow:
    """Pieces from first to last; a piece is a token, a part of one beside a line break, or a ghost.

    A ghost is a draft token that was rejected; it stands where it was proposed, before the correction.

    Attributes:
        tokens: number of the token of each piece; a ghost has that of the correction it stands before.
        ghosts: position in the round's proposal of each ghost, -1 for a token.
        texts, xs, widths: what to draw and where, in pixels.
        first: first piece of each line.
    """

    def __init__(self, measure: Callable[[str], float]) -> None:
        self._measure = measure
        self._known: dict[str, tuple[_Part, ...]] = {}
        self._width = 0.0
        self._with_ghosts = False
        self.clear()

    def clear(self) -> None:
        """No pieces."""
        self.tokens: list[int] = []
        self.ghosts: list[int] = []
        self.texts: list[str] = []
        self.xs: list[float] = []
        self.widths: list[float] = []
        self.first: list[int] = []
        self._done = 0  # tokens laid out
        self._x = 0.0
        self._word = 0  # first piece of the word at the end
        self._break = True  # a new line begins with the next piece

    def lay_out(self, trace: Trace, width: float, ghosts: bool) -> bool:
        """Bring the pieces up to date; True when all of them were made anew."""
        anew = (width, ghosts) != (self._width, self._with_ghosts) or self._done > len(trace.tokens)
        if anew:
            self._width, self._with_ghosts = width, ghosts
            self.clear()
        tokens, round_of = trace.tokens, trace.round_of
        for token in range(self._done, len(tokens)):
            number = round_of[token]
            if ghosts and number != PROMPT and tokens[token].provenance == "corrected":
                position = trace.rounds[number].accepted
                for offset, rejected in enumerate(trace.rejected_of(number)):
                    self._put(token, position + offset, rejected.text, True)
            self._put(token, -1, tokens[token].text, False)
        self._done = len(tokens)
        return anew

    def _put(self, token: int, ghost: int, text: str, solid: bool) -> None:
        parts = self._known.get(text)
        if parts is None:
            parts = self._known[text] = self._parts(text)
        for shown, wide, opens, breaks in parts:
            self._piece(token, ghost, shown, wide, solid or opens)
            self._break = self._break or (breaks and ghost < 0)  # a ghost never was in the text

    def _parts(self, text: str) -> tuple[_Part, ...]:
        text = text[:LONGEST].replace("\t", "    ").replace("\r", "")
        *ended, last = text.split("\n")
        shown = [(part + NEWLINE, True) for part in ended]
        if last or not shown:
            shown.append((last or NOTHING, False))
        return tuple((part, self._measure(part), part[0].isspace(), breaks) for part, breaks in shown)

    def _piece(self, token: int, ghost: int, text: str, wide: float, opens: bool) -> None:
        index = len(self.tokens)
        if self._break or opens:
            self._word = index
        if self._break:
            self._begin(index)
        elif self._x + wide > self._width and index > self.first[-1]:
            if self._word > self.first[-1]:
                self._carry(index)
            if self._x + wide > self._width:
                self._begin(index)
                self._word = index
        self.tokens.append(token)
        self.ghosts.append(ghost)
        self.texts.append(text)
        self.xs.append(self._x)
        self.widths.append(wide)
        self._x += wide + (GHOST_GAP if ghost >= 0 else 0.0)

    def _begin(self, index: int) -> None:
        if not self.first or self.first[-1] < index or index == 0:
            self.first.append(index)
        self._x = 0.0
        self._break = False

    def _carry(self, index: int) -> None:
        """The word at the end goes to a new line."""
        self.first.append(self._word)
        shift = self.xs[self._word] if self._word < index else self._x
        for piece in range(self._word, index):
            self.xs[piece] -= shift
        self._x -= shift

    @property
    def lines(self) -> int:
        """How many lines there are."""
        return len(self.first)

    def pieces(self, line: int) -> range:
        """The pieces of a line."""
        end = self.first[line + 1] if line + 1 < len(self.first) else len(self.tokens)
        return range(self.first[line], end)

    def line_of(self, piece: int) -> int:
        """The line a piece stands in."""
        return bisect_right(self.first, piece) - 1

    def piece_at(self, line: int, x: float, *, nearest: bool = False) -> int | None:
        """The piece under a point of a line; with ``nearest``, the closest one."""
        if not 0 <= line < len(self.first):
            return None
        pieces = self.pieces(line)
        at = bisect_right(self.xs, x, pieces.start, pieces.stop) - 1
        if at < pieces.start:
            return pieces.start if nearest else None
        return at if nearest or x <= self.xs[at] + self.widths[at] else None

    def piece_of(self, token: int) -> int:
        """The first piece of a token; ghosts before it do not count."""
        low = bisect_right(self.tokens, token - 1)
        while low < len(self.tokens) - 1 and self.ghosts[low] >= 0:
            low += 1
        return low
