"""Replies from beginning to end: speculation changes no token, and nothing is left behind however a reply ends."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.replies import reply
from helix_app.protocol.events import Event, Failed, Finished, PrefillDone, RoundDone
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import GREEDY, ask, check_idle, events, finish, runners, session_of

PENALISED = SamplingParams(temperature=0.0, repetition_penalty=1.3)
PROMPTS = ("the cat", "the cat sat on the mat and the cat sat on the mat", "1 2 3 1 2 3 1 2")


@pytest.fixture(params=["ngram", "itself", "other", "similar"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each kind of draft."""
    return request.getfixturevalue(request.param)


def plain(engine: Engine, text: str = "the cat", **options: object) -> Finished:
    """The reply without speculation."""
    return finish(engine, ask(text, mode="autoregressive", **options))


# --------------------------------------------------------------------------- the same tokens


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("sampling", [GREEDY, PENALISED], ids=["plain", "penalty"])
@pytest.mark.parametrize("k", ["fixed:1", "fixed:2", "fixed:4", "fixed:8", "auto", "additive"])
def test_greedy_text_is_that_of_plain_decoding(engine: Engine, k: str, sampling: SamplingParams) -> None:
    for text in PROMPTS:
        want = plain(engine, text, max_tokens=40, sampling=sampling)
        got = finish(engine, ask(text, max_tokens=40, k=k, sampling=sampling))
        assert got.token_ids == want.token_ids
        assert (got.text, got.reason) == (want.text, want.reason)
        assert want.metrics.drafted_tokens == 0
        assert want.metrics.acceptance_rate is None
        assert want.metrics.target_passes == want.metrics.tokens_generated - 1


def test_ngrams_are_accepted_where_the_text_goes_in_circles(ngram: Engine) -> None:
    got = finish(ngram, ask(max_tokens=100, k="fixed:4"))
    assert got.metrics.accepted_tokens > 0
    assert got.metrics.target_passes < got.metrics.tokens_generated - 1


@pytest.mark.parametrize("sampling", [GREEDY, PENALISED], ids=["plain", "penalty"])
def test_the_target_accepts_all_of_its_own_draft(
    itself: Engine, sampling: SamplingParams, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session_of(itself), "eos", frozenset())
    got = finish(itself, ask(max_tokens=41, k="fixed:4", sampling=sampling))
    assert got.metrics.acceptance_rate == 1.0
    assert got.metrics.target_passes == 8  # one token of the prompt's pass, then 8 rounds of 5
    assert got.metrics.mean_accepted_length == 5.0


def test_a_similar_draft_is_right_now_and_then(similar: Engine) -> None:
    rate = finish(similar, ask(max_tokens=60, k="fixed:4")).metrics.acceptance_rate
    assert rate is not None
    assert 0 < rate < 1


def test_cancelled_before_it_began(engine: Engine) -> None:
    cancel = threading.Event()
    cancel.set()
    seen = events(engine, ask(), cancel)
    last = seen[-1]
    assert isinstance(last, Finished)
    assert (last.reason, last.token_ids, last.text) == ("cancelled", (), "")
    assert last.metrics.tokens_generated == 0
    assert last.metrics.time_to_first_token is None
    assert not any(isinstance(e, (PrefillDone, RoundDone)) for e in seen)
    check_idle(engine)


@pytest.mark.parametrize("rounds", [1, 3])
def test_cancelled_within_one_round(engine: Engine, rounds: int) -> None:
    cancel = threading.Event()
    count = 0
    last: Event | None = None
    for last in engine.stream(ask(max_tokens=100, k="fixed:2"), cancel):
        count += isinstance(last, RoundDone)
        if count == rounds:
            cancel.set()
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert count == rounds
    assert last.token_ids == plain(engine, max_tokens=100).token_ids[: len(last.token_ids)]
    check_idle(engine)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("call", [0, 1, 4])
