"""Colours of code, line by line, at a cost that does not grow with what is already written."""

from __future__ import annotations

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Generic, Keyword, Literal, Name, Number, String, _TokenType
from pygments.util import ClassNotFound

Run = tuple[int, int, str]  # first column, length, meaning (a key of Palette.syntax)

CHUNK = 4000  # characters after which a safe line becomes the new starting point
LONGEST_LINE = 2000  # characters; a longer line stays uncoloured

_MEANINGS: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "comment"),
    (Keyword.Type, "type"),
    (Keyword.Constant, "number"),
    (Keyword, "keyword"),
    (Name.Function, "function"),
    (Name.Class, "type"),
    (Name.Namespace, "type"),
    (Name.Decorator, "builtin"),
    (Name.Builtin, "builtin"),
    (Name.Exception, "type"),
    (Name.Tag, "keyword"),
    (Name.Attribute, "function"),
    (Number, "number"),
    (String, "string"),
    (Literal, "number"),
    (Generic.Inserted, "added"),
    (Generic.Deleted, "removed"),
    (Generic.Heading, "keyword"),
)


def meaning(token: _TokenType) -> str:
    """The meaning of a Pygments token type, empty for ordinary text."""
    return next((name for kind, name in _MEANINGS if token in kind), "")


def lexer_for(language: str) -> Lexer:
    """The lexer of a language as a model names it; plain text when nobody knows it."""
    try:
        return get_lexer_by_name(language.lower(), stripnl=False, ensurenl=False)
    except ClassNotFound:
        return TextLexer(stripnl=False, ensurenl=False)


class LineColours:
    """Runs of colour for every line of code that grows at its end.

    Attributes:
        lines: the runs of each line.
        lexed_chars: characters given to the lexer so far.
    """

    def __init__(self, language: str) -> None:
        self.lines: list[list[Run]] = [[]]
        self.lexed_chars = 0
        self._lexer = lexer_for(language)
        self._code = ""
        self._start = 0  # offset of the line lexing starts again at
        self._start_line = 0

    def update(self, code: str) -> int:
        """Take in the code as it is now; returns the first line whose colours may have changed."""
        if not code.startswith(self._code[: self._start]) or len(code) < self._start:
            self._start = self._start_line = 0
        self._code = code
        first = self._start_line
        del self.lines[first:]
        self._lex(code[self._start :], first)
        return first

    def _lex(self, text: str, first: int) -> None:
        self.lexed_chars += len(text)
        self.lines.append([])
        line, column, offset = first, 0, 0
        safe: tuple[int, int] | None = None
        after_blank = False
        for kind, value in self._lexer.get_tokens(text):
            name = meaning(kind)
            if column == 0 and after_blank and name not in ("string", "comment") and value[:1].strip():
                safe = (offset, line)  # a line at the margin after an empty one, not inside a string
            offset += len(value)
            for number, part in enumerate(value.split("\n")):
                if number:
                    after_blank = column == 0
                    line, column = line + 1, 0
                    self.lines.append([])
                if part:
                    if name and column < LONGEST_LINE:
                        self.lines[line].append((column, len(part), name))
                    column += len(part)
        if safe is not None and safe[0] > CHUNK:
            self._start += safe[0]
            self._start_line = safe[1]
