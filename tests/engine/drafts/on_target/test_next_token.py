"""A target's own layer as its draft: it changes no token, drafts what was said before all the same, and pays."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.on_target.next_token import NextTokenDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest, Grammar, SamplingParams
from tests.engine.made.next_token import TRAINED, echo_of, train, with_layer
from tests.engine.made.tiny import GREEDY, ask
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.crowds import TEXTS, Crowd, alone, check_empty, check_same, plain
from tests.engine.runs.next_token_runs import SAID, Taught, asked

SAMPLINGS = {
    "greedy": GREEDY,
    "warm": SamplingParams(temperature=1.0, top_p=0.95, seed=4),
    "penalty": SamplingParams(temperature=0.0, repetition_penalty=1.2),
}
pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module")
def taught(taught_file: Path) -> Taught:
    return Taught(taught_file)


def rounds(session: Session, request: GenerateRequest) -> list[RoundDone]:
    """The rounds of a reply by itself."""
    events = list(write_reply(session, request, threading.Event()))
    check_empty(session)
    return [event for event in events if isinstance(event, RoundDone)]


def proposals(found: Sequence[RoundDone]) -> list[tuple[int, ...]]:
    return [tuple(token.token_id for token in each.proposed) for each in found]


# --------------------------------------------------------------------------- what it is for


def test_it_is_mostly_right_and_saves_passes_of_the_target(taught: Taught) -> None:
    passes, tokens = [], 0
    for request in asked(k="fixed:2"):
        passes += rounds(taught.session("mtp"), request)
        tokens += len(plain(taught, request).token_ids) - 1  # the first comes with the prompt
    assert sum(each.accepted for each in passes) > 0.6 * sum(each.k for each in passes) > 0
    assert sum(len(each.emitted) for each in passes) == tokens
    assert len(passes) < 0.6 * tokens


@pytest.mark.soak
@pytest.mark.parametrize("name", ["qwen35", "qwen3_5_moe"])
def test_over_recurrent_layers_it_is_mostly_right_too(tmp_path: Path, name: str) -> None:
    """Qwen3.5, also with experts, taught for some seconds."""
    reference = train(name, 60, normed=True)
    models, passes = Taught(with_layer(name, reference, tmp_path, seed=TRAINED)), []
    for request in asked(k="fixed:2"):
        passes += rounds(models.session("mtp"), request)
    assert sum(each.accepted for each in passes) > 0.6 * sum(each.k for each in passes) > 0


def test_the_policy_leaves_a_layer_alone_that_is_never_right(taught: Taught, monkeypatch: pytest.MonkeyPatch) -> None:
    real = NextTokenLayer.forward_many
    monkeypatch.setattr(NextTokenLayer, "forward_many", lambda self, ids, spans: real(self, ids, spans).roll(7, 1))
    session = taught.session("mtp")
    for rows, seconds in ((1, 1.0), (2, 1.01), (5, 1.04), (9, 1.08)):  # what a real model's passes cost
        session.costs.add(rows, 0, seconds)
    monkeypatch.setattr(session.costs, "add", lambda *_: None)
    found = rounds(session, ask(SAID[3], max_tokens=150))
    assert not any(each.accepted for each in found)
    late = found[len(found) // 2 :]
    assert sum(bool(each.k) for each in found) > 0
    assert sum(bool(each.k) for each in late) <= 0.1 * len(late)


# --------------------------------------------------------------------------- it changes nothing


@pytest.mark.parametrize(("name", "draft"), [("greedy", "mtp"), ("warm", "mtp"), ("penalty", "mixed-mtp")])
def test_drafts_and_neighbours_change_no_reply(taught: Taught, name: str, draft: str) -> None:
    wanted = asked(k="fixed:3", sampling=SAMPLINGS[name], verify="coupled")
    crowd = Crowd(taught.session(draft)).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
def test_in_sixteen_bits_it_changes_no_token(taught_file: Path) -> None:
    taught = Taught(taught_file, torch.bfloat16)
    for request in asked(k="fixed:3")[::2]:
        drafted = alone(taught.session("mtp"), request)
        assert drafted.metrics.accepted_tokens
        assert drafted.token_ids == plain(taught, request).token_ids


def test_with_rejection_sampling_a_seed_gives_the_same_reply_again(taught: Taught) -> None:
    request = ask(SAID[2], max_tokens=40, k="fixed:2", verify="rejection", sampling=SamplingParams(1.0, seed=9))
    first = alone(taught.session("mtp"), request)
    again = [alone(session, request) for session in [taught.session("mtp")] * 2]  # the second on a cached prefix
    assert [each.token_ids for each in again] == [first.token_ids] * 2
    assert again[1].metrics.cached_tokens > 0


def test_a_preempted_reply_is_what_it_is_alone(taught: Taught) -> None:
    wanted = asked(k="fixed:3", max_tokens=60)
    crowd = Crowd(taught.session("mtp", blocks=10)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(taught, crowd, wanted)
    accepted = sum(event.accepted for event in crowd.events if isinstance(event, RoundDone))
    drafted = sum(event.k for event in crowd.events if isinstance(event, RoundDone))
    assert accepted > 0.6 * drafted


def test_a_grammar_masks_its_drafts(taught: Taught) -> None:
    request = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", "( (cat|sat|mat|dog|lay))+"))
    drafted, wanted = alone(taught.session("mtp"), request), plain(taught, request)
    assert drafted.token_ids == wanted.token_ids
    assert drafted.metrics.accepted_tokens > 0


def test_drawn_on_the_device_it_changes_nothing(taught: Taught, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a card that the host does not wait for."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    wanted = asked(k="fixed:3")
    crowd = Crowd(taught.session("mtp")).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert sum(event.accepted for event in crowd.events if isinstance(event, RoundDone)) > 40


@pytest.mark.parametrize("name", ["qwen35-loopy", "qwen3_5_moe-loopy"])
def test_over_recurrent_layers_it_changes_nothing(tmp_path: Path, name: str) -> None:
    """Whose states are taken back with what was not accepted; in a crowd that is preempted, and after a prefix hit.

    Also where layers have experts, the one that drafts among them.
    """
    models = Taught(with_layer(name, echo_of(name), tmp_path))
    wanted = [ask(text, request_id=text, max_tokens=36, k="fixed:3") for text in TEXTS[:4]]
    crowd = Crowd(models.session("mtp", blocks=9)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, wanted)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))
    session, request = models.session("mixed-mtp"), ask(TEXTS[2] + TEXTS[7], max_tokens=20, k="fixed:2")
    first, second = alone(session, request), alone(session, request)
    assert second.metrics.cached_tokens >= 32
    assert first.token_ids == second.token_ids == plain(models, request).token_ids


# --------------------------------------------------------------------------- what it is based on outlives a pass


def test_it_drafts_the_same_after_a_prefix_hit(taught: Taught) -> None:
    session, request = taught.session("mtp"), ask(SAID[5] + SAID[4], max_tokens=30, k="fixed:2")
    first = proposals(rounds(session, request))
    assert alone(session, request).metrics.cached_tokens >= 32
    assert proposals(rounds(session, request)) == first


def test_it_drafts_the_same_beside_a_reply_with_the_same_beginning(taught: Taught) -> None:
    """Which it goes on after at the end of a block, where the hidden state before its first row is known."""
    first, second = (ask(SAID[5] + end, request_id=end, max_tokens=30, k="fixed:2") for end in (" cat", " dog"))
    session = taught.session("mtp")
    crowd = Crowd(session).add(first)
    for _ in range(4):
        crowd.step()
    crowd.add(second)
    crowd.run()
    assert crowd.scheduler.forks == 0
    (read,) = [e for e in crowd.events if isinstance(e, PrefillDone) and e.request_id == second.request_id]
    assert read.cached_tokens >= 16
    assert read.cached_tokens % 16 == 0
    check_same(taught, crowd, [first, second])
    own = [e for e in crowd.events if isinstance(e, RoundDone) and e.request_id == second.request_id]
    assert proposals(own) == proposals(rounds(taught.session("mtp"), second))


def test_a_proposal_leaves_length_blocks_and_index_as_they_were(taught: Taught) -> None:
    session = taught.session("mtp", blocks=8)
    runner, text = session.runner, tuple(session.tokenizer.encode(SAID[5]))[:31]
    runner.open("s", ())
    runner.forward("s", text[:-1], 1)
    runner.commit("s", text[:-1])
    draft = session.draft
    assert isinstance(draft, NextTokenDraft)
    draft = draft.fresh()
    draft.begin("s")
    table = runner.pool.tables()["s"]
    state = (table.length, table.verified, list(table.blocks), runner.pool.free_blocks)
    ids = [draft.propose(DraftRequest(text, k, GREEDY, lambda: 0.5)).ids for k in (1, 4, 4)]
    assert ids[1] == ids[2]
    assert ids[1][:1] == ids[0]
    assert (table.length, table.verified, table.blocks, runner.pool.free_blocks) == state
    runner.pool.check_integrity()
    draft.end()
    assert runner.pool.tables().keys() == {"s"}  # its end is not the end of the target's sequence
    assert draft.offers(text) == ()


# --------------------------------------------------------------------------- faults


@pytest.mark.parametrize("synchronous", [True, False])
def test_a_layer_whose_numbers_are_none_drafts_nothing(
    taught: Taught, monkeypatch: pytest.MonkeyPatch, synchronous: bool
) -> None:
    monkeypatch.setattr(ModelRunner, "is_synchronous", synchronous)
    real, calls = NextTokenLayer.forward_many, []

    def broken(self: NextTokenLayer, ids: torch.Tensor, spans: Sequence[object]) -> torch.Tensor:
        calls.append(1)
        return real(self, ids, spans) * (float("nan") if len(calls) > 3 else 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(NextTokenLayer, "forward_many", broken)
    wanted = asked(k="fixed:2")[:2]
    crowd = Crowd(taught.session("mtp")).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert 3 < len(calls) < 12


def test_without_its_layer_a_target_gives_no_hidden_states(taught: Taught) -> None:
    session = taught.session("mixed-mtp")
    assert isinstance(session.runner.hidden, TargetStates)
    assert session.draft is not None
    session.draft = session.draft.without_model()
    assert session.runner.hidden is None
    request = asked()[2]
    assert alone(session, request).token_ids == plain(taught, request).token_ids
    taught.target.gives_hidden = True


def test_a_smaller_cache_begins_anew(taught: Taught) -> None:
    session = taught.session("mtp")
    request = ask(SAID[4], max_tokens=30, k="fixed:2")
    before = proposals(rounds(session, request))
    session.runner.resize(12)
    assert session.draft is not None
    session.draft.follow(session.runner)
    assert proposals(rounds(session, request)) == before
