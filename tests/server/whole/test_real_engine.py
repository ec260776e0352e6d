"""A tiny model behind the server: in this process, several replies at once; and in a child that is killed."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import pytest

from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import EngineClient
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadRequest
from helix_app.server.backends.pump import Pump
from helix_app.server.options import ServerOptions
from tests.engine.conftest import one_thread as one_thread, zoo as zoo
from tests.engine.host.forking import fork_children
from tests.engine.made.tiny import TEMPLATE, Zoo, write_gguf
from tests.later import Later
from tests.server.fakes import Running
from tests.waiting import wait_for

anthropic = Later("anthropic")
openai = Later("openai")

CHAT: Any = {"model": "tiny", "messages": [{"role": "user", "content": "the cat"}], "max_tokens": 24, "temperature": 0}


def running(client: EngineClient, model: Path) -> Running:
    """A server over a tiny model."""
    pump = Pump(client)
    request = LoadRequest(str(model), "Tiny", "ngram", device="cpu", dtype="float32", cache_tokens=2048)
    assert isinstance(list(pump.load(request, threading.Event()))[-1], ModelReady)
    pump.start()
    return Running(pump, ServerOptions(model="tiny"))


@pytest.fixture(scope="module", autouse=True)
def forked() -> Iterator[None]:
    """Children have their imports at once."""
    with pytest.MonkeyPatch.context() as patch:
        fork_children(patch)
        yield


@pytest.fixture(scope="module")
def server(zoo: Zoo) -> Iterator[Running]:
    made = running(LocalClient(), zoo.gguf("llama-loopy"))  # goes in circles, so that drafts are accepted
    yield made
    made.close()


@pytest.fixture
def client(server: Running) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as made:
        yield made


def text(client: openai.OpenAI, **changes: Any) -> str:
    return client.chat.completions.create(**{**CHAT, **changes}).choices[0].message.content or ""


def streamed(client: openai.OpenAI, **changes: Any) -> str:
    chunks = client.chat.completions.create(**{**CHAT, **changes}, stream=True)
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


@pytest.mark.parametrize("changes", [{}, {"temperature": 1.2, "seed": 5}, {"stop": [" "]}], ids=str)
def test_streamed_and_whole_replies_are_equal(client: openai.OpenAI, changes: dict[str, Any]) -> None:
    assert text(client, **changes) == streamed(client, **changes)
    if "seed" in changes:
        assert text(client, **changes) != text(client, temperature=1.2, seed=6)


def test_many_at_once_write_what_each_writes_alone(client: openai.OpenAI, server: Running) -> None:
    words = ["the cat", "the dog", "rain", "a house"] * 4
    alone = {word: text(client, messages=[{"role": "user", "content": word}]) for word in set(words)}

    async def run() -> list[str]:
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http:
            body = {"max_tokens": 24, "temperature": 0}
            answers = await asyncio.gather(*(http.post("/generate", json={"prompt": w, **body}) for w in words))
            return [answer.json()["generated_text"] for answer in answers]

    assert asyncio.run(run()) == [alone[word] for word in words]
    wait_for(lambda: server.pump.pools["target"].used == 0)


def test_where_it_stops(client: openai.OpenAI, server: Running) -> None:
    whole = text(client, max_tokens=24)
    stop = whole[8:11]
    told = client.chat.completions.create(**CHAT, stop=stop).choices[0]
    assert told.message.content == whole[: whole.find(stop)]
    assert told.finish_reason == "stop"
    assert client.chat.completions.create(**{**CHAT, "max_tokens": 3}).choices[0].finish_reason == "length"
    with anthropic.Anthropic(base_url=server.url, api_key="x", max_retries=0) as claude:
        asked = {name: CHAT[name] for name in ("model", "messages", "max_tokens")}
        told = claude.messages.create(**asked, stop_sequences=["§§", stop, "§"], extra_body={"temperature": 0})
        assert (told.stop_reason, told.stop_sequence) == ("stop_sequence", stop)


def test_probabilities_of_the_model(client: openai.OpenAI) -> None:
    told = client.chat.completions.create(**CHAT, logprobs=True, top_logprobs=4).choices[0]
    assert told.logprobs is not None
    assert told.logprobs.content is not None
    assert "".join(token.token for token in told.logprobs.content) == told.message.content
    for token in told.logprobs.content:
        best = [top.logprob for top in token.top_logprobs]
        assert best == sorted(best, reverse=True)
        assert token.logprob == pytest.approx(best[0])  # at temperature 0 it is the likeliest


def test_a_bias_forbids_tokens(client: openai.OpenAI, server: Running) -> None:
    ids = server.http.post("/generate", json={"prompt": "the cat", "max_tokens": 24, "temperature": 0}).json()[
        "token_ids"
    ]
    biased = client.completions.create(
        model="tiny", prompt="the cat", max_tokens=24, temperature=0, logit_bias={str(i): -100 for i in set(ids)}
    )
    free = client.completions.create(model="tiny", prompt="the cat", max_tokens=24, temperature=0)
    assert biased.choices[0].text != free.choices[0].text


def test_a_prompt_over_the_context(client: openai.OpenAI, server: Running) -> None:
    with pytest.raises(openai.BadRequestError) as raised:
        text(client, messages=[{"role": "user", "content": "cat " * 500}])
    assert raised.value.code == "context_length_exceeded"
    assert server.http.get("/health").json()["status"] == "ok"


def test_counted_tokens_are_those_of_the_prompt(server: Running) -> None:
    with anthropic.Anthropic(base_url=server.url, api_key="x", max_retries=0) as client:
        asked: Any = {"model": "tiny", "system": "Be", "messages": [{"role": "user", "content": "the cat"}]}
        usage = client.messages.create(max_tokens=4, **asked).usage
        counted = client.messages.count_tokens(**asked).input_tokens
        assert counted == usage.input_tokens + (usage.cache_read_input_tokens or 0)


def test_the_prefix_of_the_next_turn_is_cached(client: openai.OpenAI) -> None:
    turns = [{"role": "user", "content": "the cat sat on the mat and the dog lay in the sun"}]
    reply = text(client, messages=turns)
    more = [*turns, {"role": "assistant", "content": reply}, {"role": "user", "content": "and then"}]
    usage = client.chat.completions.create(**{**CHAT, "messages": more}).usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cached_tokens or 0) >= 16


def test_a_begun_reply_is_continued(client: openai.OpenAI) -> None:
    whole = text(client, max_tokens=12)
    begun = [*CHAT["messages"], {"role": "assistant", "content": whole[:6]}]
    assert text(client, messages=begun, max_tokens=40)


def test_a_reply_keeps_to_its_schema(client: openai.OpenAI) -> None:
    schema: Any = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "boolean"}, "maxItems": 3}},
        "required": ["a", "b"],
        "additionalProperties": False,
    }
    form: Any = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema, "strict": True}}
    asked = {**CHAT, "max_tokens": 200, "temperature": 1.0, "seed": 4, "response_format": form}
    told = client.chat.completions.create(**asked)
    jsonschema.validate(json.loads(told.choices[0].message.content or ""), schema)
    assert streamed(client, **asked) == told.choices[0].message.content
    with pytest.raises(openai.BadRequestError):
        text(client, response_format={"type": "lark", "value": "start: nothing"})


def test_tools_of_a_model_whose_template_knows_none(client: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "look"}}
    with pytest.raises(openai.BadRequestError) as raised:
        text(client, tools=[tool])
    assert raised.value.param == "tools"


def test_a_call_that_must_be_made(tmp_path: Path) -> None:
    template = "{% if tools %}<tool_call>{{ tools | length }}{% endif %}" + TEMPLATE
    server = running(LocalClient(), write_gguf("llama-loopy", 0, tmp_path / "tools.gguf", template=template))
    parameters = {
        "type": "object",
        "properties": {"at": {"type": "string", "enum": ["rain", "sun"]}},
        "required": ["at"],
        "additionalProperties": False,
    }
    tools: Any = [
        {"type": "function", "function": {"name": name, "parameters": parameters}} for name in ("look", "listen")
    ]
    try:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=60) as client:
            asked = {**CHAT, "tools": tools, "max_tokens": 100, "temperature": 1.0, "seed": 2}
            named: Any = {"type": "function", "function": {"name": "listen"}}
            for choice, names in (("required", {"look", "listen"}), (named, {"listen"})):
                told = client.chat.completions.create(**asked, tool_choice=choice).choices[0]
                assert told.finish_reason == "tool_calls"
                assert told.message.tool_calls is not None
                (call,) = told.message.tool_calls
                assert call.function.name in names  # type: ignore[union-attr]
                assert json.loads(call.function.arguments)["at"] in ("rain", "sun")  # type: ignore[union-attr]
    finally:
        server.close()


def test_who_goes_frees_blocks(server: Running) -> None:
    body = {"prompt": "the cat", "max_tokens": 200, "temperature": 2.0, "top_k": 0, "top_p": 1.0}
    for _ in range(4):
        with server.http.stream("POST", "/generate/stream", json=body) as answer:
            next(answer.iter_lines())
    wait_for(lambda: server.desk.queue.running == 0)
    wait_for(lambda: server.pump.pools["target"].used == 0)


def test_an_engine_that_is_killed_does_not_end_the_stream(zoo: Zoo) -> None:
    host = HostClient()
    server = running(host, zoo.gguf("llama-loopy"))
    try:
        with openai.OpenAI(base_url=f"{server.url}/v1", api_key="none", max_retries=0, timeout=120) as client:
            asked = {**CHAT, "max_tokens": 200, "temperature": 1.5, "seed": 3, "logit_bias": {"2": -100}}
            whole = text(client, **asked)
            parts, killed = [], False
            for chunk in client.chat.completions.create(**asked, stream=True):
                parts += [choice.delta.content or "" for choice in chunk.choices]
                if not killed and len("".join(parts)) > 5:
                    killed = True
                    assert host.pid is not None
                    os.kill(host.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
            assert killed
            assert "".join(parts) == whole
    finally:
        server.close()
