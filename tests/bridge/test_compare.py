"""A comparison: what it asks of the engine, and what the window hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bench import reference
from helix_app.bridge.compare import Comparison, load_of
from helix_app.bridge.controller import SessionController
from helix_app.engine.client import LocalClient
from helix_app.errors import InputError
from helix_app.events import (
    Alternative,
    ArmChoice,
    CacheSnapshot,
    ChatMessage,
    CompareArm,
    CompareDone,
    CompareRequest,
    CompareStarted,
    Event,
    Failed,
    Finished,
    GenerateRequest,
    LoadChoice,
    LoadProgress,
    LoadRequest,
    ModelReady,
    Notice,
    PrefillDone,
    Request,
    RoundDone,
    SamplingParams,
    TextDelta,
    Unloaded,
)
from tests.bridge.fakes import FakeHub, Watcher
from tests.comparing import plain_reply, token
from tests.engine.fake_engines import ask, model_ready, snapshot

OWN = LoadChoice("m", draft="auto", dtype="bfloat16", learn=True)
SPEC, PLAIN = ArmChoice(), ArmChoice("autoregressive")
QUIET = CompareDone("c", "done", drift=0.0)  # nothing differs, and the machine was steady


def request(*arms: ArmChoice, text: str = "say 5", loaded: bool = True) -> CompareRequest:
    a, b = arms or (SPEC, PLAIN)
    return CompareRequest(
        "c", OWN, (a, b), (ChatMessage("user", text),), SamplingParams(temperature=0.0, seed=3), 40, loaded
    )


class Engine:
    """Writes given words, and remembers what it was asked."""

    def __init__(self, *replies: list[str]) -> None:
        self.replies = list(replies or (["a ", "b "], ["a ", "b "]))
        self.speeds: list[float] = []  # of the next reference replies
        self.asked: list[Request] = []
        self.instead: Callable[[Request], Event | None] = lambda _: None

    def stream(self, request: Request, cancel: threading.Event) -> Iterator[Event]:
        self.asked.append(request)
        other = self.instead(request)
        if other is not None:
            yield other
        elif isinstance(request, LoadRequest):
            yield LoadProgress("weights", 0.5)
            yield snapshot()
            yield Unloaded() if cancel.is_set() else model_ready(request.target, draft=request.draft)
        elif isinstance(request, GenerateRequest):
            yield snapshot()
            if request.request_id.endswith("gap"):
                best = (Alternative(token_of("b "), "b ", 0.5), Alternative(token_of("c "), "c ", 0.25))
                yield PrefillDone("gap", 3, 0, 0.0, (token(1, "b ", best),))
                yield TextDelta("gap", "b ")
                yield plain_reply(["b "])[-1]
                return
            if request.request_id.endswith("reference"):
                speed = self.speeds.pop(0) if self.speeds else 50.0
                yield plain_reply(["sea "], decode_tokens_per_second=speed)[-1]
                return
            warm = request.request_id.endswith("warm-up")
            words = ["warm "] if warm else self.replies.pop(0)
            yield from (replace(event, request_id=request.request_id) for event in plain_reply(words))  # type: ignore[call-arg]

    def close(self) -> None:
        pass

    def loads(self) -> list[tuple[str, str]]:
        return [(r.draft, r.dtype) for r in self.asked if isinstance(r, LoadRequest)]

    def replies_asked(self) -> list[GenerateRequest]:
        """All but the reference replies."""
        return [r for r in self.ids_asked() if not r.request_id.endswith("reference")]

    def ids_asked(self) -> list[GenerateRequest]:
        return [r for r in self.asked if isinstance(r, GenerateRequest)]


def token_of(word: str) -> int:
    finished = plain_reply([word])[-1]
    assert isinstance(finished, Finished)
    return finished.token_ids[0]


def resolve(choice: LoadChoice) -> LoadRequest:
    if choice.draft == "unknown":
        raise InputError("model_unknown", name="unknown")
    if choice.draft == "faulty":
        raise ZeroDivisionError("on purpose")
    return LoadRequest(choice.target, draft=choice.draft, dtype=choice.dtype)


class Run:
    """A comparison over a fake engine, step by step."""

    def __init__(self, engine: Engine, asked: CompareRequest | None = None) -> None:
        self.engine = engine
        self.cancel, self.superseded = threading.Event(), threading.Event()
        self.comparison = Comparison(engine, resolve, asked or request(), self.cancel, self.superseded)
        self.stream = self.comparison.events()

    def all(self) -> list[Event]:
        return list(self.stream)

    def until(self, wanted: type) -> Event:
        return next(e for e in self.stream if isinstance(e, CompareArm) and isinstance(e.event, wanted))


def of_arm(events: list[Event], index: int) -> list[Event]:
    return [e.event for e in events if isinstance(e, CompareArm) and e.index == index]


def replies_of(events: list[Event], index: int) -> list[Event]:
    return [event for event in of_arm(events, index) if event != LoadProgress("reference")]


# --------------------------------------------------------------------------- what the engine is asked


def test_both_arms_get_the_same_request_but_their_own_choices() -> None:
    engine = Engine()
    events = Run(engine).all()
    warm_a, a, warm_b, b = engine.replies_asked()
    assert (a.mode, b.mode) == ("speculative", "autoregressive")
    assert replace(a, request_id="", mode="speculative") == replace(b, request_id="", mode="speculative")
    assert (a.cold, a.max_tokens, a.messages, a.alternatives) == (True, 40, request().messages, 0)
    assert a.sampling == request().sampling
    for warm, real in ((warm_a, a), (warm_b, b)):
        assert warm.max_tokens < real.max_tokens
        assert (warm.mode, warm.k, warm.cold, warm.sampling) == (real.mode, real.k, True, real.sampling)
    assert isinstance(events[0], CompareStarted)
    assert events[-1] == QUIET
    assert engine.loads() == []


def test_each_arm_tells_its_reply_and_not_its_warming_up() -> None:
    events = Run(Engine(["a ", "b "], ["a ", "c "])).all()
    for index, words in enumerate((["a ", "b "], ["a ", "c "])):
        told = of_arm(events, index)
        assert told[0] == LoadProgress("warm_up")
        assert "".join(event.text for event in told if isinstance(event, TextDelta)) == "".join(words)
        assert sum(isinstance(event, RoundDone) for event in told) == 1
        assert isinstance(replies_of(events, index)[-1], Finished)
    assert any(isinstance(event, CacheSnapshot) for event in events)
    assert not any(isinstance(event, CompareArm) and isinstance(event.event, CacheSnapshot) for event in events)


def test_a_long_prompt_warms_up_with_its_beginning() -> None:
    engine = Engine()
    Run(engine, request(text="x" * 9000)).all()
    warm, real, *_ = engine.replies_asked()
    assert len(warm.messages[0].content) < len(real.messages[0].content) == 9000


def test_an_arm_is_loaded_only_where_it_needs_something_else() -> None:
    engine = Engine()
    events = Run(engine, request(ArmChoice(draft="ngram"), ArmChoice(draft="self-int4"))).all()
    assert engine.loads() == [("ngram", "bfloat16"), ("self-int4", "bfloat16")]
    assert of_arm(events, 0)[:2] == [LoadProgress("weights", 0.5), model_ready("m", draft="ngram")]
    assert events[-1] == replace(QUIET, reload=True)


def test_a_plain_arm_does_with_the_draft_that_is_there() -> None:
    engine = Engine()
    done = Run(engine, request(ArmChoice(draft="ngram"), PLAIN)).all()[-1]
    assert engine.loads() == [("ngram", "bfloat16")]
    assert done == replace(QUIET, reload=True)
    engine = Engine()
    Run(engine, request(SPEC, ArmChoice("autoregressive", dtype="float32"))).all()
    assert engine.loads() == [("auto", "float32")]


def test_an_arm_that_comes_back_to_the_own_choice_needs_no_load_after_it() -> None:
    engine = Engine()
    done = Run(engine, request(ArmChoice(dtype="float32"), SPEC)).all()[-1]
    assert engine.loads() == [("auto", "float32"), ("auto", "bfloat16")]
    assert done == QUIET


def test_nothing_loaded_yet() -> None:
    engine = Engine()
    assert Run(engine, request(loaded=False)).all()[-1] == QUIET
    assert engine.loads() == [("auto", "bfloat16")]


# --------------------------------------------------------------------------- how steady the machine was


def test_the_benchmarks_reference_reply_before_and_after_each_arm() -> None:
    engine = Engine()
    events = Run(engine).all()
    ids = [r.request_id for r in engine.ids_asked()]
    assert ids == ["c-0-warm-up", "c-0-reference", "c-0", "c-0-reference", "c-1-warm-up", "c-1", "c-1-reference"]
    asked = next(r for r in engine.ids_asked() if r.request_id == "c-0-reference")
    assert (asked.messages[0].content, asked.max_tokens) == (reference.TEXT, reference.TOKENS)
    assert (asked.mode, asked.sampling.temperature, asked.cold) == ("autoregressive", 0.0, True)
    assert LoadProgress("reference") in of_arm(events, 0)
    assert sum(isinstance(event, Finished) for event in of_arm(events, 0)) == 1  # its own reply and no other


@pytest.mark.parametrize(("last", "noisy"), [(52.0, False), (40.0, True), (70.0, True)])
def test_a_machine_whose_speed_moves_is_noisy(last: float, noisy: bool) -> None:
    engine = Engine()
    engine.speeds = [50.0, 50.0, last]
    done = Run(engine).all()[-1]
    assert isinstance(done, CompareDone)
    assert (done.drift, done.noisy) == (pytest.approx(abs(last - 50) / 50), noisy)


def test_models_of_other_speed_are_not_a_machine_that_moves() -> None:
    engine = Engine()
    engine.speeds = [50.0, 50.5, 100.0, 101.0]
    done = Run(engine, request(SPEC, ArmChoice(dtype="float32"))).all()[-1]
    assert isinstance(done, CompareDone)
    assert (done.drift, done.noisy) == (pytest.approx(0.01, rel=0.01), False)


# --------------------------------------------------------------------------- two models


def test_each_arm_may_have_its_own_model() -> None:
    engine = Engine(["a ", "b "], ["a ", "c "])
    events = Run(engine, request(SPEC, ArmChoice(target="other"))).all()
    loads = [r for r in engine.asked if isinstance(r, LoadRequest)]
    assert [(r.target, r.draft, r.dtype) for r in loads] == [("other", "auto", "bfloat16")]
    assert isinstance(replies_of(events, 1)[-1], Finished)
    assert events[-1] == replace(QUIET, reload=True)  # no gap of logits between two models
    assert not any(r.request_id.endswith("gap") for r in engine.ids_asked())


def test_a_draft_model_of_the_own_target_is_not_asked_of_another() -> None:
    own = LoadChoice("m", draft="small", dtype="bfloat16")
    plain = ArmChoice("autoregressive", target="other")
    assert load_of(own, ArmChoice(target="other"), own) == replace(own, target="other", draft="auto")
    assert load_of(own, ArmChoice(target="m"), own) == own
    assert load_of(own, ArmChoice(target="other", draft="tiny"), own).draft == "tiny"
    assert load_of(replace(own, draft="ngram"), ArmChoice(target="other"), own).draft == "ngram"
    assert load_of(own, plain, own).target == "other"  # what is loaded is another model


# --------------------------------------------------------------------------- where the texts part


def test_the_gap_comes_from_one_more_token_after_what_they_share() -> None:
    engine = Engine(["a ", "b ", "d "], ["a ", "c ", "d "])
    done = Run(engine).all()[-1]
    assert isinstance(done, CompareDone)
    assert done.logit_gap == pytest.approx(0.6931, abs=1e-3)
    probe = engine.replies_asked()[-1]
    assert probe.written is not None
    assert probe.written.token_ids == (token_of("a "),)
    assert (probe.max_tokens, probe.mode, probe.cold) == (2, "autoregressive", True)


def test_texts_that_part_at_once() -> None:
    engine = Engine(["b ", "d "], ["c ", "d "])
    done = Run(engine).all()[-1]
    assert isinstance(done, CompareDone)
    assert done.logit_gap is not None
    assert (engine.replies_asked()[-1].written, engine.replies_asked()[-1].max_tokens) == (None, 1)


@pytest.mark.parametrize("second", [["a ", "b "], ["a ", "b ", "c "]])
def test_no_gap_where_nothing_differs(second: list[str]) -> None:
    engine = Engine(["a ", "b "], second)
    assert Run(engine).all()[-1] == QUIET
    assert len(engine.replies_asked()) == 4


# --------------------------------------------------------------------------- ends


def test_stop_keeps_what_is_done_and_begins_nothing_else() -> None:
    engine = Engine()
    run = Run(engine)
    run.until(Finished)
    run.cancel.set()
    assert run.all() == [CompareDone("c", "cancelled")]
    assert [r.request_id for r in engine.replies_asked()] == ["c-0-warm-up", "c-0"]
    assert engine.ids_asked()[-1].request_id == "c-0"


def test_stop_while_an_arm_loads() -> None:
    engine = Engine()
    run = Run(engine, request(ArmChoice(draft="ngram"), PLAIN))
    run.until(LoadProgress)
    run.cancel.set()
    events = run.all()
    assert events[-1] == CompareDone("c", "cancelled", reload=True)
    assert not engine.replies_asked()
    assert not [e for e in events if isinstance(e, CompareArm) and isinstance(e.event, Failed)]


def test_another_load_takes_over() -> None:
    run = Run(Engine(), request(ArmChoice(draft="ngram"), PLAIN))
    run.until(ModelReady)
    run.superseded.set()
    run.cancel.set()
    assert run.all()[-1] == CompareDone("c", "cancelled", reload=False)


@pytest.mark.parametrize("how", ["hub", "engine"])
def test_an_arm_that_cannot_be_loaded_leaves_the_other_one(how: str) -> None:
    engine = Engine(["a "])
    if how == "engine":
        engine.instead = lambda r: Failed("draft_vocab_size") if isinstance(r, LoadRequest) and r.draft == "x" else None
    bad = ArmChoice(draft="unknown" if how == "hub" else "x")
    events = Run(engine, request(bad, SPEC)).all()
    (failed,) = of_arm(events, 0)
    assert isinstance(failed, Failed)
    assert isinstance(replies_of(events, 1)[-1], Finished)
    assert events[-1] == QUIET
    assert engine.loads()[-1] == ("auto", "bfloat16")


def test_an_arm_that_fails_half_way_leaves_the_other_one() -> None:
    engine = Engine(["a "])
    engine.instead = lambda r: (
        Failed("engine_died") if isinstance(r, GenerateRequest) and r.request_id == "c-0" else None
    )
    events = Run(engine).all()
    assert of_arm(events, 0)[-1] == Failed("engine_died")
    assert isinstance(replies_of(events, 1)[-1], Finished)
    assert engine.loads() == [("auto", "bfloat16")]  # nobody knows what a new engine holds


def test_a_fault_of_ours_is_told_and_what_is_loaded_is_known() -> None:
    events = Run(Engine(), request(SPEC, ArmChoice(draft="faulty"))).all()
    done = events[-1]
    assert isinstance(done, CompareDone)
    assert (done.reason, done.reload) == ("failed", True)
    assert done.failed is not None
    assert done.failed.code == "internal"
    assert isinstance(replies_of(events, 0)[-1], Finished)


def test_a_move_to_another_device_is_told_and_undone() -> None:
    engine = Engine()

    def moves(r: Request) -> Iterator[Event]:
        yield Notice("moved_to_cpu")
        yield model_ready("m", "cpu")
        yield from plain_reply(["a "])

    stream = engine.stream
    engine.stream = lambda r, c: (  # type: ignore[method-assign]
        moves(r) if isinstance(r, GenerateRequest) and r.request_id == "c-1" else stream(r, c)
    )
    events = Run(engine).all()
    assert Notice("moved_to_cpu") in of_arm(events, 1)
    assert events[-1] == replace(QUIET, reload=True)


# --------------------------------------------------------------------------- in the controller


@pytest.fixture
def controller(qtbot: QtBot) -> Iterator[SessionController]:
    made = SessionController(LocalClient("tests.engine.fake_engines:Scripted"), FakeHub().hub(), stop_ms=5000)
    made.start()
    yield made
    assert made.shutdown()


@pytest.fixture
def watcher(controller: SessionController, qtbot: QtBot) -> Watcher:
    watcher = Watcher(controller, qtbot)
    controller.load(OWN)
    watcher.wait_for(ModelReady)
    return watcher


def test_a_comparison_through_the_controller(controller: SessionController, watcher: Watcher) -> None:
    controller.compare(request())
    assert controller.busy
    done = watcher.wait_for(CompareDone)
    assert isinstance(done, CompareDone)
    assert (done.reason, done.reload, done.failed) == ("done", False, None)
    assert not controller.busy
    for index in (0, 1):
        assert (
            "".join(e.text for e in of_arm(watcher.seen, index) if isinstance(e, TextDelta)) == "m-0 m-1 m-2 m-3 m-4 "
        )
    assert watcher.text() == ""  # nothing that a chat would take for its own


def test_a_reply_is_refused_with_the_reason(controller: SessionController, watcher: Watcher) -> None:
    controller.compare(request(text="wait"))
    watcher.wait_for(CompareStarted)
    controller.generate(ask("say 1", "chat"))
    failed = watcher.wait_for(Failed)
    assert failed == Failed("compare_running", request_id="chat")
    controller.cancel()
    assert watcher.wait_for(CompareDone) == CompareDone("c", "cancelled")
    controller.generate(ask("say 1", "chat"))
    watcher.wait_for(Finished)


def test_a_comparison_is_refused_with_the_reason(controller: SessionController, watcher: Watcher) -> None:
    controller.generate(ask("wait", "chat"))
    controller.compare(request())
    done = watcher.wait_for(CompareDone)
    assert done == CompareDone("c", "failed", failed=Failed("compare_reply_running"))
    controller.cancel()
    watcher.wait_for(Finished)


def test_a_load_ends_a_comparison(controller: SessionController, watcher: Watcher) -> None:
    controller.compare(request(text="wait"))
    watcher.wait_for(CompareStarted)
    controller.load(LoadChoice("other"))
    assert watcher.wait_for(CompareDone) == CompareDone("c", "cancelled")
    ready = watcher.wait_for(ModelReady, 2)
    assert isinstance(ready, ModelReady)
    assert ready.target_name == "other"


def test_closing_in_the_middle_of_a_comparison(controller: SessionController, watcher: Watcher) -> None:
    controller.compare(request(text="forever"))
    watcher.wait_for(CompareStarted)
    assert controller.shutdown()
    assert watcher.seen[-1] == CompareDone("c", "cancelled")
