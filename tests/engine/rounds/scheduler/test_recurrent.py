"""Crowds over a model with recurrent layers: forks, prefixes, few states and drafts change no reply."""

from __future__ import annotations

import pytest

from helix_app.engine.cache import layout
from helix_app.engine.drafts import model
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import prompt_tokens
from helix_app.protocol.events import Finished
from tests.engine.made.tiny import Zoo, ask
from tests.engine.models.test_decoder import worst
from tests.engine.runs.crowds import TEXTS, Crowd, Models, alone, check_same, requests, staggered

pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module")
def recurrent(zoo: Zoo) -> Models:
    return Models(zoo, name="qwen35-loopy")


def cached(crowd: Crowd) -> list[int]:
    return [result.metrics.cached_tokens or 0 for result in crowd.results.values() if isinstance(result, Finished)]


def test_what_shares_a_beginning_is_written_as_if_alone(recurrent: Models) -> None:
    """The same question again and again, and others that part from it."""
    asked = [
        ask(TEXTS[2] + text, request_id=f"{i}", max_tokens=30, k="fixed:3") for i, text in enumerate(TEXTS[:3] * 2)
    ]
    crowd = Crowd(recurrent.session("ngram", blocks=60))
    crowd.run(each=staggered(crowd, asked, every=4))
    check_same(recurrent, crowd, asked)
    assert sum(tokens > 0 for tokens in cached(crowd)) >= 2


def test_whoever_finds_no_state_waits(recurrent: Models, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "FEW_STATES", 3)
    asked = requests(k="fixed:2")
    crowd = Crowd(recurrent.session("model")).add(*asked)
    most = 0

    def each() -> None:
        nonlocal most
        most = max(most, len(crowd.live))

    crowd.run(each=each)
    assert most == 3
    assert not crowd.preempted
    check_same(recurrent, crowd, asked)


@pytest.mark.parametrize("draft", ["model", "self"])
def test_a_device_that_nobody_waits_for_gives_the_same_replies(
    recurrent: Models, monkeypatch: pytest.MonkeyPatch, draft: str
) -> None:
    """Proposals are pending while the target runs, and a draft model reads its prompt in pieces."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    monkeypatch.setattr(model, "CHUNK", 24)
    asked = [ask(TEXTS[4] + TEXTS[2], request_id="r", max_tokens=24, k="fixed:3")]
    crowd = Crowd(recurrent.session(draft)).add(*asked)
    crowd.run()
    check_same(recurrent, crowd, asked)
    result = crowd.results["r"]
    assert isinstance(result, Finished)
    assert result.metrics.accepted_tokens


@pytest.mark.parametrize("draft", ["self", "ngram"])
def test_a_next_question_goes_on_near_the_end_of_the_reply(recurrent: Models, draft: str) -> None:
    session = recurrent.session(draft)
    session.eos = frozenset()
    request = ask(TEXTS[5], max_tokens=60, k="fixed:4")
    tokens = [*prompt_tokens(session, request), *alone(session, request).token_ids, 70, 71]
    runner, fresh = session.runner, recurrent.session().runner
    hits = [one.open("next", tokens) for one in (runner, fresh)]
    assert hits == [(len(tokens) - 3) // 16 * 16, 0]
    got, want = (one.forward("next", tokens[hit:], 1) for one, hit in zip((runner, fresh), hits))
    assert worst(got, want) < 1e-4
