"""The benchmark behind the interface of the engine, on a tiny model."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import asdict, fields, replace

import pytest

from helix_app.bench import workloads
from helix_app.bench.config import BenchConfig
from helix_app.bench.figures.summary import summarise
from helix_app.bench.processes import host
from helix_app.bench.processes.host import BenchEngine
from helix_app.bench.records import BenchResult, parse_json, to_json
from helix_app.bench.runner import run_benchmark
from helix_app.bench.workloads import Prompt
from helix_app.protocol.bench import BenchDone, BenchProgressed, BenchRequest
from helix_app.protocol.events import Event, Failed
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import GenerateRequest, UnloadRequest
from tests.engine.made.tiny import Zoo

PROMPTS = (Prompt("chat", "chat-1", "the cat sat"), Prompt("code", "code-1", "the dog lay"))


@pytest.fixture
def request_(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> BenchRequest:
    """A few tokens; the built-in prompts are too long for a tiny model."""
    monkeypatch.setattr(workloads, "built_in", lambda kinds, per_kind: PROMPTS)
    return BenchRequest(str(zoo.gguf("llama-loopy")), "ngram", "fixed:2", "cpu", "float32", max_tokens=6, repeats=2)


@pytest.fixture(autouse=True)
def _nothing_left() -> Iterator[None]:
    yield
    assert "helix-bench" not in [thread.name for thread in threading.enumerate()]


def events_of(request: BenchRequest, stop_at: str = "", done: int = 0) -> list[Event]:
    """All events; cancelled when a stage, or a count of replies in it, is reached."""
    cancel, found = threading.Event(), []
    for event in BenchEngine().stream(request, cancel):
        found.append(event)
        if isinstance(event, BenchProgressed) and event.stage == stop_at and event.done == done:
            cancel.set()
    return found


def result_of(events: list[Event]) -> BenchResult:
    done = events[-1]
    assert isinstance(done, BenchDone)
    return parse_json(done.document, "x")


def test_the_request_has_the_fields_of_the_command_line() -> None:
    assert asdict(BenchRequest("t")).items() <= asdict(BenchConfig("t")).items()
    assert {f.name for f in fields(BenchConfig)} - {f.name for f in fields(BenchRequest)} == {
        "peer_path",
        "prompts_file",
        "prompts",
        "warmups",
        "context_required",
    }


def test_a_run_tells_its_progress_and_ends_with_the_document(request_: BenchRequest) -> None:
    events = events_of(request_)
    result = result_of(events)
    assert result.complete
    assert len(result.runs) == 2 * 2 * 2
    progress = [event for event in events[:-1] if isinstance(event, BenchProgressed)]
    assert len(progress) == len(events) - 1
    assert list(dict.fromkeys(event.stage for event in progress)) == ["load", "warm_up", "measure", "compare", "done"]
    measured = [event for event in progress if event.stage == "measure"]
    assert [event.done for event in measured] == list(range(1, 9))
    assert [event.decode_tokens_per_second for event in measured] == [
        run.decode_tokens_per_second for run in result.runs
    ]
    assert measured[-1].seconds_left == 0
    assert {event.kind for event in measured} == {"chat", "code"}
    # the document is the one of the command line, summary included
    assert events[-1] == BenchDone(to_json(result, asdict(summarise(result))))


@pytest.mark.parametrize(("wanted", "given"), [(32_768, 256), (100, 100)])
def test_a_context_that_the_model_has_not_is_the_nearest(request_: BenchRequest, wanted: int, given: int) -> None:
    result = result_of(events_of(replace(request_, context=wanted, repeats=1)))
    assert result.model["context_length"] == result.settings["context"] == given
    assert f"--context {given} " in result.command
    assert "context_required" not in result.settings
    host.config_of(replace(request_, context=8)).check()


def test_stopped_after_some_replies_it_keeps_them(request_: BenchRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    # the stream is one step ahead of the thread that measures: let this one wait for the stop
    held = threading.Event()
    real = run_benchmark

    def held_run(config, told, stop):  # type: ignore[no-untyped-def]
        def tell(progress):  # type: ignore[no-untyped-def]
            told(progress)
            if (progress.stage, progress.done) == ("measure", 3):
                held.set()
                stop.wait(30)

        return real(config, tell, stop)

    monkeypatch.setattr(host, "run_benchmark", held_run)
    result = result_of(events_of(request_, "measure", 3))
    assert held.is_set()
    assert not result.complete
    assert len(result.runs) == 3
    assert "bench_incomplete" in [notice.code for notice in result.notices]


def test_stopped_before_the_first_reply_there_is_nothing(
    request_: BenchRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def waits(config, told, stop):  # type: ignore[no-untyped-def]
        return run_benchmark(config, lambda progress: (told(progress), stop.wait(30)), stop)

    monkeypatch.setattr(host, "run_benchmark", waits)
    events = events_of(request_, "load")
    assert events[-1] == Unloaded()
    assert not any(isinstance(event, BenchProgressed) and event.done for event in events)


def test_a_failure_is_told_with_its_code(request_: BenchRequest, zoo: Zoo) -> None:
    (failed,) = events_of(BenchRequest("/none.gguf"))
    assert isinstance(failed, Failed)
    assert failed.code == "model_not_found"
    (failed,) = events_of(BenchRequest(request_.target, repeats=0))
    assert isinstance(failed, Failed)
    assert failed.code == "option_invalid"


def test_a_fault_is_told_too(request_: BenchRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(*_: object) -> BenchResult:
        raise ZeroDivisionError("on purpose")

    monkeypatch.setattr(host, "run_benchmark", faulty)
    (failed,) = events_of(request_)
    assert isinstance(failed, Failed)
    assert failed.code == "internal"
    assert "on purpose" in failed.detail


def test_an_abandoned_run_ends(request_: BenchRequest) -> None:
    stream = BenchEngine().stream(request_, threading.Event())
    next(stream)
    stream.close()  # type: ignore[attr-defined]


def test_other_requests_are_answered_with_nothing() -> None:
    engine = BenchEngine()
    assert list(engine.stream(UnloadRequest(), threading.Event())) == [Unloaded()]
    (finished,) = engine.stream(GenerateRequest("r"), threading.Event())
    assert finished.reason == "cancelled"
    engine.close()
