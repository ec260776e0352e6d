"""A reply as it is written: each piece told once, its thoughts timed, and the request that asked for it."""

from __future__ import annotations

import pytest

from helix_app.base.settings import Settings
from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.chats.writing import Writing, reply_request, writing_of
from helix_app.protocol.requests import GenerateRequest
from tests.gui import fake

REQUEST = GenerateRequest("r")


def test_the_request_for_an_answer() -> None:
    talk = Conversation()
    ask = talk.add("user", "Why?")
    request = reply_request(talk, ask.id, Settings(system_prompt="Be brief.", temperature=0.0), 3, 2)
    assert [m.content for m in request.messages] == ["Be brief.", "Why?"]
    assert (request.verify, request.sampling.seed, request.alternatives) == ("coupled", 3, 2)
    assert (request.template, request.on_full) == ("", "stop")
    talk.settings = to_text(Prompting({"system_prompt": "", "on_full": "drop_oldest"}, 9, ("END",), False, "T"))
    own = reply_request(talk, ask.id, Settings(system_prompt="Be brief."), 3)
    assert [m.content for m in own.messages] == ["Why?"]
    assert (own.sampling.seed, own.stop, own.thinking) == (9, ("END",), False)
    assert (own.template, own.on_full) == ("T", "drop_oldest")
    assert reply_request(talk, ask.id, Settings(), None).request_id != own.request_id


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
