"""Chats and completions through the official client: whole, streamed, several, with probabilities; what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.replies.tool_calls import ToolCallArguments, ToolCallStart
from helix_app.protocol.events import EmittedToken
from helix_app.server.openai.chat import Choice
from helix_app.server.reading import Answer, End, Form, Thought, Tokens
from tests.engine.host.fake_engines import finished
from tests.later import Later
from tests.server.fakes import Running, user

openai = Later("openai")


def test_a_chat(client: openai.OpenAI) -> None:
    told = client.chat.completions.create(model="fake", messages=user("say 3"))
    assert told.choices[0].message.content == "w0 w1 w2 "
    assert told.choices[0].finish_reason == "stop"
    assert told.usage is not None
    assert told.usage.prompt_tokens_details is not None
    assert (told.usage.prompt_tokens, told.usage.completion_tokens, told.usage.total_tokens) == (3, 3, 6)
    assert told.usage.prompt_tokens_details.cached_tokens == 2
    timings = told.model_extra["timings"]  # type: ignore[index]
    assert (timings["drafted_tokens"], timings["accepted_tokens"], timings["acceptance_rate"]) == (4, 3, 0.75)


def test_a_stream_adds_up_to_the_whole(client: openai.OpenAI) -> None:
    asked: Any = {"model": "Fake 1B", "messages": user("echo <think> a b </think> c d"), "n": 2, "logprobs": True}
    whole = client.chat.completions.create(**asked, top_logprobs=2)
    texts, thoughts, tokens, reasons = [""] * 2, [""] * 2, [[], []], [None] * 2  # type: ignore[var-annotated]
    usage = None
    for chunk in client.chat.completions.create(
        **asked, top_logprobs=2, stream=True, stream_options={"include_usage": True}
    ):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
            thoughts[choice.index] += getattr(choice.delta, "reasoning_content", None) or ""
            tokens[choice.index] += (choice.logprobs.content or []) if choice.logprobs else []
            reasons[choice.index] = choice.finish_reason or reasons[choice.index]
    for choice in whole.choices:
        assert choice.message.content == texts[choice.index] == "c d "
        assert choice.message.reasoning_content == thoughts[choice.index] == "a b"  # type: ignore[attr-defined]
        assert choice.finish_reason == reasons[choice.index] == "stop"
        assert choice.logprobs is not None
        assert choice.logprobs.content == tokens[choice.index]
        assert [token.token for token in tokens[choice.index]] == ["c ", "d "]
    assert usage == whole.usage


def test_an_error_in_the_middle_ends_the_stream_with_it(client: openai.OpenAI, server: Running) -> None:
    stream = client.chat.completions.create(model="fake", messages=user("forever"), stream=True)
    chunks = iter(stream)
    while not next(chunks).choices[0].delta.content:
        pass
    server.http.post("/v1/completions", json={"model": "fake", "prompt": "break"})
    with pytest.raises(openai.APIError, match="stopped unexpectedly"):
        for _ in chunks:
            pass


def test_probabilities_are_those_of_the_answer_alone() -> None:
    choice = Choice(0)
    choice.take(Tokens((_token(1),)))
    choice.take(Answer("a"))
    assert [token.token_id for token in choice.take_fresh()] == [1]
    choice.take(Tokens((_token(2),)))
    choice.take(ToolCallStart(0, "call", "look"))
    choice.take(Tokens((_token(3),)))
    choice.take(ToolCallArguments(0, "{}"))
    assert choice.take_fresh() == []
    assert [token.token_id for token in choice.tokens] == [1]


def test_an_answer_that_begins_within_a_round_has_its_own_probabilities() -> None:
    choice = Choice(0, Form(("<think>", "</think>"), opens=True))
    choice.take(_tokens("Hi", " there"))
    choice.take(Thought("Hi there"))
    choice.take(_tokens(" done", " </think>", "\n\n", "Hi", " there"))
    choice.take(Thought(" done"))
    choice.take(Answer("Hi there!"))
    assert [token.text for token in choice.take_fresh()] == ["Hi", " there"]
    choice.take(_tokens("!"))
    choice.take(End("eos", finished("r", "eos", "").metrics, "", ()))
    assert [token.text for token in choice.take_fresh()] == ["!"]


@pytest.mark.parametrize("marks", [("", ""), ("<think>", "</think>")])
def test_an_answer_without_reasoning_has_all_its_probabilities(marks: tuple[str, str]) -> None:
    choice = Choice(0, Form(marks))
    choice.take(_tokens(" Write", " </think>"))
    choice.take(Answer(" Write </think> now"))
    assert [token.text for token in choice.take_fresh()] == [" Write", " </think>"]


def test_reasoning_without_an_answer_has_no_probabilities() -> None:
    choice = Choice(0, Form(("<think>", "</think>")))
    choice.take(_tokens("<think>", "Hi"))
    choice.take(Thought("Hi"))
    choice.take(End("length", finished("r", "length", "").metrics, "", ()))
    assert choice.take_fresh() == []


def _token(number: int) -> EmittedToken:
    return EmittedToken(number, f"t{number}", "plain", 1.0)


def _tokens(*texts: str) -> Tokens:
    return Tokens(tuple(EmittedToken(0, text, "plain", 1.0) for text in texts))
