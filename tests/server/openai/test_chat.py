"""Chats and completions through the official client: whole, streamed, several, with probabilities; what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import openai
import pytest

from tests.server.fakes import Running


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


def user(text: str) -> list[Any]:
    return [{"role": "user", "content": text}]


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
    assert usage == whole.usage


def test_seeds_and_options_reach_the_engine(client: openai.OpenAI, server: Running, monkeypatch: Any) -> None:
    seen: list[Any] = []
    submit = server.pump.submit
    monkeypatch.setattr(server.pump, "submit", lambda request, watch: (seen.append(request), submit(request, watch))[1])
    client.chat.completions.create(
        model="fake",
        messages=[{"role": "developer", "content": [{"type": "text", "text": "Be"}]}, *user("say 1")],
        n=2, seed=7, temperature=0.5, top_p=0.9, stop=["x"], presence_penalty=1, frequency_penalty=-1,
        logit_bias={"5": -100}, max_completion_tokens=9, logprobs=True, top_logprobs=3,
        extra_body={"top_k": 5, "min_p": 0.1, "repetition_penalty": 1.1, "priority": 2},
    )  # fmt: skip
    one, two = seen
    params = one.sampling
    assert (params.seed, two.sampling.seed) == (7, 8)
    assert (params.temperature, params.top_p, params.top_k, params.min_p) == (0.5, 0.9, 5, 0.1)
    assert (params.presence_penalty, params.frequency_penalty, params.repetition_penalty) == (1, -1, 1.1)
    assert (params.logit_bias, one.stop, one.max_tokens, one.priority) == (((5, -100.0),), ("x",), 9, 2)
    assert [message.role for message in one.messages] == ["system", "user"]
    assert (one.alternatives, one.logprobs) == (3, True)
    assert one.request_id != two.request_id


def test_completions_of_several_prompts(client: openai.OpenAI) -> None:
    asked: Any = {"model": "fake", "prompt": ["say 2", "echo x y z"], "n": 2, "logprobs": 2}
    whole = client.completions.create(**asked)
    assert [choice.text for choice in whole.choices] == ["w0 w1 "] * 2 + ["x y z "] * 2
    assert whole.usage is not None
    assert (whole.usage.prompt_tokens, whole.usage.completion_tokens) == (6, 10)
    texts = [""] * 4
    offsets: list[list[int]] = [[], [], [], []]
    for chunk in client.completions.create(**asked, stream=True):
        for choice in chunk.choices:
            texts[choice.index] += choice.text
            offsets[choice.index] += (choice.logprobs.text_offset or []) if choice.logprobs else []
    assert texts == [choice.text for choice in whole.choices]
    assert offsets == [choice.logprobs.text_offset for choice in whole.choices if choice.logprobs]
    assert client.completions.create(model="fake", prompt="forever").usage.completion_tokens == 16  # type: ignore[union-attr]


def test_the_model_with_its_context(client: openai.OpenAI) -> None:
    (one, two) = client.models.list().data
    assert (one.id, two.id, one.context_length) == ("fake", "Fake 1B", 256)  # type: ignore[attr-defined]
    assert client.models.retrieve("fake").id == "fake"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("gpt-9")


@pytest.mark.parametrize(
    ("changes", "status", "code", "param"),
    [
        ({"model": "gpt-9"}, 404, "model_not_found", "model"),
        ({"messages": []}, 400, "invalid_value", "messages"),
        ({"messages": [{"role": "king", "content": "x"}]}, 400, "invalid_value", "messages[0]"),
        ({"messages": [{"role": "user", "content": 5}]}, 400, "invalid_value", "messages[0].content"),
        ({"messages": [{"role": "user", "content": "x", "name": "y"}]}, 400, "unknown_parameter", "messages[0].name"),
        ({"audio": {}}, 400, "unknown_parameter", "audio"),
        ({"n": 0}, 400, "invalid_value", "n"),
        ({"n": 17}, 400, "invalid_value", "n"),
        ({"temperature": -1}, 400, "invalid_value", "temperature"),
        ({"max_tokens": -5}, 400, "invalid_value", "max_tokens"),
        ({"stop": "y" * 10_000}, 400, "invalid_value", "stop"),
        ({"logit_bias": {"word": 1}}, 400, "invalid_value", "logit_bias"),
        ({"top_logprobs": 3}, 400, "invalid_value", "top_logprobs"),
        ({"reasoning_effort": "none"}, 400, "invalid_value", "reasoning_effort"),
        ({"messages": user("fail prompt_too_long")}, 400, "context_length_exceeded", None),
        ({"messages": user("fail engine_died")}, 503, "engine_died", None),
    ],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_refused(
    server: Running, changes: dict[str, Any], status: int, code: str, param: str | None, stream: bool
) -> None:
    body = {"model": "fake", "messages": user("say 1"), "stream": stream, **changes}
    answer = server.http.post("/v1/chat/completions", json=body)
    assert answer.status_code == status, answer.text
    error = answer.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert (error["code"], error["param"]) == (code, param)


def test_an_error_in_the_middle_ends_the_stream_with_it(client: openai.OpenAI, server: Running) -> None:
    stream = client.chat.completions.create(model="fake", messages=user("forever"), stream=True)
    chunks = iter(stream)
    while not next(chunks).choices[0].delta.content:
        pass
    server.http.post("/v1/completions", json={"model": "fake", "prompt": "break"})
    with pytest.raises(openai.APIError, match="stopped unexpectedly"):
        for _ in chunks:
            pass


def test_embeddings_are_refused(client: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError, match="gives no embeddings"):
        client.embeddings.create(model="fake", input="x")


def test_probabilities_are_logarithms() -> None:
    from helix_app.protocol.events import Alternative, EmittedToken
    from helix_app.server.openai.usage import chat_logprobs

    token = EmittedToken(5, "é", "plain", 1.0, (Alternative(5, "é", 0.5, math.log(0.5)),), math.log(0.25))
    told = chat_logprobs([token], 1)["content"][0]
    assert (told["token"], told["logprob"], told["bytes"]) == ("é", math.log(0.25), [195, 169])
    assert told["top_logprobs"][0]["logprob"] == math.log(0.5)
