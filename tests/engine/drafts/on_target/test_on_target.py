"""What drafts on its target's cache, a layer of the target's own or a head for it: it changes no token, drafts what was
said before all the same, and pays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.runner import ModelRunner
from helix_app.protocol.events import PrefillDone, RoundDone
from helix_app.protocol.requests import Grammar, SamplingParams
from tests.engine.made.tiny import GREEDY, ask
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.crowds import Crowd, alone, check_same, plain
from tests.engine.runs.head_runs import Headed
from tests.engine.runs.next_token_runs import SAID, Taught, asked
from tests.engine.runs.on_target import OnTarget, proposals, rounds

SAMPLINGS = {
    "greedy": GREEDY,
    "warm": SamplingParams(temperature=1.0, top_p=0.95, seed=4),
    "penalty": SamplingParams(temperature=0.0, repetition_penalty=1.2),
}
KINDS = ("mtp", "head")
pytestmark = pytest.mark.usefixtures("small_chunks")
Load = Callable[[str, torch.dtype], OnTarget]


@pytest.fixture(scope="module")
def load(taught_file: Path, taught_head: Path) -> Load:
    """Loads the target with its layer (``mtp``) or with a head, in a number format."""

    def loaded(kind: str, dtype: torch.dtype) -> OnTarget:
        return Taught(taught_file, dtype) if kind == "mtp" else Headed(taught_file, taught_head, dtype)

    return loaded


@pytest.fixture(scope="module", params=KINDS)
def taught(request: pytest.FixtureRequest, load: Load) -> OnTarget:
    return load(request.param, torch.float32)


def test_it_is_mostly_right_and_saves_passes_of_the_target(taught: OnTarget) -> None:
    passes, tokens = [], 0
    for request in asked(k="fixed:2"):
        passes += rounds(taught.session(taught.kind), request)
        tokens += len(plain(taught, request).token_ids) - 1  # the first comes with the prompt
    assert sum(each.accepted for each in passes) > 0.6 * sum(each.k for each in passes) > 0
    assert sum(len(each.emitted) for each in passes) == tokens
    assert len(passes) < 0.6 * tokens


# --------------------------------------------------------------------------- it changes nothing


SAMPLED = [
    *(pytest.param("mtp", name, mixed) for name, mixed in (("greedy", ""), ("warm", ""), ("penalty", "mixed-"))),
    pytest.param("head", "warm", ""),
    *(pytest.param("head", *one, marks=pytest.mark.soak) for one in (("greedy", ""), ("penalty", "mixed-"))),
]


@pytest.mark.parametrize(("taught", "name", "mixed"), SAMPLED, indirect=["taught"], scope="module")
def test_drafts_and_neighbours_change_no_reply(taught: OnTarget, name: str, mixed: str) -> None:
    wanted = asked(k="fixed:3", sampling=SAMPLINGS[name], verify="coupled")
    crowd = Crowd(taught.session(mixed + taught.kind)).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
@pytest.mark.parametrize("kind", KINDS)
def test_in_sixteen_bits_it_changes_no_token(load: Load, kind: str) -> None:
    taught = load(kind, torch.bfloat16)
    for request in asked(k="fixed:3")[::2]:
        drafted = alone(taught.session(kind), request)
        assert drafted.metrics.accepted_tokens
        assert drafted.token_ids == plain(taught, request).token_ids


def test_with_rejection_sampling_a_seed_gives_the_same_reply_again(taught: OnTarget) -> None:
    request = ask(SAID[2], max_tokens=40, k="fixed:2", verify="rejection", sampling=SamplingParams(1.0, seed=9))
    first = alone(taught.session(taught.kind), request)
    again = [alone(session, request) for session in [taught.session(taught.kind)] * 2]  # the second on a cached prefix
    assert [each.token_ids for each in again] == [first.token_ids] * 2
    assert again[1].metrics.cached_tokens > 0


def test_a_preempted_reply_is_what_it_is_alone(taught: OnTarget) -> None:
    wanted = asked(k="fixed:3", max_tokens=60)
    crowd = Crowd(taught.session(taught.kind, blocks=10)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(taught, crowd, wanted)
    accepted = sum(event.accepted for event in crowd.events if isinstance(event, RoundDone))
    drafted = sum(event.k for event in crowd.events if isinstance(event, RoundDone))
    assert accepted > 0.6 * drafted


def test_a_grammar_masks_its_drafts(taught: OnTarget) -> None:
    request = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", "( (cat|sat|mat|dog|lay))+"))
    drafted, wanted = alone(taught.session(taught.kind), request), plain(taught, request)
    assert drafted.token_ids == wanted.token_ids
    assert drafted.metrics.accepted_tokens > 0


def test_drawn_on_the_device_it_changes_nothing(taught: OnTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a card that the host does not wait for."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    wanted = asked(k="fixed:3")
    crowd = Crowd(taught.session(taught.kind)).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert sum(event.accepted for event in crowd.events if isinstance(event, RoundDone)) > 40


# --------------------------------------------------------------------------- what it is based on outlives a pass


def test_it_drafts_the_same_after_a_prefix_hit(taught: OnTarget) -> None:
    session, request = taught.session(taught.kind), ask(SAID[5] + SAID[4], max_tokens=30, k="fixed:2")
    first = proposals(rounds(session, request))
    assert alone(session, request).metrics.cached_tokens >= 32
    assert proposals(rounds(session, request)) == first


def test_it_drafts_the_same_beside_a_reply_with_the_same_beginning(taught: OnTarget) -> None:
    """Which it goes on after at the end of a block, where the hidden state before its first row is known."""
    first, second = (ask(SAID[5] + end, request_id=end, max_tokens=30, k="fixed:2") for end in (" cat", " dog"))
    session = taught.session(taught.kind)
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
    assert proposals(own) == proposals(rounds(taught.session(taught.kind), second))


def test_a_proposal_leaves_length_blocks_and_index_as_they_were(taught: OnTarget) -> None:
    session = taught.session(taught.kind, blocks=8)
    runner, text = session.runner, tuple(session.tokenizer.encode(SAID[5]))[:31]
    runner.open("s", ())
    runner.forward("s", text[:-1], 1)
    runner.commit("s", text[:-1])
    draft = session.draft
    assert draft is not None
    draft = draft.fresh()
    draft.begin("s")
    assert [offer.source for offer in draft.offers(text)] == [taught.kind]
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


@pytest.mark.parametrize(
    ("taught", "synchronous"),
    [("mtp", True), ("mtp", False), ("head", True), pytest.param("head", False, marks=pytest.mark.soak)],
    indirect=["taught"],
    scope="module",
)
def test_what_gives_numbers_that_are_none_drafts_nothing(
    taught: OnTarget, monkeypatch: pytest.MonkeyPatch, synchronous: bool
) -> None:
    monkeypatch.setattr(ModelRunner, "is_synchronous", synchronous)
    kind, calls = type(taught.layer), []
    real = kind.forward_many

    def broken(self: object, ids: torch.Tensor, spans: Sequence[object]) -> torch.Tensor:
        calls.append(1)
        return real(self, ids, spans) * (float("nan") if len(calls) > 3 else 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(kind, "forward_many", broken)
    wanted = asked(k="fixed:2")[:2]
    crowd = Crowd(taught.session(taught.kind)).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert 3 < len(calls) < 12


def test_without_it_a_target_gives_no_hidden_states(taught: OnTarget) -> None:
    session = taught.session(f"mixed-{taught.kind}")
    assert isinstance(session.runner.hidden, TargetStates)
    assert session.draft is not None
    session.draft = session.draft.without_model()
    assert session.runner.hidden is None
    request = asked()[2]
    assert alone(session, request).token_ids == plain(taught, request).token_ids


def test_a_smaller_cache_begins_anew(taught: OnTarget) -> None:
    session = taught.session(taught.kind)
    request = ask(SAID[4], max_tokens=30, k="fixed:2")
    before = proposals(rounds(session, request))
    session.runner.resize(12)
    assert session.draft is not None
    session.draft.follow(session.runner)
    assert proposals(rounds(session, request)) == before
