"""The local API of a window, asked over HTTP while the window writes a reply of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.api import serving
from helix_app.bridge.api.serving import Serving
from helix_app.bridge.controller import SessionController
from helix_app.engine.host.client import LocalClient
from helix_app.protocol.events import Finished, TextDelta
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadChoice
from helix_app.protocol.serving import (
    ServedReplies,
    ServedRequest,
    ServingBegun,
    ServingEnded,
    ServingNews,
    StartServing,
    StopServed,
    StopServing,
)
from tests.bridge.fakes import FakeHub, Watcher
from tests.engine.host.fake_engines import ask

pytest.importorskip("fastapi")
FAKE = "tests.engine.host.fake_engines:Scripted"


class Client(threading.Thread):
    """A program that asks once."""

    def __init__(self, url: str, text: str, key: str = "") -> None:
        super().__init__(daemon=True)
        body = {"prompt": text, "max_tokens": 1000}
        headers = {"content-type": "application/json", **({"x-api-key": key} if key else {})}
        self._request = urllib.request.Request(f"{url}/generate", json.dumps(body).encode(), headers)
        self.status = 0
        self.answer: dict[str, Any] = {}
        self.start()

    def run(self) -> None:
        try:
            with urllib.request.urlopen(self._request, timeout=60) as response:
                self.status, self.answer = response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            self.status, self.answer = error.code, json.loads(error.read())
        except OSError as error:
            self.answer = {"error": str(error)}


class Window:
    """A controller, its API, and what both tell."""

    def __init__(self, qtbot: QtBot) -> None:
        self.qtbot = qtbot
        self.controller = SessionController(LocalClient(FAKE), FakeHub().hub(), stop_ms=5000)
        self.serving = Serving(self.controller)
        self.watcher = Watcher(self.controller, qtbot)
        self.news: list[ServingNews] = []
        self.serving.news.connect(self.news.extend)
        self.controller.start()

    def load(self) -> None:
        self.controller.load(LoadChoice("m"))
        self.watcher.wait_for(ModelReady)

    def begin(self, **options: Any) -> str:
        self.serving.ask(StartServing(**options))
        begun = self.wait(ServingBegun)
        assert isinstance(begun, ServingBegun)
        return begun.url

    def wait(self, kind: type) -> ServingNews:
        self.qtbot.waitUntil(lambda: any(isinstance(news, kind) for news in self.news), timeout=60_000)
        return next(news for news in reversed(self.news) if isinstance(news, kind))

    def done(self, *clients: Client) -> None:
        self.qtbot.waitUntil(lambda: not any(client.is_alive() for client in clients), timeout=60_000)

    def writing(self, count: int) -> None:
        def reached() -> bool:
            return (
                sum(reply.state == "writing" and reply.tokens > 0 for reply in self.serving.served.replies()) == count
            )

        self.qtbot.waitUntil(reached, timeout=60_000)


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Window]:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    made = Window(qtbot)
    yield made
    assert made.serving.shutdown()
    assert made.controller.shutdown()


def test_a_program_is_answered_beside_the_windows_own_reply(window: Window) -> None:
    window.load()
    url = window.begin()
    window.controller.generate(ask("forever"))
    window.watcher.wait_for(TextDelta)
    client = Client(url, "say 3")
    window.done(client)
    assert client.status == 200
    assert client.answer["generated_text"] == "m-0 m-1 m-2 "
    assert {getattr(event, "request_id", "r1") for event in window.watcher.seen if isinstance(event, TextDelta)} == {
        "r1"
    }, "the window hears of its own alone"
    window.controller.cancel_reply("r1")
    window.watcher.wait_for(Finished)
    told = window.wait(ServedRequest)
    assert isinstance(told, ServedRequest)
    assert (told.method, told.path, told.status) == ("POST", "/generate", 200)
    window.qtbot.waitUntil(
        lambda: any(isinstance(n, ServedReplies) and n.replies and n.replies[0].state == "done" for n in window.news)
    )


def test_a_person_stops_one_reply_and_then_the_server(window: Window) -> None:
    window.load()
    url = window.begin()
    first, second = Client(url, "forever"), Client(url, "forever")
    window.writing(2)
    name = window.serving.served.replies()[0].request_id
    window.serving.ask(StopServed(name))
    window.writing(1)
    window.qtbot.waitUntil(lambda: first.is_alive() != second.is_alive(), timeout=60_000)
    window.serving.ask(StopServing())
    ended = window.wait(ServingEnded)
    assert ended == ServingEnded()
    window.done(first, second)
    assert not window.serving.running
    assert not window.controller.busy
    assert window.begin()  # and again


def test_a_reply_that_a_load_ends_is_not_told_as_complete(window: Window) -> None:
    window.load()
    url = window.begin()
    client = Client(url, "forever")
    window.writing(1)
    window.controller.load(LoadChoice("n"))
    window.done(client)
    assert client.status == 503
    assert client.answer["error_code"] == "api_interrupted"
    window.watcher.wait_for(ModelReady, 2)
    again = Client(url, "say 1")
    window.done(again)
    assert again.answer["generated_text"] == "n-0 "
    assert again.answer["target"] == "n"


def test_the_server_needs_no_torch() -> None:
    code = "import sys, helix_app.server.app, helix_app.bridge.api.serving; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_end_of_the_program_does_not_wait_for_replies(window: Window) -> None:
    window.load()
    url = window.begin()
    client = Client(url, "forever")
    window.writing(1)
    assert window.serving.shutdown()
    window.done(client)
    assert window.controller.shutdown()


def test_without_a_model_programs_are_told_so(window: Window) -> None:
    url = window.begin()
    client = Client(url, "say 1")
    window.done(client)
    assert client.status == 503


def test_a_key_is_asked_for(window: Window) -> None:
    window.load()
    url = window.begin(key="secret")
    wrong, right = Client(url, "say 1"), Client(url, "say 1", "secret")
    window.done(wrong, right)
    assert (wrong.status, right.status) == (401, 200)


@pytest.mark.parametrize("reason", ["taken", "key", "packages"])
def test_why_it_cannot_begin_is_said(window: Window, reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codes = {"taken": "server_port_taken", "key": "server_key_needed", "packages": "server_extra"}
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        asked = StartServing(port=other.getsockname()[1] if reason == "taken" else 0)
        if reason == "key":
            asked = StartServing(host="0.0.0.0")
        if reason == "packages":
            monkeypatch.setattr(serving, "NEEDED", ("no_such_package",))
        window.serving.ask(asked)
        ended = window.wait(ServingEnded)
    assert isinstance(ended, ServingEnded)
    assert ended.failed is not None
    assert ended.failed.code == codes[reason]
    assert not window.serving.running
