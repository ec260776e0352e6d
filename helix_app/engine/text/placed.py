"""Which part of a prompt each of its tokens is of: what a person, a system prompt or a model wrote, or the template.

Contents are found in the rendered text by what stands between them. That is known from the same conversation with a
mark in the place of each content; where a template writes something else then, contents are looked for themselves.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from helix_app.base.errors import InputError
from helix_app.engine.text.chat_prompt import begun_reply, fold_system
from helix_app.engine.text.tokenizer import Tokenizer
from helix_app.protocol.conversations.prompts import Part
from helix_app.protocol.requests import ChatMessage

_FIRST_MARK = 0xF0000  # a private character for each content, which no template and hardly any text has


@dataclass(frozen=True)
class Placed:
    """A token of a prompt, and what it is of."""

    token_id: int
    part: Part


def placed_tokens(tokenizer: Tokenizer, messages: Sequence[ChatMessage], thinking: bool | None = None) -> list[Placed]:
    """The tokens of ``chat_prompt.chat_tokens``, each with its part. Raises InputError as that."""
    asked, begun = begun_reply(messages)
    told, text = _rendered(tokenizer, asked, thinking)
    spans = _spans(tokenizer, told, thinking, text)
    starts = [start for start, _, _ in spans]

    def part_at(character: int) -> Part:
        index = bisect_right(starts, character) - 1
        return spans[index][2] if index >= 0 and character < spans[index][1] else "template"

    out: list[Placed] = []
    for token_id, start, end in tokenizer.encode_placed(text, add_bos=True):
        part: Part = "template"
        if token_id not in tokenizer.special_ids:  # one that lies across is of the content
            part = part_at(start) if part_at(start) != "template" else part_at(end - 1)
        out.append(Placed(token_id, part))
    if begun:
        out += [Placed(token_id, "reply") for token_id in tokenizer.encode_continued(begun)]
    return out


def placed_text(tokenizer: Tokenizer, messages: Sequence[ChatMessage]) -> list[Placed]:
    """The tokens of ``chat_prompt.plain_tokens``, each with its part; one that lies across is of where it begins."""
    ends = list(accumulate(len(message.content) for message in messages))
    last = len(messages) - 1

    def part_at(character: int) -> Part:
        if character < 0:
            return "template"
        index = min(bisect_right(ends, character), last)
        if index < last:
            return "history"
        return "reply" if messages[index].role == "assistant" else "message"

    text = "".join(message.content for message in messages)
    return [Placed(token_id, part_at(start)) for token_id, start, _ in tokenizer.encode_placed(text, add_bos=True)]


def _rendered(
    tokenizer: Tokenizer, messages: Sequence[ChatMessage], thinking: bool | None
) -> tuple[Sequence[ChatMessage], str]:
    """What is rendered, as it is or with its system prompt folded in, and the text of it."""
    try:
        return messages, tokenizer.chat_text(messages, thinking)
    except InputError:
        folded = fold_system(messages)
        if not folded:
            raise
        return folded, tokenizer.chat_text(folded, thinking)


def _spans(
    tokenizer: Tokenizer, messages: Sequence[ChatMessage], thinking: bool | None, text: str
) -> list[tuple[int, int, Part]]:
    """Where the contents stand in the text, in order."""
    marks = [chr(_FIRST_MARK + index) for index in range(len(messages))]
    marked = [replace(message, content=mark) for message, mark in zip(messages, marks)]
    try:
        between = _between(tokenizer.chat_text(marked, thinking), marks)
    except InputError:  # a template that looks into the contents
        between = []
    found = _by_what_is_between(text, messages, between) if between else None
    return _by_content(text, messages) if found is None else found


def _between(text: str, marks: Sequence[str]) -> list[str]:
    """What stands before, between and after the marks; empty unless each is there once, in order."""
    out: list[str] = []
    for mark in marks:
        if text.count(mark) != 1:
            return []
        before, _, text = text.partition(mark)
        out.append(before)
    return [*out, text]


def _by_what_is_between(
    text: str, messages: Sequence[ChatMessage], between: Sequence[str]
) -> list[tuple[int, int, Part]] | None:
    """None where the text is another one."""
    spans: list[tuple[int, int, Part]] = []
    if not text.startswith(between[0]):
        return None
    at = len(between[0])
    for index, (message, after) in enumerate(zip(messages, between[1:])):
        last = index + 1 == len(messages)
        end = -1
        for content in (message.content, message.content.strip()):
            if text.startswith(content + after, at):
                end = at + len(content)
                break
        if end < 0:  # a template that leaves out some of it, such as what was thought
            end = len(text) - len(after) if last else text.find(after, at) if after else -1
        if end < at or (last and text[end:] != after):
            return None
        spans.append((at, end, _part(messages, index)))
        at = end + len(after)
    return spans


def _by_content(text: str, messages: Sequence[ChatMessage]) -> list[tuple[int, int, Part]]:
    spans: list[tuple[int, int, Part]] = []
    at = 0
    for index, message in enumerate(messages):
        content = message.content.strip()
        start = text.find(content, at) if content else -1
        if start >= 0:
            at = start + len(content)
            spans.append((start, at, _part(messages, index)))
    return spans


def _part(messages: Sequence[ChatMessage], index: int) -> Part:
    if messages[index].role == "system":
        return "system"
    return "message" if index == len(messages) - 1 else "history"
