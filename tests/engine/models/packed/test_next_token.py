"""A layer that drafts beside a target on packed weights, those of experts too: near the layer by hand, and replies stay
what they are."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.kernels.packed.library import NoKernelsError, shared
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.drafting.shared import shared_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.runner import ModelRunner
from helix_app.protocol.events import RoundDone
from tests.engine.made.next_token import Reference, echo_of, reference_of, with_layer
from tests.engine.made.tiny import ask
from tests.engine.models.drafting import cases, test_next_token as by_hand
from tests.engine.models.test_decoder import some_ids
from tests.engine.models.whole.test_ragged import TORCH, drafted, one_by_one, prepared
from tests.engine.proof.experts.test_experts import renormalised_wrongly
from tests.engine.proof.experts.test_recurrent_experts import gate_of_another_row
from tests.engine.proof.test_recurrent import rejected_rows_stay
from tests.engine.runs.crowds import SAMPLINGS, TEXTS, Crowd, alone, check_same, plain
from tests.engine.runs.next_token_runs import Taught, drafter, files_with, joined, parts_of, runner_with

OLD_TORCH = "kernels of this torch depend on the number of rows"  # of experts: routers, gates and attention are its own
NAME, EXPERTS, TEXT = "qwen35-blocks-loopy", "qwen3_5_moe-loopy", some_ids(45, 6)
pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module", params=[(NAME, True), ("qwen3-loopy", False), (EXPERTS, True)], ids=str)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reference, bool]:
    """A model with a layer; over recurrent layers it takes hidden states after the final norm."""
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    name, normed = request.param
    reference = reference_of(name, normed=normed)
    return with_layer(name, reference, tmp_path_factory.mktemp("drafting"), quant="Q8_0"), reference, normed


@pytest.fixture(scope="module")
def models(made: tuple[Path, Reference, bool]) -> Taught:
    return Taught(made[0], packed=True)


def has_experts(path: Path) -> bool:
    return files_with(path).config.experts is not None


def steps(runner: ModelRunner, draft: ModelRunner, tokens: list[int]) -> torch.Tensor:
    """Logits of the layer behind a text and behind tokens more."""
    runner.open("s", ())
    runner.forward("s", TEXT[:30], 1)
    runner.commit("s", TEXT[:30])
    runner.forward("s", TEXT[30:-1], 1)
    runner.commit("s", TEXT[:-1])
    rows = [draft.forward("s", [token], 1)[0] for token in (TEXT[-1], *tokens)]
    runner.pool.truncate("s", len(TEXT) - 1)
    runner.close("s")
    runner.pool.check_integrity()
    return torch.stack(rows).double()


def test_its_logits_are_near_those_by_hand(made: tuple[Path, Reference, bool]) -> None:
    path, reference, normed = made
    drafts, want = reference.drafted(TEXT, 3)
    packed = steps(*runner_with(path, normed, packed=True), drafts[:2])
    dense = steps(*runner_with(path, normed), drafts[:2])
    for rows, tolerance in ((dense, 0.03), (packed, 0.06)):  # weights in eight bits, and activations too
        error = float((rows - torch.stack(want).double()).norm() / torch.stack(want).double().norm())
        assert 0 < error < tolerance


def test_drafts_and_neighbours_change_no_reply(made: tuple[Path, Reference, bool], models: Taught) -> None:
    """Not one with sampling; the next test has greedy ones."""
    if TORCH < EXACT_TORCH and has_experts(made[0]):
        pytest.skip(OLD_TORCH)
    warm = SAMPLINGS["warm"]
    asked = [ask(text, request_id=text[:9], sampling=warm, max_tokens=16, k="fixed:2") for text in TEXTS[:4]]
    crowd = Crowd(models.session("mtp")).add(*asked)
    crowd.run()
    check_same(models, crowd, asked)
    assert any(event.source == "mtp" for event in crowd.events if isinstance(event, RoundDone))


def test_who_is_preempted_or_finds_a_prefix_gets_the_same_reply(models: Taught) -> None:
    asked = [ask(text, request_id=text[:9], max_tokens=40, k="fixed:2") for text in TEXTS[:4]]
    session = models.session("mtp", blocks=9)
    crowd = Crowd(session).add(*asked)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, asked)
    assert any(event.source == "mtp" for event in crowd.events if isinstance(event, RoundDone))
    again = Crowd(session).add(asked[2])
    again.run()
    check_same(models, again, asked[2:3])


def test_linear_layers_of_its_own_are_packed_where_the_file_holds_them_so(made: tuple[Path, Reference, bool]) -> None:
    decoder, layer = parts_of(files_with(made[0]), packed=True)
    maker = shared_of(decoder).linear_maker()
    assert isinstance(maker, LinearMaker)
    experts = decoder.config.experts is not None
    assert maker.dtype == decoder.dtype == (torch.bfloat16 if experts else torch.float32)
    routers = {"PlainLinear"} if experts else set()
    assert set(layer.kernels[1:]) == {"PackedLinear", "JoinedLinear"} | routers
    header = files_with(made[0]).gguf
    assert header is not None
    own = [info for name, info in header.tensors.items() if name.startswith(f"blk.{decoder.config.num_layers}.")]
    assert layer.mapped.nbytes == sum(info.nbytes for info in own if info.type == "Q8_0")
    assert layer.parameters == sum(math.prod(info.shape) for info in own)
    assert drafter(joined((decoder, layer), 8)[1]).runner.decoder is layer


# --------------------------------------------------------------------------- beside experts, a product at a time


REPLIES = [ask(text, request_id=text, max_tokens=40, k="fixed:3") for text in TEXTS[:4]]
AGAIN = ask(TEXTS[2] + TEXTS[7], max_tokens=20, k="fixed:2")


@pytest.fixture(scope="module", params=["Q8_0", "Q4_0"])
def beside_experts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mixture of experts and a layer with experts of its own that is often right, on blocks."""
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return with_layer(EXPERTS, echo_of(EXPERTS), tmp_path_factory.mktemp("experts"), quant=request.param)


