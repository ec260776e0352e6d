"""A draft head changes no token, drafts what was said before all the same, and pays."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.on_target.head import HeadDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import PrefillDone, RoundDone
from helix_app.protocol.requests import GenerateRequest, Grammar, SamplingParams
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import GREEDY, Zoo, ask
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.crowds import TEXTS, Crowd, alone, check_empty, check_same, plain
from tests.engine.runs.head_runs import Headed
from tests.engine.runs.next_token_runs import SAID, asked

SAMPLINGS = {
    "greedy": GREEDY,
    "warm": SamplingParams(temperature=1.0, top_p=0.95, seed=4),
    "penalty": SamplingParams(temperature=0.0, repetition_penalty=1.2),
}
MORE = [pytest.param(*one, marks=pytest.mark.soak) for one in (("greedy", "head"), ("penalty", "mixed-head"))]
pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module")
def taught(taught_file: Path, taught_head: Path) -> Headed:
    return Headed(taught_file, taught_head)


def rounds(session: Session, request: GenerateRequest) -> list[RoundDone]:
    """The rounds of a reply by itself."""
    events = list(write_reply(session, request, threading.Event()))
    check_empty(session)
    return [event for event in events if isinstance(event, RoundDone)]


def proposals(found: Sequence[RoundDone]) -> list[tuple[int, ...]]:
    return [tuple(token.token_id for token in each.proposed) for each in found]


def test_it_is_mostly_right_and_saves_passes_of_the_target(taught: Headed) -> None:
    passes, tokens = [], 0
    for request in asked(k="fixed:2"):
        passes += rounds(taught.session("head"), request)
        tokens += len(plain(taught, request).token_ids) - 1  # the first comes with the prompt
    assert sum(each.accepted for each in passes) > 0.6 * sum(each.k for each in passes) > 0
    assert sum(len(each.emitted) for each in passes) == tokens
    assert len(passes) < 0.6 * tokens


# --------------------------------------------------------------------------- it changes nothing


@pytest.mark.parametrize(
    ("name", "draft"),
    [
        ("warm", "head"),
        *(pytest.param(*one, marks=pytest.mark.soak) for one in (("greedy", "head"), ("penalty", "mixed-head"))),
    ],
)
def test_drafts_and_neighbours_change_no_reply(taught: Headed, name: str, draft: str) -> None:
    wanted = asked(k="fixed:3", sampling=SAMPLINGS[name], verify="coupled")
    crowd = Crowd(taught.session(draft)).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert any(event.accepted for event in crowd.events if isinstance(event, RoundDone))


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason="kernels of this torch depend on the number of rows")
def test_in_sixteen_bits_it_changes_no_token(taught_file: Path, taught_head: Path) -> None:
    taught = Headed(taught_file, taught_head, torch.bfloat16)
    for request in asked(k="fixed:3")[::2]:
        drafted = alone(taught.session("head"), request)
        assert drafted.metrics.accepted_tokens
        assert drafted.token_ids == plain(taught, request).token_ids


def test_with_rejection_sampling_a_seed_gives_the_same_reply_again(taught: Headed) -> None:
    request = ask(SAID[2], max_tokens=40, k="fixed:2", verify="rejection", sampling=SamplingParams(1.0, seed=9))
    first = alone(taught.session("head"), request)
    again = [alone(session, request) for session in [taught.session("head")] * 2]  # the second on a cached prefix
    assert [each.token_ids for each in again] == [first.token_ids] * 2
    assert again[1].metrics.cached_tokens > 0


def test_a_preempted_reply_is_what_it_is_alone(taught: Headed) -> None:
    wanted = asked(k="fixed:3", max_tokens=60)
    crowd = Crowd(taught.session("head", blocks=10)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(taught, crowd, wanted)
    accepted = sum(event.accepted for event in crowd.events if isinstance(event, RoundDone))
    drafted = sum(event.k for event in crowd.events if isinstance(event, RoundDone))
    assert accepted > 0.6 * drafted


def test_a_grammar_masks_its_drafts(taught: Headed) -> None:
    """Also where all that it allows lies outside of the head's vocabulary."""
    request = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", "( (cat|sat|mat|dog|lay|XYZ))+"))
    drafted, wanted = alone(taught.session("head"), request), plain(taught, request)
    assert drafted.token_ids == wanted.token_ids
    assert drafted.metrics.accepted_tokens > 0
    strange = ask(SAID[1], max_tokens=40, k="fixed:3", grammar=Grammar("regex", " (@#[X-Z]{3})+%"))
    assert alone(taught.session("head"), strange).token_ids == plain(taught, strange).token_ids


