"""A copy of the target that drafts on the target's own cache: it changes no token and leaves nothing behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import propose_together
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.requests import SamplingParams
from tests.engine.kernels.test_low_bit import needs
from tests.engine.made.tiny import GREEDY, Zoo, ask, finish, loaded, session_of
from tests.engine.runs.crowds import SAMPLINGS, TEXTS, Crowd, Models, alone, check_empty, check_same, requests

SEEDED = SamplingParams(temperature=1.0, top_k=8, top_p=0.95, seed=5)
TEXT = tuple(range(10, 40))


@pytest.fixture(scope="module")
def models(zoo: Zoo) -> Models:
    return Models(zoo)


@pytest.fixture(scope="module")
def halves(zoo: Zoo) -> Models:
    """In bfloat16, where whole blocks are read, the slots behind a sequence's end too."""
    return Models(zoo, torch.bfloat16)


def self_of(session: Session) -> SelfDraft:
    draft = session.draft.model if isinstance(session.draft, MixedDraft) else session.draft
    assert isinstance(draft, SelfDraft)
    assert draft.runner.pool is session.runner.pool
    return draft


def opened(session: Session, name: str = "s", text: tuple[int, ...] = TEXT) -> SelfDraft:
    """A draft of a sequence whose prompt but for the last token is in the cache."""
    runner = session.runner
    runner.open(name, ())
    runner.forward(name, text[:-1], 1)
    runner.commit(name, text[:-1])
    draft = self_of(session).fresh()
    draft.begin(name)
    return draft


def drafted(draft: SelfDraft, k: int = 4, text: tuple[int, ...] = TEXT) -> tuple[int, ...]:
    return draft.propose(DraftRequest(text, k, GREEDY, lambda: 0.5)).ids


def finite(runner: ModelRunner) -> bool:
    return all(bool(t.isfinite().all()) for t in (*runner.cache.keys, *runner.cache.values))


# --------------------------------------------------------------------------- one proposal


def test_it_drafts_what_the_copy_would_write_on_the_target_s_cache(models: Models) -> None:
    """By hand: the copy's tokens one after the other, from the same keys and values."""
    session = models.session("self")
    ids = drafted(opened(session), 5)
    runner = models.session("self").runner
    runner.open("s", ())
    runner.forward("s", TEXT[:-1], 1)
    copy, want = ModelRunner(models.draft, runner.pool, runner.cache), [TEXT[-1]]
    for _ in range(5):
        want.append(int(copy.forward("s", want[-1:], 1)[0].argmax()))
    assert ids == tuple(want[1:])


def test_a_proposal_leaves_length_blocks_and_index_as_they_were(models: Models) -> None:
    session = models.session("self", blocks=8)
    runner, draft = session.runner, opened(session)
    before = runner.pool.tables()["s"]
    state = (before.length, before.verified, list(before.blocks), runner.pool.free_blocks)
    for k in (1, 4, 8):
        assert len(drafted(draft, k)) == k
        table = runner.pool.tables()["s"]
        assert (table.length, table.verified, table.blocks, runner.pool.free_blocks) == state
        runner.pool.check_integrity()
    runner.close("s")
    assert runner.open("later", (*TEXT, *drafted_text(models))) == 16  # the one full block of the prompt


def drafted_text(models: Models) -> tuple[int, ...]:
    return drafted(opened(models.session("self")), 8)


