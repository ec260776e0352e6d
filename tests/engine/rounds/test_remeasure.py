"""A busy moment that made drafts look costly is not believed for ever: costs are measured again between replies."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

from helix_app.engine.control.costs import CostTable
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.engine.machine import quiet
from helix_app.engine.measuring import calibration
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds import session as generation
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Finished
from tests.engine.made.tiny import Zoo, ask, check_idle, events, loaded, session_of
from tests.engine.runs.crowds import Models, alone, check_empty
from tests.engine.runs.drafting import TARGET

PLAIN, FAIR, BUSY = 0.020, 0.022, 0.200
PASSES = [(1, 1), (5, 5), (1, 1)]  # five rows beside single ones
CIRCLES = "1 2 3 1 2 3 1 2"


class Clock:
    """Passes of a runner that take a known time."""

    def __init__(self, patch: pytest.MonkeyPatch, seconds: float = FAIR) -> None:
        self.now, self.passes = 0.0, []  # type: ignore[var-annotated]
        real = ModelRunner.forward

        def forward(runner: ModelRunner, name: str, ids: list[int], logit_rows: int, exact: bool = False) -> object:
            self.now += seconds
            self.passes.append((len(ids), logit_rows))
            return real(runner, name, ids, logit_rows, exact)

        patch.setattr(ModelRunner, "forward", forward)
        patch.setattr(calibration, "time", SimpleNamespace(perf_counter=lambda: self.now))


def after_a_busy_load(models: Models) -> Session:
    """Loaded while another program ran: more rows look ten times as costly; plain rounds were fair since."""
    session = models.session("ngram")
    for rows in (2, 3, 5, 9):
        session.costs.add(rows, 0, BUSY)
    for _ in range(20):
        session.costs.add(1, 0, PLAIN)
    return session


def test_dear_costs_are_corrected_by_measuring_again(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session, clock = after_a_busy_load(models), Clock(monkeypatch)
    before = session.costs.expect(5, 0)
    for turn in range(1, 4):
        session.too_costly = session.doubt
        session.remeasure()
        assert session.too_costly == 0
        assert clock.passes == PASSES * turn
    after = session.costs.expect(5, 0)
    assert before is not None
    assert after is not None
    assert before == pytest.approx(BUSY, rel=0.2)
    assert after == pytest.approx(FAIR, rel=0.5)
    plain = session.costs.expect(1, 0)
    assert plain == pytest.approx(PLAIN, rel=0.5)
    check_empty(session)


def test_what_is_only_confirmed_is_measured_ever_more_rarely(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session, clock = models.session("ngram"), Clock(monkeypatch)
    session.costs.add(1, 0, FAIR)
    session.costs.relate({5: 1.0})
    for turn in range(8):
        session.too_costly = generation._DOUBT * 2**turn - 1
        session.remeasure()
        assert len(clock.passes) == turn * len(PASSES)
        session.too_costly += 1
        session.remeasure()
        assert (session.too_costly, len(clock.passes)) == (0, (turn + 1) * len(PASSES))
    assert session.doubt == generation._DOUBT_MAX
    session.costs.relate({5: 4.0})  # something has changed
    session.too_costly = session.doubt
    session.remeasure()
    assert session.doubt == generation._DOUBT
    assert session.costs.expect(5, 0) == pytest.approx(FAIR)


def test_beside_other_programs_nothing_is_doubted(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = after_a_busy_load(models), Clock(monkeypatch)
    monkeypatch.setattr(quiet, "busyness", lambda best=1.0: (3.0, best))
    before = session.costs.expect(5, 0)
    session.too_costly = session.doubt
    session.remeasure()
    assert session.costs.expect(5, 0) == before


def test_nothing_is_measured_while_drafting_pays(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session, clock = after_a_busy_load(models), Clock(monkeypatch)
    for too_costly in (0, 1, generation._DOUBT - 1):
        session.too_costly = too_costly
        session.remeasure()
        assert session.too_costly == too_costly
    assert clock.passes == []
    assert session.costs.samples(5, 0) == 1


def test_without_a_free_block_it_waits(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session, clock = models.session("ngram", blocks=2), Clock(monkeypatch)
    session.costs.add(1, 0, PLAIN)
    session.runner.open("held", ())
    session.runner.reserve("held", 32)
    session.too_costly = 100
    session.remeasure()
    assert (clock.passes, session.too_costly) == ([], 100)
    session.runner.close("held")
    session.remeasure()
    assert (clock.passes, session.too_costly) == (PASSES, 0)


def test_it_leaves_no_trace_even_when_the_pass_fails(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session = after_a_busy_load(models)

    def refuse(*args: object) -> torch.Tensor:
        raise RuntimeError("device lost")

    monkeypatch.setattr(session.runner.decoder, "forward_many", refuse)
    session.too_costly = 100
    with pytest.raises(RuntimeError, match="device lost"):
        session.remeasure()
    check_empty(session)
    assert session.runner.pool.cached_blocks == 0


def test_rounds_that_were_too_dear_are_counted_since_the_last_draft(models: Models) -> None:
    session = models.session("ngram")
    for rows, seconds in ((1, 1e-6), (2, 10.0), (3, 10.0), (5, 10.0), (9, 10.0)):
        for _ in range(9):
            session.costs.add(rows, 0, seconds)
    request = ask(CIRCLES, max_tokens=24)
    alone(session, request)
    assert 3 < session.too_costly < 24  # rounds without a match do not count
    alone(session, ask(CIRCLES, max_tokens=24, k="fixed:2"))
    assert session.too_costly == 0
    before = session.too_costly
    alone(session, ask(CIRCLES, max_tokens=24, mode="autoregressive"))
    assert session.too_costly == before


def test_the_engine_measures_after_a_reply(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    engine: Engine = loaded(zoo.gguf(TARGET), "ngram")
    session, seen = session_of(engine), []
    real = Session.remeasure
    monkeypatch.setattr(Session, "remeasure", lambda self: (seen.append(self.runner.pool.used_blocks), real(self)))
    session.costs.relate({5: 100.0})
    session.too_costly = 1000
    last = events(engine, ask(CIRCLES, mode="autoregressive", max_tokens=4))[-1]
    assert isinstance(last, Finished)
    assert seen == [0]
    assert session.costs.samples(5, 0) == 1  # what was known before is forgotten
    check_idle(engine)


def test_where_no_draft_can_pay_none_is_asked(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    session = models.session("ngram")
    session.costs.add(1, 0, PLAIN)
    session.costs.relate({2: 2.0, 3: 3.0, 5: 5.0, 9: 9.0})
    want = alone(session, ask(CIRCLES, max_tokens=24, mode="autoregressive"))

    def refuse(*args: object) -> object:
        raise AssertionError("asked")

    monkeypatch.setattr(NgramDraft, "offers", refuse)
    monkeypatch.setattr(CostTable, "add", lambda *args: None)  # tiny passes are cheap, whatever was said
    assert alone(session, ask(CIRCLES, max_tokens=24)).token_ids == want.token_ids
    assert session.too_costly == 23
    with pytest.raises(AssertionError, match="asked"):
        alone(session, ask(CIRCLES, max_tokens=24, k="fixed:2"))