def test_drawn_on_the_device_it_changes_nothing(taught: Headed, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a card that the host does not wait for."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    wanted = asked(k="fixed:3")
    crowd = Crowd(taught.session("head")).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert sum(event.accepted for event in crowd.events if isinstance(event, RoundDone)) > 40


# target, its head's heads, and the format of its weights
HARDLY_RIGHT = [
    pytest.param("qwen35-loopy", None, "", marks=pytest.mark.soak),
    ("llama-loopy", (2, 2, 8), ""),
    ("llama-loopy", (2, 2, 8), "Q8_0"),
    ("qwen35-blocks-loopy", (2, 1, 16), "Q8_0"),
    ("qwen3_5_moe-loopy", (4, 4, 8), "Q8_0"),
    ("gemma3-loopy", (4, 1, 8), "Q8_0"),
    ("gemma4-loopy", None, "Q8_0"),
]


@pytest.mark.parametrize(("name", "heads", "quant"), HARDLY_RIGHT)
def test_a_head_that_is_hardly_ever_right_changes_nothing(
    zoo: Zoo, tmp_path: Path, name: str, heads: tuple[int, int, int] | None, quant: str
) -> None:
    """Over packed weights, recurrent layers, experts and windows, too, with keys and values of another size; in a crowd
    that is preempted, and after a prefix hit."""
    folder = head_for(name, (0, 1, 2), **({} if heads is None else {"heads": heads})).save(tmp_path, "speculators")
    models = Headed(zoo.gguf(name, quant=quant or "F32"), folder, packed=bool(quant))
    wanted = [ask(text, request_id=text, max_tokens=36, k="fixed:3") for text in TEXTS[:4]]
    crowd = Crowd(models.session("head", blocks=9)).add(*wanted)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, wanted)
    assert any(event.k for event in crowd.events if isinstance(event, RoundDone))
    session, request = models.session("mixed-head"), ask(TEXTS[2] + TEXTS[7], max_tokens=20, k="fixed:2")
    first, second = alone(session, request), alone(session, request)
    assert second.metrics.cached_tokens >= 32
    assert first.token_ids == second.token_ids == plain(models, request).token_ids
    if quant:  # where bits are the same however a text was read, drafts are too
        session = models.session("head")
        assert proposals(rounds(session, request)) == proposals(rounds(session, request))


# --------------------------------------------------------------------------- what it is based on outlives a pass


def test_it_drafts_the_same_after_a_prefix_hit(taught: Headed) -> None:
    session, request = taught.session("head"), ask(SAID[5] + SAID[4], max_tokens=30, k="fixed:2")
    first = proposals(rounds(session, request))
    assert alone(session, request).metrics.cached_tokens >= 32
    assert proposals(rounds(session, request)) == first


def test_it_drafts_the_same_beside_a_reply_with_the_same_beginning(taught: Headed) -> None:
    first, second = (ask(SAID[5] + end, request_id=end, max_tokens=30, k="fixed:2") for end in (" cat", " dog"))
    session = taught.session("head")
    crowd = Crowd(session).add(first)
    for _ in range(4):
        crowd.step()
    crowd.add(second)
    crowd.run()
    (read,) = [e for e in crowd.events if isinstance(e, PrefillDone) and e.request_id == second.request_id]
    assert read.cached_tokens >= 16
    check_same(taught, crowd, [first, second])
    own = [e for e in crowd.events if isinstance(e, RoundDone) and e.request_id == second.request_id]
    assert proposals(own) == proposals(rounds(taught.session("head"), second))


def test_a_proposal_leaves_length_blocks_and_index_as_they_were(taught: Headed) -> None:
    session = taught.session("head", blocks=8)
    runner, text = session.runner, tuple(session.tokenizer.encode(SAID[5]))[:31]
    runner.open("s", ())
    runner.forward("s", text[:-1], 1)
    runner.commit("s", text[:-1])
    draft = session.draft
    assert isinstance(draft, HeadDraft)
    draft = draft.fresh()
    draft.begin("s")
    assert [offer.source for offer in draft.offers(text)] == ["head"]
    table = runner.pool.tables()["s"]
    state = (table.length, table.verified, list(table.blocks), runner.pool.free_blocks)
    ids = [draft.propose(DraftRequest(text, k, GREEDY, lambda: 0.5)).ids for k in (1, 4, 4)]
    assert ids[1] == ids[2]
    assert ids[1][:1] == ids[0]
    assert (table.length, table.verified, table.blocks, runner.pool.free_blocks) == state
    runner.pool.check_integrity()
    draft.end()
    assert draft.offers(text) == ()


# --------------------------------------------------------------------------- faults


@pytest.mark.parametrize("synchronous", [True, pytest.param(False, marks=pytest.mark.soak)])
def test_a_head_whose_numbers_are_none_drafts_nothing(
    taught: Headed, monkeypatch: pytest.MonkeyPatch, synchronous: bool
) -> None:
    monkeypatch.setattr(ModelRunner, "is_synchronous", synchronous)
    real, calls = EagleHead.forward_many, []

    def broken(self: EagleHead, ids: torch.Tensor, spans: Sequence[object]) -> torch.Tensor:
        calls.append(1)
        return real(self, ids, spans) * (float("nan") if len(calls) > 3 else 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(EagleHead, "forward_many", broken)
    wanted = asked(k="fixed:2")[:2]
    crowd = Crowd(taught.session("head")).add(*wanted)
    crowd.run()
    check_same(taught, crowd, wanted)
    assert 3 < len(calls) < 12


def test_without_its_head_a_target_gives_no_hidden_states(taught: Headed) -> None:
    session = taught.session("mixed-head")
    assert isinstance(session.runner.hidden, TargetStates)
    assert session.draft is not None
    session.draft = session.draft.without_model()
    assert session.runner.hidden is None
    request = asked()[2]
    assert alone(session, request).token_ids == plain(taught, request).token_ids


def test_a_smaller_cache_begins_anew(taught: Headed) -> None:
    session = taught.session("head")
    request = ask(SAID[4], max_tokens=30, k="fixed:2")
    before = proposals(rounds(session, request))
    session.runner.resize(12)
    assert session.draft is not None
    session.draft.follow(session.runner)
    assert proposals(rounds(session, request)) == before