def states_of(runner: ModelRunner, name: str, begin: int, rows: int) -> torch.Tensor:
    """Hidden states of so many rows of the latest passes, from a position on."""
    assert isinstance(runner.hidden, TargetStates)
    return torch.cat([runner.hidden.before(name, begin + i + 1) for i in range(rows)])


@pytest.mark.skipif(TORCH < EXACT_TORCH, reason=OLD_TORCH)
def test_a_row_and_its_hidden_state_have_the_same_bits_however_many_run(beside_experts: Path) -> None:
    """And those that the target has where nobody drafts."""
    runner, _ = joined(parts_of(files_with(beside_experts), packed=True), 40)
    assert isinstance(runner.hidden, TargetStates)
    held, most, beside = 45, 8, [(30, 3), (7, 1)]
    (name,) = prepared(runner, [held])
    want, states = [], []
    for i, token in enumerate(some_ids(9, 50)[:most]):
        want.append(runner.forward(name, [token], 1, exact=True)[0])
        states.append(states_of(runner, name, held + i, 1))
    runner.close(name)
    runner.pool.clear_cache()
    for others in ([], beside):
        names = prepared(runner, [held, *(other for other, _ in others)])
        for rows in range(1, most + 1):
            got = drafted(runner, names, rows, others)
            assert torch.equal(got, torch.stack(want[:rows]))
            assert torch.equal(states_of(runner, names[0], held, rows), torch.cat(states[:rows]))
        for one in names:
            runner.close(one)
        runner.pool.clear_cache()
    runner.hidden.stop()
    assert torch.equal(one_by_one(runner, held, most), torch.stack(want))


@pytest.mark.parametrize("beside_experts", ["Q8_0", pytest.param("Q4_0", marks=pytest.mark.soak)], indirect=True)
def test_beside_experts_drafts_that_stand_change_no_reply(beside_experts: Path) -> None:
    """In a crowd that is preempted, whose states are taken back, and after a prefix hit."""
    check_replies(Taught(beside_experts, packed=True))


