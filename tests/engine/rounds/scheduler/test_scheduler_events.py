"""Many replies at once: forks of running ones, and what events and figures say."""

from __future__ import annotations

import time

import pytest

from helix_app.engine.cache.pool.snapshot import take_snapshot
from helix_app.engine.rounds import scheduler
from helix_app.protocol.events import CacheSnapshot, Finished, PrefillDone, PrefillProgress, RoundDone, TextDelta
from tests.engine.cache.pool.test_pool_screen import Screen
from tests.engine.made.tiny import ask
from tests.engine.runs.crowds import (
    SAMPLINGS,
    TEXTS,
    Crowd,
    Models,
    check_same,
    requests,
    staggered,
)

pytestmark = pytest.mark.usefixtures("small_chunks")


# --------------------------------------------------------------------------- forks


@pytest.mark.parametrize("draft", ["none", "mixed"])
def test_the_same_prompt_again_shares_what_a_running_reply_holds(models: Models, draft: str) -> None:
    """The blocks that both have read are shared, the one they both write is copied."""
    asked = [ask(TEXTS[4], request_id=f"s{i}", max_tokens=30, k="fixed:2") for i in range(3)]
    other = ask(TEXTS[4] + "then the rain", request_id="other", max_tokens=30, k="fixed:2")
    crowd = Crowd(models.session(draft)).add(asked[0])
    shared = []
    for i, request in enumerate([*asked[1:], other]):
        for _ in range(6):
            crowd.step()
        crowd.add(request)
        crowd.step()
        assert crowd.scheduler.forks == i + 1
        pool = crowd.session.runner.pool
        shared.append(sum(pool.refcount(b) > 1 for b in pool.tables()[request.request_id].blocks))
    assert min(shared) > 0
    crowd.run()
    check_same(models, crowd, [*asked, other])
    cached = [e.cached_tokens for e in crowd.events if isinstance(e, PrefillDone)]
    assert any(count % 16 for count in cached[1:]), "a partly filled block was shared"


def test_forks_and_preemptions_together(models: Models) -> None:
    asked = [ask(TEXTS[4], request_id=f"s{i}", max_tokens=20 + 9 * i, k="fixed:3") for i in range(6)]
    crowd = Crowd(models.session("mixed", 34, size=4))
    crowd.run(each=staggered(crowd, asked, every=4))
    check_same(models, crowd, asked, blocks=34)
    assert crowd.scheduler.forks > 0
    assert crowd.scheduler.preemptions > 0


# --------------------------------------------------------------------------- what events say


@pytest.mark.parametrize(("draft", "blocks"), [("none", 128), ("mixed", 128), ("model", 10)])
def test_events_of_each_reply_come_in_order_and_figures_agree(models: Models, draft: str, blocks: int) -> None:
    asked = requests(SAMPLINGS["warm"], k="fixed:3")
    crowd = Crowd(models.session(draft, blocks)).add(*asked)
    crowd.run()
    for request in asked:
        seen = [e for e in crowd.events if getattr(e, "request_id", None) == request.request_id]
        first, last = seen[0], seen[-1]
        assert isinstance(first, PrefillDone)
        assert isinstance(last, Finished)
        assert all(isinstance(e, (RoundDone, TextDelta)) for e in seen[1:-1])
        rounds = [e for e in seen if isinstance(e, RoundDone)]
        m = last.metrics
        assert [r.index for r in rounds] == list(range(len(rounds)))
        assert "".join(e.text for e in seen if isinstance(e, TextDelta)) == last.text
        emitted = [*first.emitted, *(t for r in rounds for t in r.emitted)]
        assert tuple(t.token_id for t in emitted) == last.token_ids
        assert m.tokens_generated == len(last.token_ids)
        assert m.target_passes == len(rounds)
        assert m.drafted_tokens == sum(r.k for r in rounds)
        assert m.accepted_tokens == sum(r.accepted for r in rounds)
        assert m.acceptance_rate == (m.accepted_tokens / m.drafted_tokens if m.drafted_tokens else None)
        assert (m.prompt_tokens, m.cached_tokens) == (first.prompt_tokens, first.cached_tokens)
        assert rounds[-1].decode_tokens_per_second == m.decode_tokens_per_second
        assert rounds[-1].mean_accepted_length == m.mean_accepted_length
        for r in rounds:
            assert r.accepted <= r.k == len(r.proposed)
            assert r.context_tokens == first.prompt_tokens + r.tokens_generated


@pytest.mark.parametrize(("draft", "blocks"), [("none", 128), ("mixed", 9)])
def test_snapshots_laid_over_each_other_are_the_pools(
    models: Models, draft: str, blocks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_SNAPSHOT_SECONDS", 0.0)
    session = models.session(draft, blocks)
    crowd = Crowd(session)
    asked = [*requests(k="fixed:3")[:6], ask(TEXTS[2], request_id="fork", max_tokens=20)]
    each = staggered(crowd, asked, every=3)
    runners = {"target": session.runner, "draft": session.draft_runner}
    screens: dict[str, Screen] = {}
    owners: set[str] = set()
    while crowd.scheduler.busy:
        each()
        for event in crowd.scheduler.step():
            if not isinstance(event, CacheSnapshot):
                continue
            assert event.full == (event.pool not in screens)
            screen = screens.setdefault(event.pool, Screen())
            screen.show(event)
            runner = runners[event.pool]
            assert runner is not None
            dirty = set(runner.pool.dirty)
            fresh = Screen()
            fresh.show(take_snapshot(runner.pool, event.pool, full=True))
            runner.pool.dirty = dirty
            assert screen.cells == fresh.cells
            assert event.owners == tuple(runner.pool.tables())
            owners |= {cell[-1] for cell in screen.cells}
    assert owners == {"", *(request.request_id for request in asked)}
    assert set(screens) == ({"target"} if draft == "none" else {"target", "draft"})


def test_the_first_token_s_time_counts_from_the_request(models: Models) -> None:
    """Waiting for another reply is part of it."""
    crowd = Crowd(models.session(), max_running=1).add(ask(request_id="a"), ask(request_id="b"))
    asked = time.perf_counter()
    while "a" not in crowd.results:
        crowd.step()
    waited = time.perf_counter() - asked
    assert "b" not in crowd.live
    crowd.run()
    b = crowd.results["b"]
    assert isinstance(b, Finished)
    assert b.metrics.time_to_first_token is not None
    assert waited < b.metrics.time_to_first_token <= b.metrics.time_seconds


# --------------------------------------------------------------------------- reading a long prompt


def test_a_long_prompt_is_read_before_one_s_eyes(models: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LONG_PROMPT", 40)
    text = "the rain in the plain " * 12
    crowd = Crowd(models.session("none")).add(ask(text, request_id="long", max_tokens=2))
    crowd.run()
    told = [e for e in crowd.events if isinstance(e, PrefillProgress)]
    done = next(e for e in crowd.events if isinstance(e, PrefillDone))
    assert [e.done_tokens for e in told] == list(range(0, done.prompt_tokens, 40))
    assert {e.prompt_tokens for e in told} == {done.prompt_tokens}
    assert crowd.events.index(told[-1]) < crowd.events.index(done)


def test_a_short_prompt_says_nothing(models: Models) -> None:
    crowd = Crowd(models.session("none")).add(ask("x", request_id="short", max_tokens=2))
    crowd.run()
    assert not [e for e in crowd.events if isinstance(e, PrefillProgress)]
