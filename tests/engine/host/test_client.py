"""The engine clients: the same events from a child process as from this one, and no failure that spreads."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from helix_app.engine.host.client import LocalClient, cancelled_result, guarded_stream
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Event, Failed, Finished, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import DevicesFound, LoadProgress, Unloaded
from helix_app.protocol.requests import DevicesRequest, LoadRequest, Request, SamplingParams, UnloadRequest
from tests.engine.host.fake_engines import Scripted, ask
from tests.engine.host.hosting import FAKE, Client, closed_after, events_of, text_of, until

BROKEN = "tests.engine.host.fake_engines:Broken"
pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(params=[HostClient, LocalClient], ids=["child", "thread"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    yield from closed_after(request.param(FAKE))


def test_same_events_as_the_engine_itself(client: Client) -> None:
    engine = Scripted()
    for request in (LoadRequest("m"), ask("say 40"), UnloadRequest(), ask("say 1")):
        expected = list(guarded_stream(engine, request, threading.Event()))
        got = events_of(client, request)
        assert [
            e for e in got if not (isinstance(e, LoadProgress) and e.stage in ("start_engine", "import"))
        ] == expected


def test_cancel_ends_a_reply(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    stream = client.stream(ask("forever"), cancel)
    seen = until(stream, TextDelta)
    cancel.set()
    seen += stream
    assert isinstance(seen[-1], Finished)
    assert seen[-1].reason == "cancelled"
    assert seen[-1].text == text_of(seen)


def test_cancel_wakes_a_silent_engine(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    stream = client.stream(ask("wait"), cancel)
    until(stream, TextDelta)
    cancel.set()
    assert [type(event) for event in stream] == [Finished]


def test_second_stream_is_busy(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    cancel = threading.Event()
    first = client.stream(ask("wait"), cancel)
    until(first, TextDelta)
    assert events_of(client, ask("say 1", "r2")) == [Failed("engine_busy", request_id="r2")]
    cancel.set()
    assert isinstance(list(first)[-1], Finished)
    assert isinstance(events_of(client, ask("say 1"))[-1], Finished)


def test_abandoned_stream_frees_the_engine(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = client.stream(ask("forever"), threading.Event())
    until(stream, TextDelta)
    stream.close()  # type: ignore[attr-defined]
    assert text_of(events_of(client, ask("say 2"))) == "m-0 m-1 "


def test_expected_failure_keeps_code_and_fields(client: Client) -> None:
    assert events_of(client, LoadRequest("missing"))[-1] == Failed("model_not_found", "", (("path", "missing"),))


@pytest.mark.parametrize(
    ("deed", "code", "detail"), [("raise", "internal", "on purpose"), ("memory", "out_of_memory", "")]
)
def test_exception_becomes_failed_and_the_engine_goes_on(client: Client, deed: str, code: str, detail: str) -> None:
    events_of(client, LoadRequest("m"))
    failed = events_of(client, ask(deed))[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, failed.request_id) == (code, "r1")
    assert detail in failed.detail
    assert text_of(events_of(client, ask("say 1"))) == "m-0 "


@pytest.mark.parametrize("kind", [HostClient, LocalClient])
def test_engine_that_cannot_be_imported(kind: type[Client], caplog: pytest.LogCaptureFixture) -> None:
    client = kind(BROKEN)
    for _ in range(2):  # also the second time, when the first process is gone
        failed = events_of(client, ask("say 1"))[-1]
        assert isinstance(failed, Failed)
        assert (failed.code, failed.request_id) == ("internal", "r1")
        assert "no such library" in failed.detail
    client.close()


def test_close_twice_and_then_nothing(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    client.close()
    client.close()
    assert events_of(client, ask("say 1")) == [Failed("engine_died", "closed", request_id="r1")]
    client.start()  # does nothing


def test_close_from_another_thread_ends_the_reply(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    seen: list[Event] = []
    begun = threading.Event()

    def read() -> None:
        for event in client.stream(ask("forever"), threading.Event()):
            seen.append(event)
            begun.set()

    reader = threading.Thread(target=read)
    reader.start()
    assert begun.wait(20)
    client.close()
    reader.join(20)
    assert not reader.is_alive()
    assert isinstance(seen[-1], (Finished, Failed))


@pytest.mark.parametrize("module", ["client", "parent"])
def test_importing_a_client_imports_no_torch(module: str) -> None:
    code = f"import sys, helix_app.engine.host.{module}; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# ------------------------------------------------------------------------- its parts


class Engine:
    """Gives these events, and notes whether its stream was closed."""

    def __init__(self, *events: Event) -> None:
        self.events, self.closed = events, False

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        try:
            yield from self.events
        finally:
            self.closed = True

    def close(self) -> None:
        pass


def test_a_request_without_a_result_is_a_failure() -> None:
    engine = Engine(TextDelta("r1", "x"))
    *before, failed = guarded_stream(engine, ask("say 1"), threading.Event())
    assert before == [TextDelta("r1", "x")]
    assert isinstance(failed, Failed)
    assert (failed.code, failed.request_id) == ("internal", "r1")
    assert "without a result" in failed.detail


def test_an_abandoned_reply_is_closed_at_once() -> None:
    engine = Engine(TextDelta("r1", "x"), TextDelta("r1", "y"))
    stream = guarded_stream(engine, ask("say 2"), threading.Event())
    next(stream)
    assert not engine.closed
    stream.close()
    assert engine.closed


def test_what_was_cancelled_unseen_has_the_result_of_its_kind() -> None:
    assert cancelled_result(LoadRequest("m")) == cancelled_result(UnloadRequest()) == Unloaded()
    assert cancelled_result(DevicesRequest()) == DevicesFound(())
    reply = replace(ask("say 1", "r7"), sampling=SamplingParams(seed=5))
    finished = cancelled_result(reply)
    assert isinstance(finished, Finished)
    assert (finished.request_id, finished.reason, finished.text) == ("r7", "cancelled", "")
    assert (finished.metrics.seed, finished.metrics.tokens_per_second) == (5, None)
