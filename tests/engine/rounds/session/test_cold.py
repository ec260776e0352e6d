"""A cold reply begins as the first one after loading, whatever came before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.protocol.events import Event, Finished, PrefillDone
from helix_app.protocol.requests import GenerateRequest
from tests.engine.made.tiny import ask, check_idle, events, finish, runners, session_of

LONG = "the cat sat on the mat and the cat sat on the mat and the cat sat on the mat"


def cached(engine: Engine, request: GenerateRequest) -> int:
    (prefill,) = [event for event in events(engine, request) if isinstance(event, PrefillDone)]
    return prefill.cached_tokens


@pytest.mark.parametrize("kind", ["ngram", "itself"])
def test_no_cached_prefix_is_taken(kind: str, request: pytest.FixtureRequest) -> None:
    engine = request.getfixturevalue(kind)
    warm, cold = ask(LONG, max_tokens=20), ask(LONG, max_tokens=20, cold=True)
    first = finish(engine, warm)
    assert cached(engine, warm) > 0
    assert cached(engine, cold) == 0
    assert finish(engine, cold).token_ids == first.token_ids
    check_idle(engine)


@pytest.mark.parametrize("kind", ["ngram", "itself"])
def test_what_was_cached_before_it_is_cached_after_it(kind: str, request: pytest.FixtureRequest) -> None:
    engine = request.getfixturevalue(kind)
    finish(engine, ask(LONG, max_tokens=20, k="fixed:2"))
    pools = [runner.pool for runner in runners(session_of(engine))]
    hit = cached(engine, ask(LONG, max_tokens=20, k="fixed:2"))
    assert hit > 0
    before = [[pool.is_cached(block) for block in range(pool.num_blocks)] for pool in pools]
    for max_tokens in (20, 4):
        finish(engine, ask(LONG, max_tokens=max_tokens, k="fixed:2", cold=True))
    assert [[pool.is_cached(block) for block in range(pool.num_blocks)] for pool in pools] == before
    assert cached(engine, ask(LONG, max_tokens=20)) == hit
    check_idle(engine)


def test_the_drafts_cache_is_cold_too(itself: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    finish(itself, ask(LONG, max_tokens=20, k="fixed:2"))
    pools = [runner.pool for runner in runners(session_of(itself))]
    assert len(pools) == 2
    assert all(pool.cached_blocks for pool in pools)
    hits: list[int] = []
    for pool in pools:
        taken = pool.open
        monkeypatch.setattr(pool, "open", lambda *a, taken=taken, **k: hits.append(taken(*a, **k)) or hits[-1])
    finish(itself, ask(LONG, max_tokens=20, k="fixed:2", cold=True))
    assert hits == [0, 0]


class Spy(NgramTable):
    """A table that replies are learnt into, without a file."""

    def __init__(self) -> None:
        self.learnt: list[int] = []

    def learn(self, tokens: object, prompt_length: int) -> None:
        self.learnt.append(prompt_length)


def test_nothing_is_learnt_of_it(ngram: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    spy = Spy()
    monkeypatch.setattr(session_of(ngram), "learned", spy)
    finish(ngram, ask(LONG, max_tokens=20, cold=True))
    assert not spy.learnt
    finish(ngram, ask(LONG, max_tokens=20))
    assert len(spy.learnt) == 1


def test_it_asks_no_table_that_replies_were_learnt_into(ngram: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    draft = session_of(ngram).draft
    assert draft is not None
    asked: list[bool] = []
    fresh = draft.fresh
    monkeypatch.setattr(draft, "fresh", lambda repeatable=False: asked.append(repeatable) or fresh(repeatable))
    finish(ngram, ask(LONG, max_tokens=4, cold=True))
    finish(ngram, ask(LONG, max_tokens=4))
    assert asked == [True, False]


def test_it_takes_nothing_from_one_that_runs_beside_it(ngram: Engine) -> None:
    scheduler = Scheduler(session_of(ngram))
    scheduler.add(replace(ask(LONG, max_tokens=8), request_id="warm"))
    seen: list[Event] = []
    while not any(isinstance(event, PrefillDone) for event in seen):
        seen += scheduler.step()
    scheduler.add(replace(ask(LONG, max_tokens=8, cold=True), request_id="cold"))
    while scheduler.busy:
        seen += scheduler.step()
    results = {event.request_id: event for event in seen if isinstance(event, Finished)}
    assert results["cold"].metrics.cached_tokens == 0
    assert results["cold"].token_ids == results["warm"].token_ids
    assert scheduler.forks == 0
    check_idle(ngram)


def test_it_gives_nothing_to_one_that_runs_beside_it(ngram: Engine) -> None:
    session_of(ngram).clear_caches()
    scheduler = Scheduler(session_of(ngram))
    scheduler.add(replace(ask(LONG, max_tokens=8, cold=True), request_id="cold"))
    seen: list[Event] = []
    while not any(isinstance(event, PrefillDone) for event in seen):
        seen += scheduler.step()
    scheduler.add(replace(ask(LONG, max_tokens=8), request_id="warm"))
    while scheduler.busy:
        seen += scheduler.step()
    results = {event.request_id: event for event in seen if isinstance(event, Finished)}
    assert results["warm"].metrics.cached_tokens == 0
    assert scheduler.forks == 0
    assert results["cold"].token_ids == results["warm"].token_ids
    check_idle(ngram)
