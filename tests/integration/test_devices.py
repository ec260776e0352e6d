"""The real model when its process dies, and the memory it takes and gives back."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import build, make_client
from helix_app.base.settings import Settings
from helix_app.engine.host.parent import HostClient
from helix_app.engine.remote.switch import SwitchClient
from helix_app.protocol.events import Event, Failed, Finished, Notice, RoundDone, TextDelta
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest, SamplingParams, UnloadRequest
from tests.engine.made.tiny import Zoo
from tests.integration.window.test_window import LONG, Person, Recorder

pytestmark = pytest.mark.model
NEAR = 1.05  # what "back" means


@pytest.fixture
def host(forked_children: None) -> Iterator[HostClient]:
    client = HostClient()
    yield client
    client.close()


@pytest.fixture(scope="module")
def real_host() -> Iterator[HostClient]:
    """One whose process is started as the program does it, with memory of its own alone."""
    client = HostClient()
    yield client
    client.close()


def run(client: HostClient, request: LoadRequest | UnloadRequest | GenerateRequest) -> list[Event]:
    seen = list(client.stream(request, threading.Event()))
    assert not isinstance(seen[-1], Failed), seen[-1]
    return seen


def story(**options: object) -> GenerateRequest:
    sampling = SamplingParams(temperature=0.0)
    given = {"sampling": sampling, "max_tokens": 48, **options}
    return GenerateRequest("r", (ChatMessage("user", LONG),), **given)  # type: ignore[arg-type]


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def kill(pid: int | None) -> None:
    assert pid is not None
    os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)


def test_a_reply_outlives_its_killed_process(default_model: Path, host: HostClient) -> None:
    run(host, LoadRequest(str(default_model), context_length=512))
    whole = run(host, story())[-1]
    assert isinstance(whole, Finished)
    seen: list[Event] = []
    for event in host.stream(story(), threading.Event()):
        seen.append(event)
        if isinstance(event, RoundDone) and event.tokens_generated > 20 and host.pid is not None and not notices(seen):
            kill(host.pid)
    result = seen[-1]
    assert isinstance(result, Finished)
    assert notices(seen) == ["engine_restarted"]
    assert (result.token_ids, result.text) == (whole.token_ids, whole.text)
    assert text_of(seen) == whole.text
    assert result.metrics.tokens_generated == len(whole.token_ids)


def notices(events: list[Event]) -> list[str]:
    return [event.code for event in events if isinstance(event, Notice)]


def test_the_window_outlives_its_engine(forked_children: None, default_model: Path, qtbot: QtBot) -> None:
    settings = Settings(target=str(default_model), context_length=512, max_tokens=60, temperature=0.0)
    client = make_client(settings)
    assert isinstance(client, SwitchClient)
    host = client.local
    assert isinstance(host, HostClient)
    recorder = Recorder(client)
    app = build(settings, lambda _: recorder)
    qtbot.addWidget(app.window)
    app.start()
    person = Person(app, recorder, qtbot)
    person.wait_until_ready()
    first = person.send(LONG)
    person.wait_for_text()
    kill(host.pid)
    result = person.wait_for_end()
    reply = app.window.chat.last_reply()
    assert reply is not None
    assert (result.request_id, result.reason) == (first, "length")
    assert reply.source() == result.text
    assert result.metrics.tokens_generated == 60
    assert notices(recorder.events) == ["engine_restarted"]
    person.send("And now a short one.")
    assert person.wait_for_end().metrics.tokens_generated > 0
    assert not [event for event in recorder.events if isinstance(event, Failed)]
    app.window.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
@pytest.mark.parametrize(("dtype", "least"), [("packed", 60 * 2**20), ("bfloat16", 200 * 2**20)])
def test_memory_comes_back(default_model: Path, real_host: HostClient, zoo: Zoo, dtype: str, least: int) -> None:
    model = LoadRequest(str(default_model), context_length=512, dtype=dtype)
    sizes = []
    for _ in range(3):
        run(real_host, model)
        run(real_host, story(max_tokens=12))
        loaded = resident(real_host)
        run(real_host, UnloadRequest())
        unloaded = resident(real_host)
        run(real_host, LoadRequest(str(zoo.gguf("llama")), context_length=512))
        run(real_host, story(max_tokens=12))
        sizes.append((loaded, unloaded, resident(real_host)))
    (_, _, _), before, after = sizes  # the first time libraries are imported, too
    for one, other in zip(before, after):
        assert other <= one * NEAR
    assert before[1] < before[0] - least  # the weights alone are more
    assert before[2] < before[1] * 1.2  # a tiny model takes nearly nothing


def resident(host: HostClient) -> int:
    """Bytes of main memory that the child process holds."""
    pages = Path(f"/proc/{host.pid}/statm").read_text("ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("zoo"))
