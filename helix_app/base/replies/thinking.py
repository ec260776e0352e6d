"""A reply's text parted into reasoning and answer, by the marks that a model puts around its reasoning.

Reasoning comes first: what looks like a mark after the answer has begun is the answer's own, as in a reply about them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

_FINAL = "<|channel|>final<|message|>"  # before the answer of a reply in the harmony format that does not reason
_BETWEEN = "\n\n"  # two blocks of reasoning, one right after the other


@dataclass(frozen=True)
class Parted:
    """Text of a reply in its two parts.

    Attributes:
        thought: without marks, and without white space at its ends.
        answer: without white space before it where there was reasoning; otherwise as it stands.
        open: the reply is, or ended, inside its reasoning.
    """

    thought: str = ""
    answer: str = ""
    open: bool = False


def part(text: str, marks: tuple[str, str], opens: bool = False) -> Parted:
    """A whole reply in its parts; arguments as in ``ThoughtSplitter``."""
    splitter = ThoughtSplitter(marks, opens)
    first, rest = splitter.feed(text), splitter.end()
    return Parted(first.thought + rest.thought, first.answer + rest.answer, rest.open)


class ThoughtSplitter:
    """Parts a reply as it comes. However its text is cut into pieces, the parts add up to the same.

        begin --open mark--> thought --close mark--> after --other text--> answer
          |                     ^                      |
          |                     +------open mark-------+
          +-----------------other text---------------------------------------^

    Text that may turn out to be a mark waits until it is one or not. A block that the prompt has opened may have its
    mark in the reply once more; it is dropped. So is, before an answer without reasoning, a mark of its own that the
    close mark ends with (gpt-oss).
    """

    def __init__(self, marks: tuple[str, str], opens: bool = False) -> None:
        """
        Args:
            marks: texts before and after reasoning; empty for a model that has none.
            opens: the prompt has opened a block already.
        """
        self._open_mark, self._close_mark = marks
        self._answer_mark = _FINAL if self._close_mark.endswith(_FINAL) else ""
        self._state: Literal["begin", "opened", "thought", "after", "answer"] = "opened" if opens else "begin"
        if not (self._open_mark and self._close_mark):
            self._state = "answer"
        self._held = ""
        self._before = ""  # what the next piece of reasoning stands after, where a block begins
        self._in_block = False  # a piece of this block was given out

    @property
    def open(self) -> bool:
        """Whether the text so far ends inside reasoning."""
        return self._state in ("opened", "thought")

    def feed(self, text: str) -> Parted:
        """What this text adds to each part."""
        self._held += text
        return self._parted(last=False)

    def end(self) -> Parted:
        """What was held back until the end of the reply; nothing can be fed after it."""
        return self._parted(last=True)

    def _parted(self, last: bool) -> Parted:
        thought, answer, before = "", "", ""
        while before != self._state:
            before = self._state
            if before == "thought":
                thought += self._think(last)
            elif before != "answer":
                self._look_for_block(last)
        if self._state == "answer":
            answer, self._held = self._held, ""
        return Parted(thought, answer, self.open)

    def _look_for_block(self, last: bool) -> None:
        """Go on to reasoning or to the answer, once it is clear which comes."""
        text = self._held.lstrip()
        if text.startswith(self._open_mark):
            self._held, self._state = text[len(self._open_mark) :], "thought"
        elif self._answer_mark and self._state == "begin" and text.startswith(self._answer_mark):
            self._held, self._state = text[len(self._answer_mark) :], "answer"
        elif last or not (self._open_mark.startswith(text) or self._answer_mark.startswith(text)):
            if self._state != "begin":
                self._held = text
            self._state = "thought" if self._state == "opened" else "answer"

    def _think(self, last: bool) -> str:
        """Reasoning up to its end, or as far as it is sure to be some; white space waits for what follows it."""
        at = self._held.find(self._close_mark)
        if at >= 0:
            text, self._held, self._state = self._held[:at].rstrip(), self._held[at + len(self._close_mark) :], "after"
        else:
            sure = self._held if last else self._held[: len(self._held) - _overlap(self._held, self._close_mark)]
            text = sure.rstrip()
            self._held = self._held[len(text) :]
        text = text if self._in_block else text.lstrip()
        if text and not self._in_block:
            self._in_block, text, self._before = True, self._before + text, _BETWEEN
        if self._state == "after":
            self._in_block = False
        return text


def _overlap(text: str, mark: str) -> int:
    """Characters at the end of a text that may be the begin of a mark."""
    most = min(len(text), len(mark) - 1)
    return next((count for count in range(most, 0, -1) if text.endswith(mark[:count])), 0)