def check_replies(models: Taught) -> None:
    """What is drafted changes nothing."""
    crowd = Crowd(models.session("mtp", blocks=9)).add(*REPLIES)
    crowd.run()
    assert crowd.preempted
    check_same(models, crowd, REPLIES)
    found = [event for event in crowd.events if isinstance(event, RoundDone) and event.k]
    assert 0 < sum(event.accepted for event in found) < sum(event.k for event in found)
    session = models.session("mixed-mtp")
    first, second = alone(session, AGAIN), alone(session, AGAIN)
    assert second.metrics.cached_tokens >= 32
    assert first.token_ids == second.token_ids == plain(models, AGAIN).token_ids


def test_beside_experts_its_logits_are_those_of_the_dense_layer(beside_experts: Path) -> None:
    """Of the same file dequantised, in float32."""
    files = files_with(beside_experts)
    packed, dense = (steps(*joined(parts_of(files, packed=kind), 12), TEXT[3:6]) for kind in (True, False))
    assert 0 < float((packed - dense).norm() / dense.norm()) < NEAR


NEAR = 0.06  # of the logits: activations in eight bits before products, and in 16 between them
CLOSE = 0.08  # of a row's logits by hand, whose weights are no blocks


@pytest.fixture
def near_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    def apart(got: torch.Tensor, want: torch.Tensor) -> float:
        rows, by = (each.double().reshape(-1, each.shape[-1]) for each in (got, want))
        return float(((rows - by).norm(dim=1) / by.norm(dim=1)).max())

    monkeypatch.setattr(cases, "worst", apart)
    monkeypatch.setattr(cases, "TOLERANCE", CLOSE)


@pytest.fixture(scope="module")
def of_experts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Reference]:
    """A random layer by hand, and its file in eight bits; of those whose experts no rounding exchanges."""
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    reference = reference_of(EXPERTS, normed=True, seed=4)
    return with_layer(EXPERTS, reference, tmp_path_factory.mktemp("by-hand"), quant="Q8_0"), reference


def token_by_token(pair: cases.Pair, reference: Reference, check: cases.Check) -> None:
    """Each in a pass of its own."""
    cases.read(pair[0], TEXT, list(range(1, 45)))
    check(pair, reference, TEXT)


def short(pair: cases.Pair, reference: Reference, check: cases.Check) -> None:
    """A text in which a slot that should not be seen weighs much."""
    cases.read(pair[0], TEXT[:4], [3])
    check(pair, reference, TEXT[:4])


@pytest.mark.usefixtures("near_by_hand")
@pytest.mark.parametrize("case", [*cases.CASES, token_by_token, short])
def test_beside_experts_it_is_the_layer_by_hand_whatever_ran_before(
    of_experts: tuple[Path, Reference], case: cases.Case
) -> None:
    pair = runner_with(of_experts[0], blocks=12, order=cases.BACKWARDS, packed=True)
    case(pair, of_experts[1], cases.check_steps)


def states_before_the_norm(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Decoder, "_hidden", lambda self, x, taken: x.rows)


MUTANTS: dict[Callable[[pytest.MonkeyPatch], None], cases.Case] = {
    **by_hand.MUTANTS,
    by_hand.own_state_instead_of_the_one_before: token_by_token,
    by_hand.the_first_slot_is_seen: short,
    states_before_the_norm: cases.whole,
    renormalised_wrongly: cases.whole,
    gate_of_another_row: cases.crowded,
}


@pytest.mark.usefixtures("near_by_hand")
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda one: one.__name__)
def test_beside_experts_what_is_wrong_shows(
    of_experts: tuple[Path, Reference],
    monkeypatch: pytest.MonkeyPatch,
    mutant: Callable[[pytest.MonkeyPatch], None],
) -> None:
    mutant(monkeypatch)
    pair = runner_with(of_experts[0], blocks=12, order=cases.BACKWARDS, packed=True)
    with pytest.raises(AssertionError):
        MUTANTS[mutant](pair, of_experts[1], cases.check_steps)


@pytest.mark.parametrize("beside_experts", ["Q8_0"], indirect=True)
def test_states_of_rejected_rows_show_in_replies(beside_experts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    models = Taught(beside_experts, packed=True)
    for request in (*REPLIES, AGAIN):
        plain(models, request)  # by itself, as what is right
    rejected_rows_stay(monkeypatch)
    with pytest.raises(AssertionError):
        check_replies(models)
