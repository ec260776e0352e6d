"""A server as an engine: replies of Helix's own server, and of those that tell less or break off."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from helix_app.engine.host.client import LocalClient
from helix_app.engine.remote import client as clients
from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.events import Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import Checked, ModelReady
from helix_app.protocol.requests import (
    ChatMessage,
    GenerateRequest,
    Grammar,
    LoadRequest,
    SamplingParams,
)
from helix_app.server.options import ServerOptions
from tests.engine.conftest import one_thread as one_thread, zoo as zoo
from tests.engine.made.tiny import Zoo
from tests.engine.remote.asking import failed, load, reply, request
from tests.engine.remote.stand_in import Handler, StandIn, chunk, event
from tests.server.fakes import READY, Running, fake_server, serving

# ------------------------------------------------------------------ Helix's own server


@pytest.fixture(scope="module")
def helix(zoo: Zoo) -> Iterator[Running]:
    from tests.server.whole.test_real_engine import running

    made = running(LocalClient(), zoo.gguf("llama-loopy"))
    yield made
    made.close()


@pytest.mark.parametrize("chats", [True, False])
def test_a_helix_server_tells_whether_its_model_chats(monkeypatch: pytest.MonkeyPatch, chats: bool) -> None:
    with serving() as (_, server):
        monkeypatch.setattr(server.pump, "ready", replace(READY, chat_template=chats))
        client = RemoteClient(lambda _: "")
        ready = load(client, f"{server.url}/v1")
        assert isinstance(ready, ModelReady)
        assert ready.chat_template is chats
        text, result, _ = reply(client, GenerateRequest("r", prompt="say 2", raw=True))
        assert (text, type(result)) == ("w0 w1 ", Finished)
        _, result, _ = reply(client, request("say 2"))
        assert isinstance(result, Finished) if chats else failed(result)[0] == "no_chat_template"


def test_a_helix_server_writes_as_its_engine_and_tells_its_figures(helix: Running) -> None:
    client = RemoteClient(lambda _: "")
    ready = load(client, f"{helix.url}/v1")
    assert isinstance(ready, ModelReady)
    assert (ready.remote, ready.device, ready.target_name) == (f"{helix.url}/v1", "remote", "tiny")
    assert ready.context_length > 0
    assert ready.target_blocks == 0
    asked = request("the cat", max_tokens=24, sampling=SamplingParams(temperature=0))
    text, result, seen = reply(client, asked)
    assert isinstance(result, Finished)
    body = {"prompt": "the cat", "max_tokens": 24, "temperature": 0}
    own = helix.http.post("/generate", json=body).json()
    assert text == result.text == own["generated_text"]
    m = result.metrics
    assert (m.tokens_generated, m.prompt_tokens) == (own["tokens_generated"], own["prompt_tokens"])
    assert m.drafted_tokens is not None
    assert m.accepted_tokens is not None
    assert m.acceptance_rate == (m.accepted_tokens / m.drafted_tokens if m.drafted_tokens else None)
    assert m.target_passes is None
    assert (m.time_to_first_token or 0) > 0
    assert result.reason == "length"
    assert {type(e) for e in seen} == {TextDelta, Finished}


def test_helix_is_asked_for_forms_seeds_and_the_end_of_a_begun_reply(helix: Running) -> None:
    client = RemoteClient(lambda _: "")
    load(client, f"{helix.url}/v1", "tiny")
    seeded = request("a house", max_tokens=8, sampling=SamplingParams(temperature=1.2, seed=5))
    first, second = reply(client, seeded), reply(client, seeded)
    assert first[0] == second[0]
    assert isinstance(first[1], Finished)
    assert first[1].metrics.seed == 5
    form = request("write", max_tokens=40, grammar=Grammar("regex", "(yes|no)"))
    assert reply(client, form)[0] in ("yes", "no")
    begun = GenerateRequest("r", (ChatMessage("user", "the"), ChatMessage("assistant", "cat")), max_tokens=4)
    assert isinstance(reply(client, begun)[1], Finished)
    raw = GenerateRequest("r", prompt="the cat", raw=True, max_tokens=4)
    assert isinstance(reply(client, raw)[1], Finished)


@pytest.fixture(scope="module")
def keyed() -> Iterator[Running]:
    _, made = fake_server(ServerOptions(model="fake", keys=("secret",)))
    yield made
    made.close()


def test_a_key_is_sent_and_a_wrong_one_is_told(keyed: Running) -> None:
    code, sentence = failed(load(RemoteClient(lambda _: "wrong"), f"{keyed.url}/v1"))
    assert code == "remote_key_wrong"
    assert keyed.url.removeprefix("http://") in sentence
    client = RemoteClient({f"{keyed.url}/v1": "secret"}.__getitem__)
    assert isinstance(load(client, f"{keyed.url}/v1"), ModelReady)
    assert reply(client, request("say 3"))[0] == "w0 w1 w2 "


def test_reasoning_comes_between_its_marks(keyed: Running) -> None:
    client = RemoteClient(lambda _: "secret")
    load(client, f"{keyed.url}/v1")
    text, result, _ = reply(client, request("echo <think> deep </think> yes"))
    assert isinstance(result, Finished)
    assert text == result.text
    assert text.startswith("<think>")
    assert "deep" in text.partition("</think>")[0]
    assert "yes" in text.partition("</think>")[2]


def test_replies_join_and_each_is_cancelled_alone(keyed: Running) -> None:
    client = RemoteClient(lambda _: "secret")
    load(client, f"{keyed.url}/v1")
    others, cancel = Intake(), threading.Event()
    second = Joining(request("forever", "two"))
    results: dict[str, Event] = {}
    joined = False
    for told in client.stream(request("forever", "one"), cancel, others):
        if isinstance(told, TextDelta) and not joined:
            joined = others.put(second) and others.put(Joining(request("say 2", "three")))
        elif isinstance(told, (Finished, Failed)):
            results[told.request_id] = told
            if told.request_id == "three":
                cancel.set()
        elif isinstance(told, TextDelta) and told.request_id == "two" and "one" in results:
            second.cancel.set()
    reasons = {name: result.reason for name, result in results.items() if isinstance(result, Finished)}
    assert reasons == {"one": "cancelled", "two": "cancelled", "three": "eos"}
    assert not others.put(Joining(request()))


# ------------------------------------------------------------------ others


def test_a_server_that_tells_nothing_but_text(client: RemoteClient, stand_in: StandIn) -> None:
    text, result, _ = reply(client)
    assert text == "Hi"
    assert isinstance(result, Finished)
    m = result.metrics
    assert (m.tokens_generated, m.prompt_tokens, m.cached_tokens, m.drafted_tokens, m.seed) == (None,) * 5
    assert (m.decode_tokens_per_second, m.acceptance_rate) == (None, None)
    assert m.time_to_first_token is not None
    assert stand_in.asked[0][0] == "/v1/chat/completions"


ODD = [
    b": a comment\n\n",
    event({"choices": [], "usage": None}),
    event({"choices": None}),
    event([1, 2]),
    event({"choices": [{"index": 0, "delta": {"role": "assistant", "content": None}}]}),
    event({"choices": [{"index": 1, "delta": {"content": "another choice"}}]}),
    event({"choices": [{"delta": {"content": [{"type": "text", "text": "Gr"}]}}]}),
    b"event: x\r\ndata:" + '{"choices": [{"delta": {"content": "\u00fc\u00dfe\u2028"}}]}'.encode() + b"\r\n\r\n",
    chunk("!", "stop", usage={"prompt_tokens": 3, "completion_tokens": "many"}),
]  # fmt: skip


@pytest.mark.parametrize("cut", [1, 3, 1000])
def test_odd_chunks_cut_anywhere_and_no_last_word(client: RemoteClient, stand_in: StandIn, cut: int) -> None:
    whole = b"".join(ODD)
    pieces = [whole[at : at + cut] for at in range(0, len(whole), cut)]
    stand_in.answer = lambda handler, _: handler.stream(*pieces)
    text, result, _ = reply(client)
    assert text == "Gr\u00fc\u00dfe\u2028!"
    assert isinstance(result, Finished)
    assert (result.metrics.prompt_tokens, result.metrics.tokens_generated) == (3, None)


def test_a_server_that_does_not_stream(client: RemoteClient, stand_in: StandIn) -> None:
    told = {
        "choices": [{"message": {"content": "whole"}, "finish_reason": "length"}],
        "usage": {"completion_tokens": 9},
    }
    stand_in.answer = lambda handler, _: handler.send(200, json.dumps(told).encode())
    text, result, _ = reply(client, request(max_tokens=20))
    assert text == "whole"
    assert isinstance(result, Finished)
    assert (result.reason, result.metrics.tokens_generated) == ("context_full", 9)


def test_an_end_before_the_last_word_is_cut_off_and_one_after_it_is_not(
    client: RemoteClient, stand_in: StandIn
) -> None:
    stand_in.answer = lambda handler, _: handler.stream(chunk("Hal"), cut=True)
    text, result, _ = reply(client)
    assert text == "Hal"
    assert failed(result)[0] == "remote_cut"
    stand_in.answer = lambda handler, _: handler.stream(chunk("Hal"))
    assert failed(reply(client)[1])[0] == "remote_cut"
    stand_in.answer = lambda handler, _: handler.stream(chunk("Halt", "stop"), cut=True)
    assert isinstance(reply(client)[1], Finished)


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [
        (401, {"error": {"message": "no"}}, "remote_key_wrong"),
        (404, {"error": {"message": "the model `m` does not exist", "code": "model_not_found"}}, "remote_model_gone"),
        (404, {"error": "model 'm' not found"}, "remote_model_gone"),
        (404, None, "remote_not_api"),
        (429, {"error": {"message": "slow down"}}, "remote_busy"),
        (400, {"error": {"message": "bad", "code": "context_length_exceeded"}}, "remote_context_full"),
        (400, {"detail": "stop is too long"}, "remote_refused"),
        (500, {"error": {"message": "boom"}}, "remote_failed"),
    ],
    ids=str,
)
def test_errors_are_told_in_sentences(
    client: RemoteClient, stand_in: StandIn, status: int, error: object, code: str
) -> None:
    body = b"<html>nothing</html>" if error is None else json.dumps(error).encode()
    stand_in.answer = lambda handler, _: handler.send(status, body)
    told, sentence = failed(reply(client)[1])
    assert told == code
    assert "127.0.0.1" in sentence or code == "remote_context_full"


def test_errors_in_the_stream(client: RemoteClient, stand_in: StandIn) -> None:
    stand_in.answer = lambda handler, _: handler.stream(chunk("a"), event({"error": {"message": "out of memory"}}))
    assert "out of memory" in failed(reply(client)[1])[1]
    stand_in.answer = lambda handler, _: handler.stream(b"data: {broken\n\n")
    assert failed(reply(client)[1])[0] == "remote_not_api"
    stand_in.answer = lambda handler, _: handler.stream(chunk("a", "content_filter"))
    assert failed(reply(client)[1])[0] == "remote_filtered"


def test_what_a_server_does_not_take_is_left_out_and_told_once(client: RemoteClient, stand_in: StandIn) -> None:
    def strict(handler: Handler, body: dict[str, Any]) -> None:
        for name, param in (("top_k", None), ("stream_options", "stream_options"), ("min_p", None)):
            if name in body:
                words = f"Unrecognized request argument supplied: {name}"
                handler.send(400, json.dumps({"error": {"message": words, "param": param}}).encode())
                return
        if "max_tokens" in body:
            told = {"message": "Use 'max_completion_tokens' instead of 'max_tokens'."}
            handler.send(400, json.dumps({"error": told}).encode())
            return
        handler.stream(chunk("ok", "stop"))

    stand_in.answer = strict
    asked = request(sampling=SamplingParams(min_p=0.1), max_tokens=7)
    text, _, seen = reply(client, asked)
    assert text == "ok"
    notices = [dict(e.fields)["fields"] for e in seen if isinstance(e, Notice)]
    assert notices == ["top_k", "min_p"]
    assert stand_in.asked[-1][1]["max_completion_tokens"] == 7
    before = len(stand_in.asked)
    again = reply(client, asked)
    assert len(stand_in.asked) == before + 1
    assert not [e for e in again[2] if isinstance(e, Notice)]


@pytest.mark.parametrize(
    "changes",
    [{"tools": ("{}",)}, {"template": "x"}, {"grammar": Grammar("regex", "a")}],
    ids=["tools", "template", "grammar"],
)
def test_what_cannot_be_asked_is_refused_and_not_sent(
    client: RemoteClient, stand_in: StandIn, changes: dict[str, Any]
) -> None:
    assert failed(reply(client, request(**changes))[1])[0] == "remote_unsupported"
    begun = GenerateRequest("r", (ChatMessage("user", "a"), ChatMessage("assistant", "b")))
    assert failed(reply(client, begun)[1])[0] == "remote_unsupported"
    assert not stand_in.asked


def test_a_silent_server_and_a_cancel(stand_in: StandIn) -> None:
    stand_in.answer = lambda handler, _: (handler.stream(chunk("a"), cut=True), stand_in.gate.wait(30))[0]
    impatient = RemoteClient(lambda _: "", silent_seconds=0.2)
    load(impatient, stand_in.url)
    stand_in.answer = lambda handler, _: (stand_in.gate.wait(30), None)[1]
    assert failed(reply(impatient)[1])[0] == "remote_silent"
    patient, cancel = RemoteClient(lambda _: "", silent_seconds=30), threading.Event()
    load(patient, stand_in.url)
    cancel.set()
    *_, last = patient.stream(request(), cancel)
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"


class Watched(queue.SimpleQueue[Any]):
    """A queue that nobody waits for without end: Ctrl-C could not end that on Windows."""

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        assert timeout is not None
        return super().get(block, timeout)


def test_a_reply_is_not_waited_for_without_end(stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    client = RemoteClient(lambda _: "")
    load(client, stand_in.url)
    monkeypatch.setattr(clients.queue, "SimpleQueue", Watched)
    stand_in.answer = lambda handler, _: (handler.stream(chunk("a"), cut=True), None)[1]
    assert reply(client)


# ------------------------------------------------------------------ choosing a model


def test_the_model_is_chosen_or_asked_for(stand_in: StandIn) -> None:
    client = RemoteClient(lambda _: "")
    stand_in.models = {"data": [{"id": "a/b", "max_model_len": 512, "owned_by": "vllm"}, {"id": "c"}]}
    code, sentence = failed(load(client, stand_in.url))
    assert code == "remote_choose"
    assert "a/b, c" in sentence
    ready = load(client, stand_in.url, "a/b")
    assert isinstance(ready, ModelReady)
    assert ready.context_length == 512
    assert failed(load(client, stand_in.url, "gone"))[0] == "remote_model_gone"
    check = LoadRequest(f"{stand_in.url}#c", check_only=True)
    assert isinstance(list(client.stream(check, threading.Event()))[-1], Checked)
    for models, status, expected in (
        ({"data": []}, 200, "remote_empty"),
        ("words", 200, "remote_not_api"),
        ({}, 404, "remote_not_api"),
    ):
        stand_in.models, stand_in.models_status = models, status
        assert failed(load(client, stand_in.url))[0] == expected


def test_nobody_answers() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        code, sentence = failed(load(RemoteClient(lambda _: ""), f"http://127.0.0.1:{taken.getsockname()[1]}"))
    assert code == "remote_unreachable"
    assert "Check the address" in sentence
