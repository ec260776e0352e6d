"""A comparison: what it asks of the engine, and what the window hears of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.controller import SessionController
from helix_app.engine.host.client import LocalClient
from helix_app.protocol.events import (
    CacheSnapshot,
    CompareArm,
    CompareDone,
    CompareStarted,
    Event,
    Failed,
    Finished,
    Notice,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import (
    ArmChoice,
    ChatMessage,
    GenerateRequest,
    Grammar,
    LoadChoice,
    LoadRequest,
    Request,
)
from tests.bridge.compare.comparing import OWN, PLAIN, QUIET, SPEC, Engine, Run, of_arm, replies_of, request, token_of
from tests.bridge.fakes import FakeHub, Watcher
from tests.comparing import plain_reply
from tests.engine.host.fake_engines import ask, model_ready

# --------------------------------------------------------------------------- what the engine is asked


def test_both_arms_get_the_template_and_the_policy_of_the_reply() -> None:
    engine = Engine()
    asked = replace(request(), template="T", thinking=False, on_full="drop_oldest")
    Run(engine, asked).all()
    assert len(engine.replies_asked()) == 4
    for one in engine.replies_asked():
        assert (one.template, one.thinking, one.on_full) == ("T", False, "drop_oldest")


def test_a_model_without_a_chat_template_continues_the_text() -> None:
    engine = Engine()
    system = ChatMessage("system", "Be brief.")
    Run(engine, replace(request(), plain=True, messages=(system, *request().messages))).all()
    assert len(engine.replies_asked()) == 4
    for one in engine.replies_asked():
        assert (one.raw, one.text) == (True, request().messages[0].content)
    chat = Engine()
    pieces = (ChatMessage("user", "Why?\n\n"), ChatMessage("user", "How?"))
    Run(chat, replace(request(), plain=True, text=pieces)).all()
    assert all(one.messages == pieces for one in chat.replies_asked())
    Run(chat, replace(request(), text=pieces)).all()  # the model has a template
    assert chat.replies_asked()[-1].messages == request().messages
    template = Engine()
    Run(template, replace(request(), plain=True, template="T")).all()
    assert not any(one.raw for one in template.replies_asked())
    raced = Engine()
    Run(raced, replace(request(), raw=True)).all()
    assert all(one.raw for one in raced.replies_asked())


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


def test_sampled_tokens_far_from_the_best_have_a_gap_too() -> None:
    engine = Engine(["a ", "b "], ["a ", "c "])
    engine.likelier = 200
    done = Run(engine).all()[-1]
    assert isinstance(done, CompareDone)
    assert done.logit_gap == pytest.approx(0.6931, abs=1e-3)


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
    made = SessionController(LocalClient("tests.engine.host.fake_engines:Scripted"), FakeHub().hub(), stop_ms=5000)
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


def test_both_arms_have_the_form_of_the_reply() -> None:
    engine, form = Engine(), Grammar("json_object")
    Run(engine, replace(request(), grammar=form)).all()
    assert [one.grammar for one in engine.replies_asked()] == [form] * 4
