"""A counter of prompts that answers at once, with a made tokenizer: a word is a token."""

from __future__ import annotations

import re

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.prompts import PARTS, Part, PromptAsked, PromptCounted, PromptToken
from helix_app.protocol.events import Failed
from helix_app.protocol.models.loading import ModelReady
from tests.gui import fake

TEMPLATE = (
    "{% for message in messages %}\n"
    "{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}\n"
    "{% endfor %}\n"
    "{{ '<|im_start|>assistant\\n' }}"
)
_WORD = re.compile(r"\s?\w+|\s|[^\w\s]")
START, END, NEWLINE = (1, "<|im_start|>"), (2, "<|im_end|>"), (3, "\n")


def ready(**values: object) -> ModelReady:
    """A loaded model of which the file is known."""
    return fake.ready(**{"target_file": "/models/smol/model.gguf", **values})


def tokens(asked: PromptAsked) -> tuple[PromptToken, ...]:
    """The prompt as the made tokenizer has it."""
    out: list[PromptToken] = []

    def mark(number: int, text: str) -> None:
        out.append(PromptToken(number, text, "template", number < 3))

    def words(text: str, part: Part) -> None:
        out.extend(PromptToken(100 + len(word), word, part) for word in _WORD.findall(text))

    if asked.raw:
        out.append(PromptToken(1, "<bos>", "template", True))
        for index, message in enumerate(asked.messages):
            last = index == len(asked.messages) - 1
            words(message.content, ("reply" if message.role == "assistant" else "message") if last else "history")
        return tuple(out)
    for index, message in enumerate(asked.messages):
        part: Part = "history" if index < len(asked.messages) - 1 else "message"
        mark(*START)
        words(message.role, "template")
        mark(*NEWLINE)
        words(message.content, "system" if message.role == "system" else part)
        mark(*END)
        mark(*NEWLINE)
    mark(*START)
    words("assistant", "template")
    mark(*NEWLINE)
    return tuple(out)


class FakeCounter:
    """Answers what a window asks, at once, unless it is told to wait.

    Attributes:
        asked: all questions.
        left_out: how many messages it says are left out.
        failed, line: what is wrong, and where, for as long as a template of this text is asked for.
    """

    def __init__(self, window: MainWindow) -> None:
        self.window = window
        self.asked: list[PromptAsked] = []
        self.left_out = 0
        self.waits = False
        self.faults: dict[str, tuple[Failed, int]] = {}
        window.prompt_asked.connect(lambda asked: self.on_asked(asked))  # which keeps this alive

    def on_asked(self, asked: PromptAsked) -> None:
        """Answer a question."""
        self.asked.append(asked)
        if not self.waits:
            self.answer(asked)

    def answer(self, asked: PromptAsked | None = None) -> None:
        """Answer a question, by default the last one."""
        asked = asked or self.asked[-1]
        if asked.template in self.faults:
            failed, line = self.faults[asked.template]
            own = "" if asked.raw else TEMPLATE
            told = PromptCounted(asked.number, own_template=own, failed=failed, line=line, raw=asked.raw)
            self.window.on_event(told)
            return
        found = tokens(asked)
        counts = tuple(sum(token.part == part for token in found) for part in PARTS)
        room = max(0, asked.context - len(found))
        shown, own = found if asked.tokens else (), "" if asked.raw else TEMPLATE
        self.window.on_event(PromptCounted(asked.number, counts, self.left_out, room, own, shown, raw=asked.raw))
