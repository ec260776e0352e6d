"""A reply as it is written: each piece told once, its thoughts timed."""

from __future__ import annotations

import pytest

from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.writing import Writing, writing_of
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake

REQUEST = GenerateRequest("r")


def test_each_piece_is_told_once() -> None:
    writing = Writing(REQUEST, Conversation(), "m", "Before ")
    writing.add("one ")
    writing.add("two")
    assert writing.text() == "Before one two"
    assert writing.take_unkept() == "one two"
    assert writing.take_unkept() == ""
    writing.add(" three")
    assert (writing.text(), writing.take_unkept()) == ("Before one two three", " three")


def test_thoughts_are_timed_and_counted_until_the_answer_begins() -> None:
    writing = Writing(REQUEST, Conversation(), "m", marks=("<think>", "</think>"))
    writing.add("<think>Hm")
    writing.tokens = 5
    writing.add(" well.</think>")
    seconds = writing.thought_seconds
    assert seconds > 0
    assert writing.thought_tokens == 5
    writing.tokens = 9
    writing.add("So.")
    assert (writing.thought_seconds, writing.thought_tokens) == (seconds, 5)
    plain = Writing(REQUEST, Conversation(), "m")
    plain.add("<think>Hm</think>So.")
    assert (plain.thought_seconds, plain.thought_tokens) == (0.0, 0)


@pytest.mark.parametrize(("asked", "opens"), [(None, True), (False, False), (True, True)])
def test_whether_the_prompt_opens_a_thought(asked: bool | None, opens: bool) -> None:
    ready = fake.ready(thinking=("<think>", "</think>"), thinking_opens=True, thinking_opens_when=(False, True))
    made = writing_of(GenerateRequest("r", thinking=asked), Conversation(), "m", ready)
    assert (made.marks, made.opens) == (("<think>", "</think>"), opens)
    assert writing_of(REQUEST, Conversation(), "m", None).marks == ("", "")


def test_a_text_that_is_continued_holds_no_thought() -> None:
    ready = fake.ready(thinking=("<think>", "</think>"), thinking_opens=True)
    made = writing_of(GenerateRequest("r", raw=True), Conversation(), "m", ready)
    assert (made.marks, made.opens) == (("", ""), False)
