"""Replies that join one being written, in this process and in a child that may die of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from helix_app.engine.host.client import LocalClient
from helix_app.engine.host.crowd import Crowd
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Event, Failed, Finished, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.requests import LoadRequest
from tests.engine.host.fake_engines import ask
from tests.engine.host.hosting import FAKE, Client, closed_after, events_of, notices

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture(params=["local", "host"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    made = LocalClient(FAKE) if request.param == "local" else HostClient(FAKE, gather_seconds=0)
    yield from closed_after(made)


class Stream:
    """A stream whose events are kept, one list a reply."""

    def __init__(self, client: Client, text: str, name: str = "r1") -> None:
        self.intake, self.cancel = Intake(), threading.Event()
        self.events: list[Event] = []
        self._stream = client.stream(ask(text, name), self.cancel, self.intake)

    def join(self, text: str, name: str) -> Joining:
        joining = Joining(ask(text, name))
        assert self.intake.put(joining)
        return joining

    def until(self, name: str, kind: type) -> Event:
        for event in self._stream:
            self.events.append(event)
            if isinstance(event, kind) and getattr(event, "request_id", "") == name:
                return event
        raise AssertionError(f"no {kind.__name__} of {name}")

    def rest(self) -> None:
        self.events += self._stream

    def of(self, name: str) -> list[Event]:
        return [event for event in self.events if getattr(event, "request_id", "") == name]

    def text(self, name: str) -> str:
        return "".join(event.text for event in self.of(name) if isinstance(event, TextDelta))


def words(count: int) -> str:
    return "".join(f"m-{index} " for index in range(count))


def test_one_that_joins_is_written_beside_the_other(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "forever")
    stream.until("r1", RoundDone)
    stream.join("say 3", "r2")
    assert stream.until("r2", Finished).text == words(3)  # type: ignore[attr-defined]
    stream.until("r1", RoundDone)  # goes on
    stream.cancel.set()
    stream.rest()
    assert stream.text("r2") == words(3)
    last = stream.events[-1]
    assert isinstance(last, Finished)
    assert (last.request_id, last.reason) == ("r1", "cancelled")
    assert not stream.intake.put(Joining(ask("say 1", "late")))


def test_the_stream_goes_on_for_who_joined(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "say 2")
    stream.until("r1", RoundDone)
    joined = stream.join("forever", "r2")
    stream.until("r1", Finished)
    stream.until("r2", RoundDone)
    stream.join("say 1", "r3")
    stream.until("r3", Finished)
    joined.cancel.set()
    stream.rest()
    last = stream.events[-1]
    assert isinstance(last, Finished)
    assert (last.request_id, last.reason) == ("r2", "cancelled")
    assert events_of(client, ask("say 1"))[-1].text == "m-0 "  # type: ignore[attr-defined]


def test_stop_of_one_leaves_the_others(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "forever")
    stream.join("forever", "r2")
    stream.until("r2", RoundDone)
    stream.cancel.set()
    assert stream.until("r1", Finished).reason == "cancelled"  # type: ignore[attr-defined]
    stream.until("r2", RoundDone)
    stream.intake.cancel("r2")
    stream.rest()
    assert [event.request_id for event in stream.events if isinstance(event, Finished)] == ["r1", "r2"]


def test_what_ends_the_stream_is_told_to_all(client: Client) -> None:
    stream = Stream(client, "say 1")  # nothing is loaded
    stream.join("say 1", "r2")
    stream.rest()
    failures = [event for event in stream.events if isinstance(event, Failed)]
    assert sorted((event.request_id, event.code) for event in failures) == [
        ("r1", "no_model_loaded"), ("r2", "no_model_loaded"),
    ]  # fmt: skip
    assert isinstance(stream.events[-1], Failed)


def test_an_engine_that_raises_fails_every_reply(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "forever")
    stream.until("r1", RoundDone)
    stream.join("raise", "r2")
    stream.rest()
    failures = {event.request_id: event.code for event in stream.events if isinstance(event, Failed)}
    assert failures == {"r1": "internal", "r2": "internal"}


def test_a_busy_client_answers_those_that_were_to_join(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "forever")
    stream.until("r1", RoundDone)
    second = Stream(client, "say 1", "r2")
    second.join("say 1", "r3")
    second.rest()
    assert second.events == [Failed("engine_busy", request_id="r2"), Failed("engine_busy", request_id="r3")]
    stream.cancel.set()
    stream.rest()


# ------------------------------------------------------------------ children that die


def test_all_replies_outlive_their_engine(host: HostClient) -> None:
    events_of(host, LoadRequest("m"))
    stream = Stream(host, "forever")
    stream.until("r1", RoundDone)
    stream.join("falter 1", "r2")
    stream.until("r2", Finished)
    stream.until("r1", RoundDone)
    stream.cancel.set()
    stream.rest()
    for name in ("r1", "r2"):
        rounds = [event.index for event in stream.of(name) if isinstance(event, RoundDone)]
        assert rounds == list(range(len(rounds)))
        assert stream.text(name) == words(len(rounds))  # every word once
        assert sum(isinstance(event, PrefillDone) for event in stream.of(name)) == 1
        assert sum(isinstance(event, Finished) for event in stream.of(name)) == 1
        assert notices(stream.of(name)) == ["engine_restarted"]


def test_a_reply_that_kills_its_engine_again_and_again_fails_with_who_was_beside_it_all_the_time(
    host: HostClient,
) -> None:
    events_of(host, LoadRequest("m"))
    stream = Stream(host, "forever")
    stream.until("r1", RoundDone)
    stream.join("exit", "r2")
    stream.rest()
    assert {event.request_id for event in stream.events if isinstance(event, Failed)} == {"r1", "r2"}
    assert stream.text("r1").startswith(words(1))
    assert events_of(host, ask("say 1"))[-1].text == "m-0 "  # type: ignore[attr-defined]


def test_one_that_is_stopped_while_the_engine_is_silent_does_not_cost_the_others_their_engine() -> None:
    """It has its end here, and whatever the child still tells of it is dropped; the child goes on with the others."""
    crowd = Crowd(Joining(ask("x", "r1")), intake := Intake())
    intake.put(stopped := Joining(ask("x", "r2")))
    crowd.begin()
    crowd.messages(1)
    stopped.cancel.set()
    assert [type(word).__name__ for word in crowd.messages(1)] == ["Cancel"]
    assert (crowd.told, crowd.wanted) == (True, True)
    (ended,) = [crowd.take(event) for event in crowd.let_go()]
    assert isinstance(ended, Finished)
    assert (ended.request_id, ended.reason) == ("r2", "cancelled")
    assert not crowd.told
    assert crowd.take(TextDelta("r2", "late")) is None
    assert crowd.take(TextDelta("r1", "goes on")) is not None


def test_one_that_is_stopped_while_the_engine_hangs_leaves_the_others(host: HostClient) -> None:
    """It has its end at once; the child is found to hang later, and who was not stopped goes on in another."""
    host._patience.seconds_cpu = 1.0
    events_of(host, LoadRequest("m"))
    stream = Stream(host, "forever")
    joined = stream.join("hang", "r2")
    stream.until("r2", RoundDone)
    joined.cancel.set()
    assert stream.until("r2", Finished).reason == "cancelled"  # type: ignore[attr-defined]
    stream.until("r1", RoundDone)
    stream.cancel.set()
    stream.rest()
    assert stream.text("r1") == words(sum(isinstance(event, RoundDone) for event in stream.of("r1")))
    assert isinstance(stream.events[-1], Finished)


def test_closing_from_another_thread_ends_all(client: Client) -> None:
    events_of(client, LoadRequest("m"))
    stream = Stream(client, "forever")
    stream.join("forever", "r2")
    stream.until("r2", RoundDone)
    reader = threading.Thread(target=stream.rest)
    reader.start()
    client.close()
    reader.join(20)
    assert not reader.is_alive()
    ended = [event.request_id for event in stream.events if isinstance(event, (Finished, Failed))]
    assert sorted(ended) == ["r1", "r2"]
