"""A reply's text parted into what it says and the tools it calls, by the form that its model writes calls in.

    hermes    <tool_call>{"name": …, "arguments": {…}}</tool_call>                           (Qwen, Hermes, SmolLM)
    llama     {"name": …, "parameters": {…}} as the whole reply, or after <|python_tag|>     (Llama 3.1 and newer)
    mistral   [TOOL_CALLS][{"name": …, "arguments": {…}}, …] or [TOOL_CALLS]name[ARGS]{…}
    xml       <tool_call><function=name><parameter=x>…</parameter></function></tool_call>    (Qwen3-Coder)

A text is read one character at a time, so it does not matter into which pieces it is cut. What turns out to be no call
comes out as it stands. White space beside calls belongs to their form and is left out.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Union

from helix_app.base.replies.call_forms import NAME, JsonCall, XmlCall, parameter_types

STYLES = ("hermes", "llama", "mistral", "xml")
# special tokens of each form: as others they would have no text
MARKS: dict[str, tuple[str, ...]] = {
    "hermes": ("<tool_call>", "</tool_call>"),
    "llama": ("<|python_tag|>",),
    "mistral": ("[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"),
    "xml": ("<tool_call>", "</tool_call>"),
}
_BEGIN: dict[str, tuple[str, ...]] = {
    "hermes": ("<tool_call>",),
    "llama": ("<|python_tag|>",),
    "mistral": ("[TOOL_CALLS]",),
    "xml": ("<tool_call>", "<function="),
}
_END = "</tool_call>"
_HEAD = re.compile(r"\s*([\w.-]+)(?:\[CALL_ID\]\w+)?(?:\[ARGS\])?\s*", re.ASCII)  # before arguments of mistral
_LETTERS = string.ascii_letters + string.digits


@dataclass(frozen=True)
class TextPart:
    """Text for the person."""

    text: str


@dataclass(frozen=True)
class ToolCallStart:
    """A call begins. ``index`` counts the calls of a reply from 0."""

    index: int
    id: str
    name: str


@dataclass(frozen=True)
class ToolCallArguments:
    """More of a call's arguments, which together are one JSON object, unless the reply ends inside it."""

    index: int
    text: str


Part = Union[TextPart, ToolCallStart, ToolCallArguments]


def new_call_id() -> str:
    """An id for a call: nine letters and digits, which is what Mistral's templates want."""
    return "".join(secrets.choice(_LETTERS) for _ in range(9))


