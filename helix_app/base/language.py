"""The language of sentences and numbers that are made below the window: English, unless a window says otherwise.

Only a window calls ``speak``. The command line, logs and files that are written for others stay English.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

Translate = Callable[[str, str], str]  # (context, English) to the text in the person's language

_NUMBER = re.compile(r"-?\d{1,3}(,\d{3})*(\.\d+)?")
_FIGURE = re.compile(rf"{_NUMBER.pattern}( ?(%|x|s|ms|B|kB|MB|GB|MiB|GiB|bytes))?")  # a field that is a number
_SWAPPED = str.maketrans(",.", ".,")


@dataclass(frozen=True)
class Language:
    """How texts become those of a language.

    Attributes:
        code: such as ``de``.
        translate: None for English.
        comma: numbers are written 1.234,5.
    """

    code: str = "en"
    translate: Translate | None = None
    comma: bool = False


ENGLISH = Language()
_spoken = [ENGLISH]
_in_english: ContextVar[bool] = ContextVar("_in_english", default=False)


def speak(language: Language) -> None:
    """Have sentences in this language from now on, in every thread of this process."""
    _spoken[0] = language


def spoken() -> Language:
    """The language in effect here."""
    return ENGLISH if _in_english.get() else _spoken[0]


@contextmanager
def english() -> Iterator[None]:
    """What is made within is English: documents and reports for others."""
    token = _in_english.set(True)
    try:
        yield
    finally:
        _in_english.reset(token)


def say(text: str, context: str = "messages") -> str:
    """A text in the language in effect, the text itself where it has no translation."""
    translate = spoken().translate
    return text if translate is None or not text else translate(context, text)


def mark(text: str) -> str:
    """The text itself; the catalogue of translations takes it in, and ``say`` translates it where it is shown."""
    return text


def number(text: str) -> str:
    """A number that Python has written, such as ``1,234.5``, as the language writes it."""
    return text.translate(_SWAPPED) if spoken().comma else text


def figure(text: str) -> str:
    """The same for a field of a sentence: only one that is a number, with a unit perhaps, is changed; what records of
    before have as ``36%`` is ``36 %``."""
    if not _FIGURE.fullmatch(text):
        return text
    return number(text[:-1].rstrip() + " %" if text.endswith("%") else text)
