"""A layer that drafts beside a target on packed weights: near the layer by hand, and replies stay what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.engine.kernels.packed.library import NoKernelsError, shared
from helix_app.engine.models.drafting.shared import shared_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.runner import ModelRunner
from helix_app.protocol.events import RoundDone
from tests.engine.made.next_token import Reference, reference_of, with_layer
from tests.engine.made.tiny import ask
from tests.engine.models.test_decoder import some_ids
from tests.engine.runs.crowds import SAMPLINGS, TEXTS, Crowd, check_same
from tests.engine.runs.next_token_runs import Taught, drafter, files_with, joined, parts_of, runner_with

NAME, TEXT = "qwen35-blocks-loopy", some_ids(45, 6)
pytestmark = pytest.mark.usefixtures("small_chunks")


@pytest.fixture(scope="module", params=[(NAME, True), ("qwen3-loopy", False)], ids=str)
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


@pytest.mark.parametrize("kind", ["greedy", "warm"])
def test_drafts_and_neighbours_change_no_reply(models: Taught, kind: str) -> None:
    asked = [ask(text, request_id=text[:9], sampling=SAMPLINGS[kind], max_tokens=16, k="fixed:2") for text in TEXTS[:4]]
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
    again = Crowd(session).add(asked[2])
    again.run()
    check_same(models, again, asked[2:3])


def test_linear_layers_of_its_own_are_packed_where_the_file_holds_them_so(made: tuple[Path, Reference, bool]) -> None:
    decoder, layer = parts_of(files_with(made[0]), packed=True)
    maker = shared_of(decoder).linear_maker()
    assert isinstance(maker, LinearMaker)
    assert maker.dtype == torch.float32
    assert set(layer.kernels[1:]) <= {"PackedLinear", "JoinedLinear"}
    assert 0 < layer.held_bytes < layer.weight_bytes
    assert drafter(joined((decoder, layer), 8)[1]).runner.decoder is layer
