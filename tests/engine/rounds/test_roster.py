"""Who runs, who waits and who makes room: by priority and arrival, in pools far too small, without changing a token."""

from __future__ import annotations

import threading

import pytest

from helix_app.engine.rounds import scheduler
from helix_app.engine.rounds.replies.reply import Reply
from helix_app.engine.rounds.roster import Roster
from helix_app.protocol.events import Finished
from tests.engine.made.tiny import ask
from tests.engine.rounds.scheduler.test_scheduler import prefilled
from tests.engine.runs.crowds import SAMPLINGS, TEXTS, Crowd, Models, check_empty, check_same, plain, requests

pytestmark = pytest.mark.usefixtures("small_chunks")


def test_one_prompt_is_read_at_a_time_and_only_so_many_run(models: Models) -> None:
    session = models.session()
    roster = Roster(max_running=2)
    replies = [
        Reply(session, ask(text, request_id=f"r{n}"), threading.Event(), (0, n)) for n, text in enumerate(TEXTS[:3])
    ]
    for reply in reversed(replies):
        roster.waiting.add(reply)
    for reply in replies[:2]:
        assert roster.reading(session) is reply
        assert roster.reading(session) is reply  # until it decodes, nobody else begins
        reply.decoding = True
    assert roster.reading(session) is None
    assert roster.decoding() == replies[:2]
    assert len(roster) == 3
    assert all(reply.sequence_id in roster for reply in replies)
    roster.remove(session, replies[0])
    assert replies[0].sequence_id not in roster
    assert roster.reading(session) is replies[2]
    roster.clear(session)
    assert len(roster) == 0
    check_empty(session)


def test_few_may_run_at_a_time(models: Models) -> None:
    asked = requests()
    crowd = Crowd(models.session("ngram"), max_running=3).add(*asked)
    most = []
    crowd.run(each=lambda: most.append(crowd.scheduler.running))
    assert max(most) == 3
    check_same(models, crowd, asked)


# --------------------------------------------------------------------------- memory


@pytest.mark.covering
@pytest.mark.parametrize("sampling", ["greedy", "warm"])
@pytest.mark.parametrize(
    ("draft", "k"),
    [("none", "auto"), ("ngram", "fixed:4"), ("model", "fixed:3"), ("mixed", "auto"), ("self", "fixed:3")],
)
@pytest.mark.parametrize(("blocks", "size"), [(9, 16), (34, 4)])
def test_a_pool_far_too_small_changes_no_token(
    models: Models, draft: str, k: str, sampling: str, blocks: int, size: int
) -> None:
    asked = requests(SAMPLINGS[sampling], k=k, max_tokens=45)[sampling == "warm" :: 2]  # each draft meets each text
    crowd = Crowd(models.session(draft, blocks, size=size)).add(*asked)

    seen, first = 0, asked[0].request_id

    def each() -> None:
        nonlocal seen, first
        assert first not in crowd.preempted[seen:], "the oldest made room"
        seen, first = len(crowd.preempted), next(r.request_id for r in asked if r.request_id not in crowd.results)

    crowd.run(each=each)
    assert crowd.scheduler.preemptions > 0
    check_same(models, crowd, asked)


def test_a_pool_smaller_than_the_context_ends_one_reply_and_leaves_the_others(models: Models) -> None:
    asked = [ask(TEXTS[1], request_id="long", max_tokens=500), *requests(max_tokens=30)[:4]]
    crowd = Crowd(models.session("ngram", 6)).add(*asked)
    crowd.run()
    check_same(models, crowd, asked, blocks=6)
    long = crowd.results["long"]
    assert isinstance(long, Finished)
    assert long.reason == "context_full"
    assert long.metrics.prompt_tokens + len(long.token_ids) == 6 * 16


def test_who_was_preempted_comes_before_who_came_later(models: Models) -> None:
    """Blocks that a preemption freed are not given to a third reply that is smaller."""
    asked = [ask(TEXTS[2], request_id=f"big{i}", max_tokens=60) for i in range(2)]
    asked += [ask("x", request_id=f"small{i}", max_tokens=40) for i in range(3)]
    crowd = Crowd(models.session(blocks=9), max_running=2).add(*asked)

    def each() -> None:
        waits = "big1" in {*crowd.preempted} - {*crowd.results} - {*crowd.live}
        assert not (waits and any(name.startswith("small") for name in crowd.live))

    crowd.run(each=each)
    assert "big1" in crowd.preempted
    check_same(models, crowd, asked, blocks=9)


# --------------------------------------------------------------------------- order


def test_higher_priorities_go_first_and_equals_in_order_of_arrival(models: Models) -> None:
    crowd = Crowd(models.session(), max_running=1)
    for name, priority in (("a", 0), ("b", 2), ("c", 1), ("d", 2), ("e", -1)):
        crowd.add(ask(name, request_id=name, max_tokens=3, priority=priority))
    crowd.run()
    assert prefilled(crowd.events) == ["b", "d", "c", "a", "e"]


def test_who_has_less_priority_makes_room(models: Models) -> None:
    crowd = Crowd(models.session(blocks=9))
    crowd.add(ask(TEXTS[1], request_id="low", max_tokens=60))
    crowd.step()
    crowd.add(ask(TEXTS[1], request_id="high", max_tokens=80, priority=1))
    crowd.run()
    assert set(crowd.preempted) == {"low"}
    assert list(crowd.results) == ["high", "low"]
    assert {name: end.metrics.preemptions for name, end in crowd.results.items()} == {"high": 0, "low": 1}


@pytest.mark.parametrize(("blocks", "max_running"), [(128, 1), (9, 64)])
def test_an_endless_stream_of_higher_priorities_starves_nobody(
    models: Models, blocks: int, max_running: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "_PRIORITY_STEPS", 20)
    crowd = Crowd(models.session("ngram", blocks), max_running)
    low = ask(TEXTS[2], request_id="low", max_tokens=30)
    crowd.add(low)
    if max_running > 1:
        crowd.step()
    added = 0
    while "low" not in crowd.results:
        assert crowd.steps < 400, "it starved"
        while added - len(crowd.results) < 4:
            crowd.add(ask("house " * 9, request_id=f"high{added}", max_tokens=25, priority=1))
            added += 1
        crowd.step()
    assert len(crowd.results) > 1, "it did not have to wait at all"
    got = crowd.results["low"]
    assert isinstance(got, Finished)
    assert got.token_ids == plain(models, low, blocks).token_ids
    crowd.scheduler.close()
    check_empty(crowd.session)
