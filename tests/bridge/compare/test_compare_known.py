"""A comparison knows how steady the machine was, and gives each arm its own model."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench import reference
from helix_app.bridge.compare import load_of
from helix_app.protocol.events import CompareDone, Finished
from helix_app.protocol.models.loading import LoadProgress
from helix_app.protocol.requests import ArmChoice, LoadChoice, LoadRequest
from tests.bridge.compare.comparing import QUIET, SPEC, Engine, Run, of_arm, replies_of, request

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
    layer = replace(own, draft="mtp", draft_required=False)
    assert load_of(layer, ArmChoice(draft="tiny"), own).draft_required
    assert not load_of(layer, ArmChoice(), own).draft_required
    assert load_of(replace(own, draft="ngram"), ArmChoice(target="other"), own).draft == "ngram"
    assert load_of(own, plain, own).target == "other"  # what is loaded is another model
