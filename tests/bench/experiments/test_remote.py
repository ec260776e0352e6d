"""What a server's replies take: unknown where it tells nothing, failures as they are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from helix_app.base.errors import HelixError
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import remote
from helix_app.engine.remote.client import RemoteClient
from helix_app.protocol.requests import LoadRequest
from tests.engine.remote.stand_in import StandIn, event


@pytest.fixture(scope="module")
def silent() -> Iterator[StandIn]:
    """A server that tells nothing but text."""
    made = StandIn()
    yield made
    made.close()


CONFIG = BenchConfig(kinds=("chat",), prompts_per_kind=1, repeats=1)


def test_what_is_not_told_is_unknown(silent: StandIn) -> None:
    found, ready = remote.run(
        CONFIG, RemoteClient(lambda _: ""), LoadRequest(silent.url), lambda _: None, threading.Event()
    )
    assert ready.target_name == "m"
    (row,) = found.rows
    assert row[0] == "chat"
    assert row[2:] == ("unknown", "unknown", "unknown")
    assert found.notes[0].startswith("8 at once: unknown")
    assert len(silent.asked) == 1 + 1 + remote.AT_ONCE


def test_every_reply_has_a_seed_of_its_own_and_the_first_one_a_prompt_of_its_own(silent: StandIn) -> None:
    silent.asked.clear()
    config = replace(CONFIG, repeats=2, seed=5)
    found, _ = remote.run(
        config, RemoteClient(lambda _: ""), LoadRequest(silent.url), lambda _: None, threading.Event()
    )
    seeds = [body["seed"] for _, body in silent.asked]
    assert sorted(seeds) == list(range(5, 5 + 1 + 2 * (1 + remote.AT_ONCE)))
    texts = [body["messages"][-1]["content"] for _, body in silent.asked]
    assert texts[0] not in texts[1:]
    assert any("from the second round on" in note for note in found.notes)


def test_a_model_without_a_chat_template_goes_on_with_plain_text(silent: StandIn) -> None:
    silent.asked.clear()
    silent.models = {"data": [{"id": "m", "chat_template": False}]}
    text = event({"choices": [{"index": 0, "text": " a cat", "finish_reason": "length"}]})
    silent.answer = lambda handler, _: handler.stream(text, event(b"[DONE]"))
    found, ready = remote.run(
        CONFIG, RemoteClient(lambda _: ""), LoadRequest(silent.url), lambda _: None, threading.Event()
    )
    assert not ready.chat_template
    assert {path for path, _ in silent.asked} == {"/v1/completions"}
    assert {body["prompt"] for _, body in silent.asked[1:]} == {CONFIG.chosen_prompts()[0].text}
    assert [row[0] for row in found.rows] == ["chat"]
    assert any("no chat template" in note for note in found.notes)
    silent.reset()


def test_a_refusal_ends_it(silent: StandIn) -> None:
    silent.answer = lambda handler, _: handler.send(500, b"{}")
    with pytest.raises(HelixError) as caught:
        remote.run(CONFIG, RemoteClient(lambda _: ""), LoadRequest(silent.url), lambda _: None, threading.Event())
    assert caught.value.code == "remote_failed"
    silent.models_status = 401
    with pytest.raises(HelixError):
        remote.run(CONFIG, RemoteClient(lambda _: ""), LoadRequest(silent.url), lambda _: None, threading.Event())
