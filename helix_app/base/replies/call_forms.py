"""One call of a tool, read character by character, in the two forms that models write it in."""

from __future__ import annotations

import json
import string
from collections.abc import Mapping
from typing import Literal

from helix_app.base import texts

NAME = frozenset(string.ascii_letters + string.digits + "_-.")
_SCALAR = frozenset(string.ascii_letters + string.digits + "+-.")
_CLOSING = {"{": "}", "[": "]"}
_ARGUMENTS = ("arguments", "parameters")
_KEYS = ("name", "type", "function", *_ARGUMENTS)
_ESCAPES = frozenset('"\\/bfnrtu')  # what may follow a backslash


class JsonValue:
    """A JSON value as it comes; looked at only as far as it takes to know where it ends.

    Attributes:
        text: so far, its strings as JSON has them.
        done: it is whole.
    """

    def __init__(self) -> None:
        self.text, self.done = "", False
        self._told = 0
        self._open: list[str] = []  # what closes the brackets that are open
        self._in_string = self._escaped = False

    def push(self, character: str) -> bool:
        """Take one more character; False where it is not the value's: that is ``done`` before it, or none at all."""
        in_string, escaped = self._in_string, self._escaped
        if not self._takes(character):
            return False
        self.text += _in_string(character, escaped) if in_string else character
        return True

    def take(self) -> str:
        """What is new of its text."""
        new = self.text[self._told :]
        self._told = len(self.text)
        return new

    def read(self) -> object:
        """The value, None where it is none."""
        try:
            found: object = texts.parse_json(self.text)
        except ValueError:
            return None
        return texts.whole(found) if isinstance(found, str) else found

    def _takes(self, character: str) -> bool:
        if self._in_string:
            if self._escaped:
                self._escaped = False
            elif character == "\\":
                self._escaped = True
            elif character == '"':
                self._in_string = False
                self.done = not self._open
            return True
        if self.text and not self._open:  # a number or a word
            self.done = character not in _SCALAR
            return not self.done
        if character == '"':
            self._in_string = True
        elif character in _CLOSING:
            self._open.append(_CLOSING[character])
        elif self._open and character == self._open[-1]:
            self._open.pop()
            self.done = not self._open
        elif not self._open:
            return character in _SCALAR
        else:
            return character not in "}]"
        return True


def _in_string(character: str, escaped: bool) -> str:
    """A character of a string as JSON has it: models write line breaks as they are, and backslashes that escape none.

    ``escaped`` says that it stands behind a backslash.
    """
    told = json.dumps(character)[1:-1] if character < " " else character
    return f"\\{told}" if escaped and character not in _ESCAPES else told


def _as_json(text: str) -> str:
    """A text that is to be JSON, its strings as JSON has them."""
    value = JsonValue()
    return value.text if all(value.push(character) for character in text.strip()) else text


class JsonCall:
    """``{"name": …, "arguments": {…}}``, or a name that is known and the arguments alone.

    Attributes:
        name: once it is known.
        begun: name and the begin of the arguments are known: it is a call.
        done: it is whole; a call if it has ``begun``.
    """

    def __init__(self, *, strict: bool = False, name: str = "") -> None:
        """``strict`` takes no object with other keys than a call's, and none without arguments."""
        self.name, self.begun, self.done = name, False, False
        self._strict, self._bare = strict, bool(name)
        self._state: Literal["open", "first", "key", "colon", "value", "next"] = "value" if name else "open"
        self._key = _ARGUMENTS[0] if name else ""
        self._value: JsonValue | None = None
        self._arguments: str | None = None  # not told yet; None before any came

    def take(self) -> str:
        """What is new of the arguments, once it has begun."""
        if not self.begun or not self._arguments:
            return ""
        new, self._arguments = self._arguments, ""
        return new

    def push(self, character: str) -> bool:
        """Take one more character; False where this is no call, or no more of one."""
        if self._value is not None:
            if self._value.push(character):
                return self._went_on(self._value)
            if not self._value.done or not self._went_on(self._value):
                return False
        return character.isspace() or self._between(character)

    def _between(self, character: str) -> bool:
        """A character outside of keys and values."""
        step = (self._state, character)
        if step == ("open", "{"):
            self._state = "first"
        elif step in (("first", "}"), ("next", "}")):
            self._close()
        elif step == ("colon", ":"):
            self._state = "value"
        elif step == ("next", ","):
            self._state = "key"
        elif self._state == "value" or (self._state in ("first", "key") and character == '"'):
            self._value = JsonValue()
            return self._value.push(character) and self._went_on(self._value)
        else:
            return False
        return True

    def _went_on(self, value: JsonValue) -> bool:
        """A key or value has one more character, or has ended."""
        argues = self._state == "value" and self._key in _ARGUMENTS
        if argues and value.text[0] == "{":
            self._arguments = (self._arguments or "") + value.take()
        elif argues and self._strict:
            return False
        if not value.done:
            self._look()
            return True
        self._value = None
        read = value.read()
        if self._state != "value":
            self._key, self._state = str(read), "colon"
            return not self._strict or self.begun or self._key in _KEYS
        self._state, self.done = "next", self._bare
        if argues and value.text[0] != "{":  # their text as a string, or nothing
            self._arguments = _as_json(read) if isinstance(read, str) else json.dumps(read) if read else "{}"
        elif self._key == "name" and not self.name:
            self.name = read if isinstance(read, str) else ""
        self._look()
        return True

    def _look(self) -> None:
        self.begun = bool(self.name) and self._arguments is not None

    def _close(self) -> None:
        self.done = True
        if self._arguments is None and not self._strict:
            self._arguments = "{}"
        self._look()


