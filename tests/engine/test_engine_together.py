"""Replies that join one being written, by the engine itself: each is what it would be alone."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from helix_app.base.errors import HelixError
from helix_app.engine.engine import Engine
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, RoundDone
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import LoadProgress, MemoryUse
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.tiny import Zoo, ask, check_idle, finish, loaded

LONG = 60


@pytest.fixture(params=["none", "ngram"])
def engine(zoo: Zoo, request: pytest.FixtureRequest) -> Iterator[Engine]:
    made = loaded(zoo.gguf("llama-loopy"), request.param)
    yield made
    check_idle(made)
    made.close()


def request(name: str, text: str, **options: object) -> GenerateRequest:
    return ask(text, request_id=name, max_tokens=LONG, **options)  # type: ignore[arg-type]


class Joined:
    """A stream that others join when so many rounds of the first are over."""

    def __init__(self, engine: Engine, first: GenerateRequest) -> None:
        self.intake, self.cancel = Intake(), threading.Event()
        self.events: list[Event] = []
        self._stream = engine.stream(first, self.cancel, self.intake)
        self._first = first.request_id

    def run(self, at: dict[int, Callable[[], object]] | None = None) -> list[Event]:
        for event in self._stream:
            self.events.append(event)
            if isinstance(event, RoundDone) and event.request_id == self._first:
                (at or {}).get(event.index, lambda: None)()
        return self.events

    def join(self, request: GenerateRequest) -> threading.Event:
        joining = Joining(request)
        assert self.intake.put(joining)
        return joining.cancel

    def finished(self, name: str) -> Finished:
        [event] = [e for e in self.events if isinstance(e, Finished) and e.request_id == name]
        return event


def test_each_is_what_it_is_alone(engine: Engine) -> None:
    asked = [request(name, text) for name, text in (("a", "the rain"), ("b", "the rain in spring"), ("c", "one two"))]
    alone = [finish(engine, one) for one in asked]
    stream = Joined(engine, asked[0])
    stream.run({2: lambda: stream.join(asked[1]), 5: lambda: stream.join(asked[2])})
    for one, expected in zip(asked, alone):
        assert stream.finished(one.request_id).token_ids == expected.token_ids
    seen = [event.request_id for event in stream.events if isinstance(event, RoundDone)]
    beside = seen[: len(seen) - seen[::-1].index("a")]
    assert {"b", "c"} <= set(beside), "they were written while the first one was"
    shown = [event for event in stream.events if isinstance(event, CacheSnapshot)]
    assert any(len(event.tables) >= 2 for event in shown), "the block map has both"
    assert isinstance(stream.events[-1], Finished)
    assert sum(isinstance(event, MemoryUse) for event in stream.events) == len(asked)


def test_who_joins_at_the_end_is_written_too(engine: Engine) -> None:
    late = request("late", "one two")
    stream = Joined(engine, request("a", "the rain"))
    for event in stream._stream:
        stream.events.append(event)
        if isinstance(event, Finished) and event.request_id == "a":
            stream.join(late)
    assert stream.finished("late").token_ids == finish(engine, late).token_ids


def test_stop_of_one_frees_its_blocks_alone(engine: Engine) -> None:
    stream = Joined(engine, request("a", "the rain"))
    stops: list[threading.Event] = []
    stream.run({2: lambda: stops.append(stream.join(request("b", "one two"))), 6: lambda: stops[0].set()})
    assert stream.finished("b").reason == "cancelled"
    assert stream.finished("a").token_ids == finish(engine, request("a", "the rain")).token_ids


def test_stop_of_the_first_leaves_who_joined(engine: Engine) -> None:
    stream = Joined(engine, request("a", "the rain"))
    stream.run({2: lambda: stream.join(request("b", "one two")), 4: stream.cancel.set})
    assert stream.finished("a").reason == "cancelled"
    assert stream.finished("b").token_ids == finish(engine, request("b", "one two")).token_ids


def test_a_request_that_makes_no_sense_fails_alone(engine: Engine) -> None:
    stream = Joined(engine, request("a", "the rain"))
    stream.run({1: lambda: stream.join(request("b", "one", k="many")), 2: lambda: stream.join(request("c", "one"))})
    failures = [event for event in stream.events if isinstance(event, Failed)]
    assert [(event.request_id, event.code) for event in failures] == [("b", "option_invalid")]
    assert stream.finished("a").token_ids == finish(engine, request("a", "the rain")).token_ids
    assert stream.finished("c").token_ids == finish(engine, request("c", "one")).token_ids


def test_a_first_request_that_makes_no_sense_leaves_who_joined(engine: Engine) -> None:
    stream = Joined(engine, request("a", "the rain", k="many"))
    stream.join(request("b", "one two"))
    stream.run()
    assert [event.code for event in stream.events if isinstance(event, Failed)] == ["option_invalid"]
    assert stream.finished("b").token_ids == finish(engine, request("b", "one two")).token_ids


class BroughtBack(Joined):
    """A stream whose model is loaded again first, for its last move was stopped; ``b`` joins meanwhile."""

    def __init__(self, engine: Engine) -> None:
        engine._unload()
        super().__init__(engine, request("a", "the rain"))

    def run_with(self, *stopped: str) -> None:
        """All of it; these replies are stopped as soon as ``b`` has joined."""
        for event in self._stream:
            self.events.append(event)
            if isinstance(event, LoadProgress) and event.stage == "devices" and not self.intake.unanswered:
                stops = {"a": self.cancel, "b": self.join(request("b", "one two"))}
                for name in stopped:
                    stops.pop(name).set()


def test_stop_of_the_first_while_a_model_comes_back_leaves_who_joined(engine: Engine) -> None:
    expected = finish(engine, request("b", "one two")).token_ids
    stream = BroughtBack(engine)
    stream.run_with("a")
    assert stream.finished("a").reason == "cancelled"
    assert stream.finished("b").token_ids == expected


def test_stop_of_all_while_a_model_comes_back_ends_all(engine: Engine) -> None:
    stream = BroughtBack(engine)
    stream.run_with("a", "b")
    assert [stream.finished(name).reason for name in "ab"] == ["cancelled", "cancelled"]
    assert engine.session is None
    assert finish(engine, request("c", "one two")).token_ids  # what comes next brings it back


def test_each_has_one_result_where_a_model_does_not_come_back(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = BroughtBack(engine)

    def fails(*_: object) -> Iterator[Event]:
        yield LoadProgress("devices")
        raise HelixError("device_out_of_memory", device="card")

    with monkeypatch.context() as patch:
        patch.setattr("helix_app.engine.engine.load", fails)
        stream.run_with()
    failures = [(event.request_id, event.code) for event in stream.events if isinstance(event, Failed)]
    assert failures == [("a", "device_out_of_memory"), ("b", "device_out_of_memory")]
    assert not any(isinstance(event, Finished) for event in stream.events)
    assert finish(engine, request("b", "one two")).reason != "cancelled"
