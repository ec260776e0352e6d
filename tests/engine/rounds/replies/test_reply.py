"""One reply: where it ends, what its events say, and what it is before any model ran."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import torch

from helix_app.base.errors import InputError, NumericsError
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.replies.judgement import Timing
from helix_app.engine.rounds.replies.reply import Reply
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Finished, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.requests import SamplingParams, Written
from tests.engine.made.tiny import EOS_ID, VOCAB, Zoo, ask, events, finish, loaded, session_of
from tests.engine.rounds.session.test_session import engine as engine, plain
from tests.engine.runs.crowds import Models
from tests.engine.runs.drafting import TARGET

# --------------------------------------------------------------------------- ends


def shortened(engine: Engine, monkeypatch: pytest.MonkeyPatch, position: int) -> tuple[int, ...]:
    """Make the token at about this place of the greedy reply end it; returns the reply that is left."""
    ids = plain(engine, max_tokens=60).token_ids
    at = next(i for i in range(position, len(ids)) if ids[i] not in ids[:i])
    monkeypatch.setattr(session_of(engine), "eos", frozenset({ids[at]}))
    return ids[: at + 1]


@pytest.mark.parametrize("position", [2, 3, 4])
def test_an_end_token_inside_a_draft_ends_the_reply_there(
    itself: Engine, monkeypatch: pytest.MonkeyPatch, position: int
) -> None:
    left = shortened(itself, monkeypatch, position)
    want = plain(itself, max_tokens=60)
    got = finish(itself, ask(max_tokens=60, k="fixed:8"))
    assert got.reason == want.reason == "eos"
    assert got.token_ids == want.token_ids == left
    assert got.text == want.text
    m = got.metrics
    assert m.tokens_generated == len(left)
    assert m.target_passes == -(-(len(left) - 1) // 9)
    assert m.drafted_tokens == m.accepted_tokens <= len(left) - 1
    assert m.acceptance_rate == 1.0


def test_an_end_token_is_the_same_end_for_every_draft(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    left = shortened(engine, monkeypatch, 5)
    for k in ("fixed:2", "fixed:8", "auto"):
        got = finish(engine, ask(max_tokens=60, k=k))
        assert (got.token_ids, got.reason) == (left, "eos")
        assert got.metrics.tokens_generated == len(left)


def test_a_stop_text_over_several_tokens(engine: Engine) -> None:
    whole = plain(engine, max_tokens=40)
    tokenizer = session_of(engine).tokenizer
    parts = [tokenizer.token_text(t) for t in whole.token_ids]
    # a text that begins inside one token and ends inside or after another
    start = next(i for i in range(3, 40) if all(p.isascii() and p for p in parts[i : i + 3]))
    stop = "".join(parts[start : start + 3])
    assert stop in whole.text
    want = plain(engine, max_tokens=40, stop=("never this", stop))
    assert want.reason == "stop"
    assert want.text == whole.text[: whole.text.index(stop)]
    for k in ("fixed:1", "fixed:4", "fixed:8", "additive"):
        got = finish(engine, ask(max_tokens=40, k=k, stop=("never this", stop)))
        assert (got.text, got.token_ids, got.reason) == (want.text, want.token_ids, "stop")
        assert got.metrics.tokens_generated == len(want.token_ids)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("count", [1, 2, 3, 7, 16])
def test_max_tokens_is_exact(engine: Engine, count: int) -> None:
    for k in ("fixed:1", "fixed:8", "auto"):
        got = finish(engine, ask(max_tokens=count, k=k))
        assert got.reason == "length"
        assert len(got.token_ids) == got.metrics.tokens_generated == count


@pytest.mark.parametrize("draft", ["none", "ngram", "same"])
def test_a_full_context_ends_the_reply(zoo: Zoo, draft: str) -> None:
    path = zoo.gguf(TARGET)
    engine = loaded(path, path if draft == "same" else draft, context_length=64)
    session_of(engine).eos = frozenset()
    want = plain(engine, max_tokens=500)
    assert want.reason == "context_full"
    assert want.metrics.prompt_tokens + len(want.token_ids) == 64
    for k in ("fixed:3", "fixed:8", "auto"):
        got = finish(engine, ask(max_tokens=500, k=k))
        assert (got.token_ids, got.reason) == (want.token_ids, "context_full")


# --------------------------------------------------------------------------- what events say


@pytest.mark.covering
@pytest.mark.parametrize("k", ["fixed:3", "auto"])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_events_and_result_agree(engine: Engine, k: str, temperature: float) -> None:
    sampling = SamplingParams(temperature=temperature, seed=5)
    seen = events(engine, ask(max_tokens=50, k=k, sampling=sampling, alternatives=2))
    last = seen[-1]
    assert isinstance(last, Finished)
    m = last.metrics
    prefill = next(e for e in seen if isinstance(e, PrefillDone))
    rounds = [e for e in seen if isinstance(e, RoundDone)]
    assert last.text == "".join(e.text for e in seen if isinstance(e, TextDelta))
    emitted = [*prefill.emitted, *(t for r in rounds for t in r.emitted)]
    assert tuple(t.token_id for t in emitted) == last.token_ids
    assert m.tokens_generated == len(last.token_ids)
    assert m.target_passes == len(rounds)
    assert [r.index for r in rounds] == list(range(len(rounds)))
    assert m.drafted_tokens == sum(r.k for r in rounds) == sum(len(r.proposed) for r in rounds)
    assert m.accepted_tokens == sum(r.accepted for r in rounds)
    assert m.seed == 5
    assert (m.k_min, m.k_max) == (min(r.k for r in rounds), max(r.k for r in rounds))
    assert m.k_mean == pytest.approx(sum(r.k for r in rounds) / len(rounds))
    end = rounds[-1]
    assert end.acceptance_rate == m.acceptance_rate
    assert end.mean_accepted_length == m.mean_accepted_length
    assert m.mean_accepted_length == pytest.approx(sum(len(r.emitted) for r in rounds) / len(rounds))
    assert end.decode_tokens_per_second == m.decode_tokens_per_second
    if m.drafted_tokens:
        assert m.acceptance_rate == m.accepted_tokens / m.drafted_tokens
    count = len(prefill.emitted)
    for r in rounds:
        count += len(r.emitted)
        assert r.tokens_generated == count
        assert r.context_tokens == prefill.prompt_tokens + count
        assert [t.provenance for t in r.emitted[: r.accepted]] == ["accepted"] * r.accepted
        assert [t.token_id for t in r.emitted[: r.accepted]] == [t.token_id for t in r.proposed[: r.accepted]]
        for t in r.emitted[r.accepted :]:
            assert t.provenance == ("plain" if r.k == 0 else "bonus" if r.accepted == r.k else "corrected")
        assert all(len(t.alternatives) == 2 and 0 < t.target_prob <= 1 for t in r.emitted)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("k", ["fixed:2", "additive", "auto"])
def test_the_same_seed_gives_the_same_reply(engine: Engine, k: str) -> None:
    sampling = SamplingParams(temperature=1.0, seed=11)
    first = finish(engine, ask(k=k, sampling=sampling))
    finish(engine, ask(k=k, sampling=SamplingParams(temperature=1.0)))  # teaches the policy something else
    assert finish(engine, ask(k=k, sampling=sampling)).token_ids == first.token_ids
    assert first.metrics.seed == 11


# --------------------------------------------------------------------------- without a model


@pytest.fixture(scope="module")
def session(models: Models) -> Session:
    """Nothing here runs its model."""
    return models.session("ngram")


def made(session: Session, text: str = "the cat", **options: Any) -> Reply:
    return Reply(session, ask(text, **options), threading.Event())


def certain(*ids: int) -> torch.Tensor:
    """Logits ``[len(ids), vocab]`` of a target that is sure of these tokens."""
    logits = torch.zeros(len(ids), VOCAB)
    logits[torch.arange(len(ids)), torch.tensor(ids)] = 50.0
    return logits


def first_token(reply: Reply, token: int) -> list[Any]:
    """Its prompt has run, and the target is sure of this token."""
    reply.opened(0)
    return list(reply.prefilled(certain(token)))


def test_what_makes_no_sense_is_refused_at_once(session: Session) -> None:
    for options in ({"max_tokens": 0}, {"k": "many"}, {"text": " "}, {"sampling": SamplingParams(temperature=-1.0)}):
        with pytest.raises(InputError):
            made(session, **options)


@pytest.mark.parametrize(
    ("sampling", "verify", "coupled", "exact"),
    [
        (SamplingParams(temperature=0.0), "auto", False, True),
        (SamplingParams(temperature=0.0, seed=3), "auto", False, True),
        (SamplingParams(temperature=1.0, seed=3), "auto", True, True),
        (SamplingParams(temperature=1.0, seed=3), "rejection", False, False),
        (SamplingParams(temperature=1.0), "coupled", True, True),
        (SamplingParams(temperature=1.0), "auto", False, False),
    ],
)
def test_whether_its_tokens_follow_from_the_request(
    session: Session, sampling: SamplingParams, verify: str, coupled: bool, exact: bool
) -> None:
    reply = made(session, sampling=sampling, verify=verify)
    assert (reply.coupled, reply.exact) == (coupled, exact)
    assert reply.draft_seed == (reply.seed if coupled else None)
    if sampling.seed is not None:
        assert reply.seed == sampling.seed


def test_without_a_seed_each_reply_has_one_of_its_own(session: Session) -> None:
    assert len({made(session).seed for _ in range(8)}) > 1


def test_it_ends_with_its_tokens_or_with_the_context(session: Session) -> None:
    reply = made(session, max_tokens=10)
    assert reply.goal == reply.prompt_length == len(reply.tokens)
    assert (reply.limit, reply.room) == (reply.prompt_length + 10, 9)  # one token always is the target's own
    assert made(session, max_tokens=10_000).limit == session.runner.max_tokens


@pytest.mark.parametrize(
    ("options", "drafts", "reason"),
    [({}, True, "fixed"), ({"mode": "autoregressive"}, False, "autoregressive")],
)
def test_it_drafts_only_where_it_is_to(session: Session, options: dict[str, Any], drafts: bool, reason: str) -> None:
    reply = made(session, k="fixed:2", raw=True, prompt="1 2 3 1 2 3 1 2", **options)
    first_token(reply, reply.tokens[-6])  # as it went on before
    plan = reply.choose()
    assert (plan.choice.reason, plan.choice.k > 0, reply.draft is not None) == (reason, drafts, drafts)


def test_the_first_token_is_the_prompt_s_and_begins_the_text(session: Session) -> None:
    (token,) = session.tokenizer.encode("c")
    reply = made(session, alternatives=2)
    done, text = first_token(reply, token)
    assert isinstance(done, PrefillDone)
    (emitted,) = done.emitted
    assert (emitted.token_id, emitted.text, emitted.provenance) == (token, "c", "plain")
    assert emitted.alternatives[0].token_id == token
    assert len(emitted.alternatives) == 2
    assert text == TextDelta("r", "c")
    assert (reply.tokens[-1], reply.goal, reply.reason) == (token, len(reply.tokens) - 1, None)


def test_an_end_token_ends_it_without_text(session: Session) -> None:
    reply = made(session)
    (done,) = first_token(reply, EOS_ID)
    assert isinstance(done, PrefillDone)
    assert reply.reason == "eos"
    assert list(reply.read_end()) == []
    result = reply.finish()
    assert (result.text, result.token_ids, result.metrics.tokens_generated) == ("", (EOS_ID,), 1)


def test_text_that_may_become_a_stop_waits_and_is_shown_in_the_end(session: Session) -> None:
    (token,) = session.tokenizer.encode("c")
    reply = made(session, max_tokens=1, stop=("cat",))
    assert len(first_token(reply, token)) == 1  # no text yet
    assert reply.reason == "length"
    assert list(reply.read_end()) == [TextDelta("r", "c")]
    assert reply.finish().text == "c"


def test_numbers_that_are_none_are_an_error(session: Session) -> None:
    reply = made(session)
    reply.opened(0)
    with pytest.raises(NumericsError):
        list(reply.prefilled(torch.full((1, VOCAB), float("nan"))))
    assert len(reply.tokens) == reply.prompt_length


def test_what_another_engine_wrote_is_there_and_is_told_anew(session: Session) -> None:
    ids = tuple(session.tokenizer.encode("cat"))
    before = Written(ids, 9, 4, ((0, 0, 1, 0.5),) * (len(ids) - 1), 3.0, 1.0)
    reply = made(session, max_tokens=len(ids) + 5, written=before)
    assert tuple(reply.tokens[reply.prompt_length :]) == ids
    assert (reply.goal, reply.reason) == (len(reply.tokens) - 1, None)
    reply.opened(0)
    (text,) = reply.prefilled(certain(0))  # what its last row says was drawn before
    assert text == TextDelta("r", "cat")
    whole = made(session, max_tokens=len(ids), written=before)
    assert whole.reason == "length"


def test_in_a_smaller_context_it_ends_with_all_that_it_has(models: Models, session: Session) -> None:
    ids, small = tuple(session.tokenizer.encode("1" * 40)), models.session("ngram", blocks=3)
    options: Any = {"max_tokens": 60, "written": Written(ids, 9, 0, (), 3.0, 1.0)}
    moved = made(session, **options)
    assert moved.reason is None
    moved.move(small)
    for reply in (moved, made(small, **options)):
        assert len(reply.tokens) > small.runner.max_tokens
        assert reply.reason == "context_full"  # before it runs again
        assert list(reply.read_end()) == [TextDelta("r", "1" * 40)]
        assert reply.finish().token_ids == ids
    assert made(small, **{**options, "max_tokens": 40}).reason == "length"


def test_a_proposal_is_judged_and_taken_as_far_as_it_stands(session: Session) -> None:
    """The target is sure of other tokens from the second one on."""
    a, b, c = (session.tokenizer.encode(letter)[0] for letter in "abc")
    reply = made(session, "1 2 3 1 2 3 1 2", k="fixed:2", max_tokens=50)
    first_token(reply, a)
    plan = reply.choose()
    plan.proposal = Proposal((a, b))
    judgement = reply.judge(plan, certain(a, c, a))
    told = list(reply.settle(plan, judgement, Timing(verify=0.0, begin=0.0)))
    assert [type(event) for event in told] == [RoundDone, TextDelta]
    done = told[0]
    assert isinstance(done, RoundDone)
    assert (done.k, done.accepted, done.index) == (2, 1, 0)
    assert [(t.token_id, t.provenance) for t in done.emitted] == [(a, "accepted"), (c, "corrected")]
    assert [t.token_id for t in done.proposed] == [a, b]
    assert reply.tokens[-3:] == [a, a, c]
    assert told[1] == TextDelta("r", "ac")