class ToolCallParser:
    """Parts one reply as it comes.

        text --mark--> in a call --its end--> closing (or between, in a list) --> text
          ^                |
          +---no call------+

    Attributes:
        calls: how many have begun.
    """

    def __init__(
        self, style: str, tools: Sequence[Mapping[str, object]] = (), make_id: Callable[[], str] = new_call_id
    ) -> None:
        """
        Args:
            style: one of ``STYLES``; anything else finds no calls.
            tools: OpenAI's descriptions, parsed; they tell of which types the arguments of ``xml`` are.
            make_id: gives the ids of calls.
        """
        self.calls = 0
        self._style = style if style in STYLES else ""
        self._types = parameter_types(tools)
        self._make_id = make_id
        self._parts: list[Part] = []
        self._held = ""  # may be the begin of a mark
        self._space = ""  # may stand before a call
        self._raw = ""  # of a call that has not begun yet: text, should it be none
        self._in_list = False
        self._json, self._xml = JsonCall(), XmlCall({})
        self._step: Callable[[str], None] = self._opening if self._style == "llama" else self._text

    def feed(self, text: str) -> list[Part]:
        """What this text adds, in order."""
        if not self._style:
            return [TextPart(text)] if text else []
        for character in text:
            self._step(character)
        return self._take()

    def finish(self) -> list[Part]:
        """What was held back; the reply is over."""
        self._say(self._raw + ("" if self._step == self._closing else self._held))
        self._raw = self._held = ""
        if self._space and not self.calls:
            self._add(TextPart(self._space))
        self._space = ""
        return self._take()

    # ----------------------------------------------------------------- what comes out

    def _take(self) -> list[Part]:
        parts, self._parts = self._parts, []
        return parts

    def _add(self, part: Part) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(part, TextPart) and isinstance(last, TextPart):
            self._parts[-1] = TextPart(last.text + part.text)
        elif isinstance(part, ToolCallArguments) and isinstance(last, ToolCallArguments) and last.index == part.index:
            self._parts[-1] = ToolCallArguments(part.index, last.text + part.text)
        else:
            self._parts.append(part)

    def _say(self, text: str) -> None:
        """Text; white space at its end waits for what comes after it."""
        words = text.rstrip()
        if words:
            self._add(TextPart(self._space + words))
            self._space = ""
        self._space += text[len(words) :]

    def _start(self, name: str) -> None:
        self._space = self._raw = ""
        self._add(ToolCallStart(self.calls, self._make_id(), name))
        self.calls += 1

    def _argue(self, text: str) -> None:
        if text:
            self._add(ToolCallArguments(self.calls - 1, text))

    # ----------------------------------------------------------------- text

    def _text(self, character: str) -> None:
        self._held += character
        marks = _BEGIN[self._style]
        while self._held and not any(mark.startswith(self._held) for mark in marks):
            self._say(self._held[0])
            self._held = self._held[1:]
        if self._held in marks:
            mark, self._held = self._held, ""
            self._begin(mark)

    def _opening(self, character: str) -> None:
        """Before the first word of a reply, where a call may stand without a mark."""
        if character.isspace():
            self._say(character)
            return
        if character == "{":
            self._begin("")
        else:
            self._step = self._text
        self._step(character)

    def _begin(self, mark: str) -> None:
        """A call may follow."""
        self._raw = mark
        self._json = JsonCall(strict=self._style == "llama")
        self._xml = XmlCall(self._types, inside=mark == "<function=")
        self._step = {"xml": self._in_xml, "mistral": self._head}.get(self._style, self._in_json)

    def _no_call(self, rest: str) -> None:
        """What began is no call, or it is over and something else follows."""
        self._say(self._raw)
        self._raw, self._in_list, self._step = "", False, self._text
        for character in rest:
            self._step(character)

    # ----------------------------------------------------------------- calls

    def _head(self, character: str) -> None:
        """After the mark of mistral: a list of calls, or one call's name."""
        head = self._raw[len(_BEGIN["mistral"][0]) :]
        if character == "[" and not head.strip():
            self._raw += character
            self._in_list, self._step = True, self._in_json
        elif character == "{":
            named = _HEAD.fullmatch(head)
            if named is None:
                self._no_call(character)
                return
            self._json, self._step = JsonCall(name=named[1]), self._in_json
            self._step(character)
        elif character.isspace() or character in NAME or character in "[]":
            self._raw += character
        else:
            self._no_call(character)

    def _in_json(self, character: str) -> None:
        call, begun = self._json, self._json.begun
        if not call.push(character):
            self._no_call(character)
            return
        if not begun:
            self._raw += character
        if call.begun and not begun:
            self._start(call.name)
        self._argue(call.take())
        if call.done and not call.begun:
            self._no_call("")
        elif call.done:
            rows = self._in_list or self._style == "llama"
            self._step = self._between if rows else self._closing if self._style == "hermes" else self._text

    def _between(self, character: str) -> None:
        """After a call of a list, or of a row of calls."""
        if character.isspace():
            return
        again = character == ("," if self._in_list else ";") or (character == "{" and not self._in_list)
        if again:
            self._json, self._step = JsonCall(strict=self._style == "llama"), self._in_json
            if character == "{":
                self._step(character)
            else:
                self._raw = character
        else:
            self._no_call("" if self._in_list and character == "]" else character)

    def _in_xml(self, character: str) -> None:
        call, begun = self._xml, bool(self._xml.name)
        good = call.push(character)
        if call.name and not begun:
            self._start(call.name)
        self._argue(call.take())
        if not good:
            self._no_call(call.rest + character)
        elif call.done:
            self._step = self._closing
        elif not call.name:
            self._raw += character

    def _closing(self, character: str) -> None:
        """After a call: its closing mark, or whatever else follows."""
        if not self._held and (character.isspace() or character == "}"):
            return
        self._held += character
        if self._held == _END:
            self._held, self._step = "", self._text
        elif not _END.startswith(self._held):
            held, self._held = self._held, ""
            self._no_call(held)