def test_it_never_has_to_catch_up(models: Models) -> None:
    session = models.session("self")
    draft = opened(session)
    for rows in (1, 20):
        for _ in range(5):
            draft.runner.costs.add(rows, 0, 0.01 * rows)
    (offer,) = draft.offers(TEXT)
    assert (offer.source, offer.catch_up_seconds) == ("self", 0.0)
    assert offer.seconds_per_token == pytest.approx(0.01)
    assert offer.most == draft.runner.max_tokens - len(TEXT)
    assert draft.offers(tuple(range(2)) * (draft.runner.max_tokens // 2)) == ()
    draft.end()
    assert draft.offers(TEXT) == ()
    assert drafted(draft) == ()
    assert session.runner.pool.tables().keys() == {"s"}  # its end is not the end of the target's sequence


@pytest.mark.parametrize("k", [1, 3, 8])
def test_no_room_in_the_context_means_no_draft(models: Models, k: int) -> None:
    session = models.session("self", blocks=2)  # 32 tokens
    draft = opened(session)
    assert len(drafted(draft, k)) == (k if len(TEXT) + k <= 32 else 0)


# --------------------------------------------------------------------------- a full pool


@pytest.mark.parametrize(("left", "most"), [(0, 2), (1, 6), (2, 8)])
def test_a_pool_that_runs_out_while_drafting_ends_the_draft(models: Models, left: int, most: int) -> None:
    """30 tokens fill 7.5 blocks of 4: there are two slots more, then every four need a block."""
    session = models.session("self", blocks=16, size=4)
    runner, draft = session.runner, opened(session)
    whole = drafted(draft, 8)
    runner.open("other", ())
    runner.reserve("other", 4 * (runner.pool.free_blocks - left))
    ids = drafted(draft, 8)
    # the token after the last slot is drawn, too: it needs no slot of its own
    assert ids == whole[: min(8, most + 1)]
    assert runner.pool.tables()["s"].length == len(TEXT) - 1
    runner.pool.check_integrity()
    runner.close("other")
    assert drafted(draft, 8) == whole


def test_not_even_the_last_token_has_a_slot(models: Models) -> None:
    session = models.session("self", blocks=12, size=4)
    text = TEXT[:29]  # 28 in the cache: seven full blocks
    draft = opened(session, text=text)
    session.runner.open("other", ())
    session.runner.reserve("other", 4 * session.runner.pool.free_blocks)
    assert drafted(draft, 4, text) == ()
    assert session.runner.pool.tables()["s"].length == 28
    session.runner.pool.check_integrity()


def test_of_two_that_draft_together_one_may_find_no_slot(models: Models) -> None:
    session = models.session("self", blocks=17, size=4)
    runner = session.runner
    texts = (TEXT, tuple(range(60, 90)))
    drafts = [opened(session, name, text) for name, text in zip("ab", texts)]
    alone_ids = [drafted(draft, 8, text) for draft, text in zip(drafts, texts)]
    runner.open("other", ())
    runner.reserve("other", 4 * (runner.pool.free_blocks - 1))
    asks = [Ask(draft, DraftRequest(text, 8, GREEDY, lambda: 0.5)) for draft, text in zip(drafts, texts)]
    got = [proposal.ids for proposal in propose_together(asks)]
    assert [len(ids) for ids in got] == [7, 3]
    assert all(ids == want[: len(ids)] for ids, want in zip(got, alone_ids))
    assert all(runner.pool.tables()[name].length == len(TEXT) - 1 for name in "ab")
    runner.pool.check_integrity()


# --------------------------------------------------------------------------- numbers that are none


@pytest.fixture
def spoil(models: Models, halves: Models) -> Iterator[list[int]]:
    """Countdown of passes of the copies; from zero on their keys, values and logits are no numbers."""
    left = [1 << 30]
    linears = [(m, m.draft._layers[0].linears[0].run) for m in (models, halves)]

    def spoilt(linear: object) -> object:
        def run(x: torch.Tensor) -> torch.Tensor:
            left[0] -= 1
            y = linear(x)  # type: ignore[operator]
            return torch.full_like(y, float("nan")) if left[0] < 0 else y

        return run

    for m, linear in linears:
        m.draft._layers[0].mixer.qkv = spoilt(linear)  # type: ignore[attr-defined]
    yield left
    for m, linear in linears:
        m.draft._layers[0].mixer.qkv = linear  # type: ignore[attr-defined]


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("size", [4, 16])
@pytest.mark.parametrize("passes", [0, 1, 3, 6])
def test_slots_with_numbers_that_are_none_are_wiped(models: Models, spoil: list[int], passes: int, size: int) -> None:
    session = models.session("self", blocks=64, size=size)
    draft = opened(session)
    kept = [t.clone() for t in session.runner.read("s", 0)]
    spoil[0] = passes
    assert len(drafted(draft, 8)) == passes
    assert finite(session.runner)
    assert session.runner.pool.tables()["s"].length == len(TEXT) - 1
    for mine, before in zip(session.runner.read("s", 0), kept):
        assert torch.equal(mine, before)  # what the target wrote is still there
    spoil[0] = 1 << 30
    assert drafted(draft, 8) == ()  # nothing more for this sequence
    session.runner.pool.check_integrity()


@pytest.mark.covering
@pytest.mark.parametrize("sampling", [GREEDY, SEEDED], ids=["greedy", "coupled"])
@pytest.mark.parametrize("kind", ["self", "mixed-self"])
@pytest.mark.parametrize("precision", ["models", "halves"])
def test_a_reply_whose_draft_breaks_goes_on_and_is_the_plain_one(
    request: pytest.FixtureRequest, spoil: list[int], precision: str, kind: str, sampling: SamplingParams
) -> None:
    models: Models = request.getfixturevalue(precision)
    asked = [ask(text, request_id=text, k="fixed:3", sampling=sampling) for text in ("the cat", "1 2 3 1 2", "x")]
    want = [alone(models.session(), one) for one in asked]
    session = models.session(kind)
    spoil[0] = 7
    crowd = Crowd(session).add(*asked)

    def each() -> None:
        assert finite(session.runner)

    results = crowd.run(each=each)
    assert finite(session.runner)
    assert spoil[0] < 0
    for one in want:
        got = results[one.request_id]
        assert isinstance(got, Finished), got
        assert got.token_ids == one.token_ids
    spoil[0] = 1 << 30
    healed = Crowd(session).add(*asked)
    assert [got.token_ids for got in healed.run().values() if isinstance(got, Finished)]
    assert any(e.accepted for e in healed.events if isinstance(e, RoundDone))


# --------------------------------------------------------------------------- many at once


def test_forks_of_one_prompt_draft_without_disturbing_each_other(models: Models) -> None:
    """They share blocks, the last of them half full: each that drafts writes into a copy of its own."""
    for sampling in SAMPLINGS.values():
        asked = [ask(TEXTS[2], request_id=f"r{i}", sampling=sampling, k="fixed:4", max_tokens=30) for i in range(4)]
        crowd = Crowd(models.session("self"))
        crowd.add(asked[0])
        crowd.step()
        crowd.add(*asked[1:])
        crowd.run()
        check_same(models, crowd, asked)
        assert crowd.scheduler.forks > 0


def test_preempted_replies_draft_again_when_they_are_back(models: Models) -> None:
    session = models.session("self", 9)
    asked = requests(SAMPLINGS["cool"], k="fixed:3", max_tokens=45)
    crowd = Crowd(session).add(*asked)
    crowd.run()
    check_same(models, crowd, asked)
    again = set(crowd.preempted)
    assert again
    rounds = [e for e in crowd.events if isinstance(e, RoundDone) and e.request_id in again]
    assert sum(e.accepted for e in rounds) > 0
    check_empty(session)


# --------------------------------------------------------------------------- with real low-bit weights


@pytest.mark.parametrize("bits", [pytest.param(4, marks=needs(4)), pytest.param(8, marks=needs(8))])
@pytest.mark.parametrize("quant", ["Q4_0", "F32"])
def test_low_bit_copies_of_a_tiny_model_change_no_token(zoo: Zoo, quant: str, bits: int) -> None:
    engine = loaded(zoo.gguf("llama-q4", quant=quant), f"self-int{bits}")
    draft = self_of(session_of(engine))
    assert draft.runner.decoder.bits == bits
    assert draft.runner.decoder.cache_dtype == torch.float32
    accepted = offered = 0
    for sampling in (GREEDY, SEEDED):
        for text in TEXTS[:4]:
            want = finish(engine, ask(text, mode="autoregressive", sampling=sampling, max_tokens=40))
            session_of(engine).clear_caches()
            got = finish(engine, ask(text, k="fixed:4", sampling=sampling, max_tokens=40))
            assert (got.token_ids, got.text, got.reason) == (want.token_ids, want.text, want.reason)
            accepted, offered = accepted + got.metrics.accepted_tokens, offered + got.metrics.drafted_tokens
    rate = accepted / offered
    assert rate > (0.3 if bits == 4 and quant == "F32" else 0.85)  # the file's own integers, or eight bits: near
