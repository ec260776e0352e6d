"""What a model's chat template and vocabulary say of its reasoning: its marks, and whether a template can switch it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Marks = tuple[str, str]
NO_MARKS: Marks = ("", "")
_MARKS: tuple[Marks, ...] = (
    ("<think>", "</think>"),
    ("[THINK]", "[/THINK]"),
    ("<|channel|>analysis<|message|>", "<|start|>assistant<|channel|>final<|message|>"),
    ("<|channel>thought", "<channel|>"),
    ("<seed:think>", "</seed:think>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("◁think▷", "◁/think▷"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
)
_SWITCHES = ("enable_thinking", "thinking", "reasoning_effort")
_EFFORT = "reasoning_effort"  # takes words
_MORE, _LESS = ("medium", "high"), ("none", "no_think", "minimal", "low")  # the first that a template names


@dataclass(frozen=True)
class Thinking:
    """How a model's reasoning is marked and switched.

    Attributes:
        marks: texts before and after it; empty where nothing says that the model reasons.
        switch: variable of the template that switches it, "" for none.
        opens: a prompt ends inside a block of reasoning, by the template's own default.
        opens_when: the same where the switch is off, and on.
    """

    marks: Marks = NO_MARKS
    switch: str = ""
    opens: bool = False
    opens_when: tuple[bool, bool] = (False, False)


def find_marks(template: str, in_vocabulary: Callable[[str], bool]) -> Marks:
    """The marks of which each is in the template or a token; a pair that the template itself has comes first."""
    for marks in _MARKS:
        if all(mark in template for mark in marks):
            return marks
    for marks in _MARKS:
        if all(mark in template or in_vocabulary(mark) for mark in marks):
            return marks
    return NO_MARKS


def find_thinking(template: str, marks: Marks, prompt: Callable[[bool | None], str]) -> Thinking:
    """What a template says.

    Args:
        prompt: a short conversation in this template, its switch off, on or left alone; empty where it refuses that.
    """
    switch = find_switch(template)
    default = _ends_inside(prompt(None), marks)
    when = (_ends_inside(prompt(False), marks), _ends_inside(prompt(True), marks)) if switch else (default, default)
    return Thinking(marks, switch, default, when)


def find_switch(template: str) -> str:
    """The variable of a template that switches reasoning; empty where it reads none, or is no template."""
    from helix_app.engine.text.template import variables

    read = variables(template)
    return next((name for name in _SWITCHES if name in read), "")


def switched(template: str, thinking: bool | None) -> dict[str, bool | str]:
    """The variables that switch a template's reasoning on or off; none where it has no switch or keeps its default."""
    switch = find_switch(template) if thinking is not None else ""
    if not switch or thinking is None:
        return {}
    if switch != _EFFORT:
        return {switch: thinking}
    from helix_app.engine.text.template import words

    named, wanted = words(template), _MORE if thinking else _LESS
    return {switch: next((word for word in wanted if word in named), wanted[-1])}


def _ends_inside(prompt: str, marks: Marks) -> bool:
    return bool(marks[0]) and prompt.rstrip().endswith(marks[0])
