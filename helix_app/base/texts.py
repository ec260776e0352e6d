"""Text from outside: bytes in some encoding, words with half characters in them, JSON of any depth."""

from __future__ import annotations

import codecs
import json
import locale
import re
from pathlib import Path
from typing import Any

from helix_app.base.message_texts.reasons import Reason, reason_of
from helix_app.base.message_texts.system import said

_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WESTERN = "cp1252"  # what programs on Windows wrote before UTF-8, and a superset of Latin-1's letters
# halves that Python makes of bytes which are no UTF-8; one behind its other half is a character
_OF_BYTES = re.compile(r"(?<![\ud800-\udbff])[\udc80-\udcff]+")


def decode(data: bytes) -> tuple[str, str]:
    """Bytes as text: a byte order mark decides, else it is UTF-8, else the encoding of this computer or Western.

    Returns:
        The text, and the encoding where it was guessed; empty where it was not.

    Raises:
        ValueError: it is no text; ``why`` has the words.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding), ""
            except UnicodeDecodeError as exc:
                if encoding == "utf-32":
                    continue  # UTF-16 that begins with a zero
                exc.reason = reason_of("not_encoding", encoding=encoding[:6].upper().rstrip("-"))
                raise
    try:
        return data.decode("utf-8"), ""
    except UnicodeDecodeError:
        pass
    guessed = None if b"\0" in data else _guessed(data)
    if guessed is None:
        raise ValueError(reason_of("not_text"))
    return guessed


def _guessed(data: bytes) -> tuple[str, str] | None:
    """The text in the encoding of this computer or Western, with that encoding; None where it is in neither."""
    for encoding in (locale.getpreferredencoding(False), _WESTERN):
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    return None


def why(exc: OSError | ValueError) -> str:
    """What kept a file from being read or written, for a sentence."""
    for own in (getattr(exc, "reason", None), *exc.args[:1]):
        if isinstance(own, Reason):
            return own
    system = said(exc) if isinstance(exc, OSError) else ""
    return str(system or getattr(exc, "reason", None) or exc)


def read(path: Path | str) -> str:
    """The text of a file, as ``decode`` reads it. Raises OSError, and ValueError for what is no text."""
    return decode(Path(path).read_bytes())[0]


def parse_json(text: str) -> Any:
    """The value of a JSON text. Raises ValueError, also for one that is nested too deeply."""
    try:
        return json.loads(text)
    except RecursionError:
        raise ValueError(reason_of("too_deep")) from None


def read_json(path: Path | str) -> Any:
    """The value in a JSON file. Raises OSError, and ValueError for what is no JSON."""
    return parse_json(read(path))


def whole(text: str) -> str:
    """The same without halves of characters, which no tokenizer and no file takes.

    Two that belong together become their character; any others become U+FFFD.
    """
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def whole_name(text: str) -> str:
    """``whole`` of a text that may be from the system, such as the name of a file.

    The halves that Python makes of bytes that are no UTF-8 become the characters that these bytes stand for.
    """
    try:
        text.encode("utf-8")
        return text
    except UnicodeEncodeError:
        return whole(_OF_BYTES.sub(_meant, text))


def _meant(halves: re.Match[str]) -> str:
    guessed = _guessed(halves[0].encode("utf-8", "surrogateescape"))
    return "\ufffd" * len(halves[0]) if guessed is None else guessed[0]
