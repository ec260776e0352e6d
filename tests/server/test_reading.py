"""Parts of a reply out of its events, however its text is cut; several replies together."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, cast

import pytest

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.protocol.events import EmittedToken, Event, Notice, PrefillDone, PrefillProgress, TextDelta
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.desk import Reply
from helix_app.server.reading import (
    Answer,
    Begun,
    End,
    Form,
    Part,
    Thought,
    Tokens,
    form_of,
    parts_of,
    read_whole,
    together,
)
from tests.engine.host.fake_engines import finished
from tests.server.fakes import READY, round_done


class FakeReply:
    """Has these events."""

    timed_out = False

    def __init__(self, events: list[Event]) -> None:
        self._events, self.cancelled = events, False

    async def events(self) -> AsyncIterator[Event]:
        for event in self._events:
            yield event

    def cancel(self) -> None:
        self.cancelled = True


def parts(events: list[Event], form: Form | None = None, reply: FakeReply | None = None) -> list[Part]:
    async def run() -> list[Part]:
        made = cast(Reply, reply or FakeReply(events))
        return [part async for part in parts_of(made, form or Form())]

    return asyncio.run(run())


def token(number: int) -> EmittedToken:
    return EmittedToken(number, f"t{number}", "plain", 1.0)


def written(text: str, reason: str = "eos") -> list[Event]:
    """A reply of one character a time."""
    return [*(TextDelta("r", character) for character in text), finished("r", reason, text)]


@pytest.mark.parametrize(
    ("reason", "text", "told"),
    [
        ("eos", "t0t1", [0, 1]),
        ("eos", "t0t1t2", [0, 1, 2]),  # its grammar ended it, behind the last token of its text
        ("length", "t0t1t2", [0, 1, 2]),
        ("stop", "t0t1", [0, 1, 2]),
    ],
)
def test_the_token_that_ends_a_reply_may_be_none_of_its_text(reason: str, text: str, told: list[int]) -> None:
    events = [PrefillDone("r", 5, 3, 0.0, (token(0),)), round_done("r", 0, (token(1), token(2)))]
    found = parts([*events, finished("r", reason, text)])
    assert [t.token_id for part in found if isinstance(part, Tokens) for t in part.tokens] == told
    assert found[0] == Begun(5, 3)


def test_a_long_prompt_begins_the_answer_early() -> None:
    found = parts([PrefillProgress("r", 1, 900, 16), PrefillDone("r", 900, 16, 0.0), finished("r", "eos", "")])
    assert [part for part in found if isinstance(part, Begun)] == [Begun(900, 16)]


def test_reasoning_and_calls_in_any_pieces() -> None:
    text = '<think>hm</think>I look. <tool_call>{"name": "look", "arguments": {"at": 1}}</tool_call>'
    tools = ('{"type": "function", "function": {"name": "look"}}',)
    found = parts(written(text), Form(("<think>", "</think>"), False, "hermes", tools))
    assert "".join(part.text for part in found if isinstance(part, Thought)) == "hm"
    assert "".join(part.text for part in found if isinstance(part, Answer)) == "I look."
    assert [part.name for part in found if isinstance(part, ToolCallStart)] == ["look"]
    assert "".join(part.text for part in found if isinstance(part, ToolCallArguments)) == '{"at": 1}'


def test_a_second_call_ends_a_reply_that_may_have_one() -> None:
    call = '<tool_call>{"name": "look", "arguments": {}}</tool_call>'
    form = Form(calls="hermes", tools=('{"type": "function", "function": {"name": "look"}}',), one_call=True)
    reply = FakeReply(written(call + call, "cancelled"))
    found = parts([], form, reply)
    assert reply.cancelled
    assert len([part for part in found if isinstance(part, ToolCallStart)]) == 1
    assert isinstance(found[-1], End)
    assert found[-1].reason == "eos"


@pytest.mark.parametrize(("timed_out", "reason"), [(True, "time"), (False, "cancelled")])
def test_why_it_ended(timed_out: bool, reason: str) -> None:
    reply = FakeReply(written("x", "cancelled"))
    reply.timed_out = timed_out
    last = parts([], None, reply)[-1]
    assert isinstance(last, End)
    assert last.reason == reason


def test_the_form_of_a_model() -> None:
    ready = replace(READY, thinking_opens_when=(False, True), tool_style="hermes")
    asked = GenerateRequest("r", thinking=True, tools=("{}",))
    assert form_of(ready, asked) == Form(("<think>", "</think>"), True, "hermes", ("{}",))
    assert form_of(ready, GenerateRequest("r", raw=True, prompt="x")) == Form()
    assert form_of(ready, GenerateRequest("r")).calls == ""


def test_several_together_and_what_one_of_them_raises() -> None:
    async def answers(*texts: str) -> AsyncIterator[Part]:
        for text in texts:
            await asyncio.sleep(0)
            yield Answer(text)

    async def fails() -> AsyncIterator[Part]:
        yield Answer("x")
        raise KeyError("on purpose")

    async def read(*streams: Any) -> list[tuple[int, Part]]:
        return [pair async for pair in together(streams)]

    found = asyncio.run(read(answers("a", "b"), answers("c"), answers()))
    assert sorted((index, cast(Answer, part).text) for index, part in found) == [(0, "a"), (0, "b"), (1, "c")]
    with pytest.raises(KeyError):
        asyncio.run(read(answers("a"), fails()))

    async def whole() -> str:
        return (await read_whole(answers("a", "b"))).answer

    assert asyncio.run(whole()) == "ab"


def test_a_notice_is_not_the_beginning() -> None:
    told = parts([Notice("engine_restarted", request_id="r"), PrefillDone("r", 9, 4, 0.0), finished("r", "eos", "")])
    assert told[0] == Begun(9, 4)
    assert [type(part) for part in told] == [Begun, End]