def test_an_error_of_the_device_leaves_nothing_behind(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, call: int
) -> None:
    want = plain(engine)
    session = session_of(engine)
    kept = session.draft, session.draft_runner
    for runner in runners(session):
        calls = itertools.count()
        real = runner.decoder.forward_many

        def broken(*args: object, real: Callable = real, calls: Iterator[int] = calls) -> torch.Tensor:
            if next(calls) == call:
                raise RuntimeError("the device went away")
            return real(*args)

        with monkeypatch.context() as patch:
            patch.setattr(runner.decoder, "forward_many", broken)
            patch.setattr(runner, "release", lambda: None)  # the model serves other tests
            last = events(engine, ask(k="fixed:2", max_tokens=40))[-1]
        if runner is session.runner:
            assert isinstance(last, Failed)
            assert last.code == "internal"
            assert "the device went away" in last.detail
        else:  # without that draft the reply goes on
            assert isinstance(last, Finished)
            assert session.draft is not kept[0]
            session.draft, session.draft_runner = kept
        check_idle(engine)
        assert finish(engine, ask(k="fixed:2")).token_ids == want.token_ids


def test_a_closed_stream_leaves_nothing_behind(engine: Engine) -> None:
    want = plain(engine)
    total = len(events(engine, ask(k="fixed:2")))
    for count in range(1, total, 3):
        stream = engine.stream(ask(k="fixed:2"), threading.Event())
        for _ in itertools.islice(stream, count):
            pass
        stream.close()  # type: ignore[attr-defined]
        check_idle(engine)
    assert finish(engine, ask(k="fixed:2")).token_ids == want.token_ids


# --------------------------------------------------------------------------- the cache


def same_cache(runner: ModelRunner, name: str, tokens: Sequence[int], zeros: ModelRunner) -> int:
    """Compare a sequence's verified keys and values with those of a fresh prefill; returns how many there are."""
    verified = runner.pool.tables()[name].verified
    assert runner.length(name) == verified
    if verified == 0:
        return 0
    zeros.pool.clear_cache()
    zeros.open("fresh", ())
    zeros.forward("fresh", tokens[:verified], 1)
    try:
        for layer in range(runner.decoder.config.num_layers):
            for mine, fresh in zip(runner.read(name, layer), zeros.read("fresh", layer)):
                torch.testing.assert_close(mine, fresh, atol=1e-4, rtol=1e-4)
    finally:
        zeros.close("fresh")
    return verified


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("k", ["fixed:1", "fixed:4", "auto"])
def test_after_every_round_the_cache_holds_what_a_prefill_gives(
    engine: Engine, k: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = ask(PROMPTS[1], max_tokens=30, k=k)
    tokens = reply.prompt_of(session_of(engine), request).ids
    compared = 0
    for event in engine.stream(request, threading.Event()):
        if isinstance(event, PrefillDone):
            tokens += [t.token_id for t in event.emitted]
        if isinstance(event, RoundDone):
            tokens += [t.token_id for t in event.emitted]
            for i, runner in enumerate(runners(session_of(engine))):
                runner.pool.check_integrity()
                if "r" in runner.pool.tables():  # a draft model is opened with its first proposal
                    compared += 1
                    verified = same_cache(runner, "r", tokens, runner)
                    assert i or verified == len(tokens) - 1
    assert compared >= 4
    check_idle(engine)


def test_a_second_turn_begins_with_what_the_first_left(engine: Engine) -> None:
    first = ask(PROMPTS[1], max_tokens=20, k="fixed:2")
    for runner in runners(session_of(engine)):
        runner.pool.clear_cache()
    assert next(e for e in events(engine, first) if isinstance(e, PrefillDone)).cached_tokens == 0
    longer = ask(PROMPTS[1] + " and the dog lay in the sun", max_tokens=20, k="fixed:2")
    warm = events(engine, longer)
    prefill = next(e for e in warm if isinstance(e, PrefillDone))
    assert prefill.cached_tokens > 0
    assert prefill.cached_tokens % 16 == 0
    for runner in runners(session_of(engine)):
        runner.pool.clear_cache()
    cold = finish(engine, longer)
    assert cold.metrics.cached_tokens == 0
    assert isinstance(warm[-1], Finished)
    assert warm[-1].metrics.cached_tokens == prefill.cached_tokens
    assert warm[-1].token_ids == cold.token_ids