class XmlCall:
    """``<function=name><parameter=x>…</parameter></function>``.

    Attributes:
        name: once it is known; then it is a call.
        done: it is whole.
        rest: what was read of a tag that is none, before the character that ended the call.
    """

    def __init__(self, types: Mapping[str, Mapping[str, str]], *, inside: bool = False) -> None:
        """
        Args:
            types: of the parameters of each function, in the words of JSON schema.
            inside: ``<function=`` was read already.
        """
        self.name, self.done, self.rest = "", False, ""
        self._types = types
        self._state: Literal["tag", "name", "body", "key", "value"] = "name" if inside else "tag"
        self._read = ""
        self._key = ""
        self._fresh = ""
        self._first = True

    def take(self) -> str:
        """What is new of the arguments, as JSON."""
        fresh, self._fresh = self._fresh, ""
        return fresh

    def push(self, character: str) -> bool:
        """Take one more character; False where this is no call, or no more of one."""
        good = {"tag": self._tag, "name": self._names, "body": self._body, "key": self._keys, "value": self._values}
        if good[self._state](character):
            return True
        self.rest = self._read if self.name else ""
        if self.name:
            self._fresh += "}"
        return False

    def _tag(self, character: str) -> bool:
        return self._expects(character, {"<function=": "name"})

    def _body(self, character: str) -> bool:
        good = self._expects(character, {"<parameter=": "key", "</function>": "tag"})
        if good and self._state == "tag":
            self._fresh += "}"
            self.done = True
        return good

    def _expects(self, character: str, tags: Mapping[str, Literal["tag", "name", "key"]]) -> bool:
        """White space, or the next character of one of the tags."""
        read = (self._read + character).lstrip()
        if not any(tag.startswith(read) for tag in tags):
            return False
        self._read = read
        if read in tags:
            self._state, self._read = tags[read], ""
        return True

    def _names(self, character: str) -> bool:
        if character == ">" and self._read:
            self.name, self._read, self._state = self._read, "", "body"
            self._fresh = "{"
            return True
        self._read += character
        return character in NAME

    def _keys(self, character: str) -> bool:
        if character == ">" and self._read:
            self._key, self._read, self._state = self._read, "", "value"
            return True
        if character in "<>\n":
            return False
        self._read += character
        return True

    def _values(self, character: str) -> bool:
        self._read += character
        if character == ">" and self._read.endswith("</parameter>"):
            text = self._read.removesuffix("</parameter>").removeprefix("\n").removesuffix("\n")
            value = _typed(text, self._types.get(self.name, {}).get(self._key, ""))
            self._fresh += ("" if self._first else ", ") + json.dumps(self._key) + ": " + json.dumps(value)
            self._first, self._read, self._state = False, "", "body"
        return True


def _typed(text: str, kind: str) -> object:
    """A parameter's text as a value of its type; of an unknown type, whatever JSON takes it for."""
    if kind == "string":
        return text
    try:
        value: object = json.loads(text.lower() if kind == "boolean" else text)
        json.dumps(value, allow_nan=False)
    except (ValueError, RecursionError):
        return text
    return value


def parameter_types(tools: object) -> dict[str, dict[str, str]]:
    """Types of the parameters of each function in OpenAI's ``tools``; what is not described so is left out."""
    found: dict[str, dict[str, str]] = {}
    for tool in tools if isinstance(tools, (list, tuple)) else ():
        function = tool.get("function", tool) if isinstance(tool, Mapping) else None
        if not isinstance(function, Mapping) or not isinstance(function.get("name"), str):
            continue
        schema = function.get("parameters")
        properties = schema.get("properties") if isinstance(schema, Mapping) else None
        if isinstance(properties, Mapping):
            kinds = {str(key): each.get("type") for key, each in properties.items() if isinstance(each, Mapping)}
            found[function["name"]] = {key: kind for key, kind in kinds.items() if isinstance(kind, str)}
    return found
