"""Tokens that are drawn on the device: from exactly the distribution that verification is told, by fair noise."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
import torch

from helix_app.engine.drafts import on_device
from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.on_device import OnDevice, first_home
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.sampling.coupled import coupled_draw
from helix_app.engine.sampling.filters import distribution, penalise
from helix_app.engine.sampling.penalties import adjusted
from helix_app.engine.sampling.verification import verify
from helix_app.protocol.requests import SamplingParams
from tests.engine.directml.simulated import decoder_there, runner_there, simulated
from tests.engine.directml.simulated_directml import DEVICE, SimulatedDirectML
from tests.engine.made.tiny import VOCAB, Zoo
from tests.engine.runs.crowds import SAMPLINGS, Crowd, Models, check_same, requests

DRAFT = torch.tensor([[1.0, 0.2, 0.9, -1.0, 0.5, -0.3, 0.0, 2.0]])
TARGET = torch.tensor([[0.3, 1.4, 0.9, -2.0, 0.1, 0.4, -5.0, 1.0]])
PARAMS = SamplingParams(temperature=0.8, top_k=6, top_p=0.95)
GREEDY = SamplingParams(temperature=0.0)
TRIALS = 1000
LIMIT = 35.0  # of chi-square with up to 7 degrees of freedom: one chance in ten thousand is 29.9


@pytest.fixture(scope="module")
def device() -> Iterator[SimulatedDirectML]:
    with simulated() as made:
        yield made


class _Draft:
    """A draft model that was never asked to stop."""

    def __init__(self) -> None:
        self.given_up = False
        self.confirmed: Sequence[int] | None = None

    def confirm(self, tokens: Sequence[int]) -> None:
        self.confirmed = tokens

    def give_up(self) -> None:
        self.given_up = True


def asked(
    params: SamplingParams, seed: int | None = None, k: int = 1, uniform: Callable[[], float] | None = None
) -> Ask:
    return Ask(_Draft(), DraftRequest((1, 5, 5), k, params, uniform or random.Random(3).random, seed=seed))  # type: ignore[arg-type]


def drafted(ask: Ask, logits: torch.Tensor) -> OnDevice:
    """A proposal of ``ask.request.k`` tokens, each from the same logits."""
    run = OnDevice(ask, ask.request.tokens)
    for _ in range(ask.request.k):
        run.draw(logits)
    pending = run.proposal().pending
    assert pending is run
    return run


def arrived(run: OnDevice) -> Any:
    return run.arrived([tensor.cpu().float() for tensor in run.sent])


def chi_square(seen: torch.Tensor, probs: torch.Tensor) -> float:
    """Of counts against a distribution; inf where something came that cannot."""
    expected = probs.double() * float(seen.sum())
    if bool(((expected == 0) & (seen > 0)).any()):
        return float("inf")
    kept = expected > 0
    return float(((seen - expected)[kept] ** 2 / expected[kept]).sum())


# --------------------------------------------------------------------------- the draw


@pytest.mark.parametrize("made", ["there", "for a seed"])
def test_the_race_draws_from_its_distribution(device: SimulatedDirectML, made: str) -> None:
    probs = distribution(DRAFT, PARAMS).expand(20_000, -1).contiguous()
    if made == "there":
        times = torch.empty_like(probs.to(DEVICE)).exponential_()
    else:
        times = torch.empty(20_000, 8).exponential_(generator=torch.Generator().manual_seed(5)).to(DEVICE)
    seen = first_home(probs.to(DEVICE), times).cpu().bincount(minlength=8).double()
    assert chi_square(seen, probs[0]) < LIMIT


def test_a_token_of_probability_0_never_wins(device: SimulatedDirectML) -> None:
    """Not even in no time at all."""

    class Zeros:
        def exponential_(self) -> torch.Tensor:
            return torch.zeros(1, 8, device=DEVICE)

    run = OnDevice(asked(PARAMS), ())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(on_device.torch, "empty_like", lambda _: Zeros())
        run.draw(DRAFT.to(DEVICE))
    assert float(run.rows[0].cpu()[0, int(run.drawn[0][0])]) > 0


@pytest.mark.parametrize("seed", range(5))
def test_coupled_noise_is_that_of_the_host(device: SimulatedDirectML, seed: int) -> None:
    run = drafted(asked(PARAMS, seed=seed, k=6), DRAFT.to(DEVICE))
    probs = distribution(DRAFT, PARAMS)[0]
    assert arrived(run).ids == tuple(coupled_draw(probs, seed, 3 + j) for j in range(6))


def test_what_comes_home_is_what_was_drawn_from(device: SimulatedDirectML) -> None:
    """Every filter of the host, penalties on what the device alone has drawn included."""
    params = SamplingParams(temperature=0.7, top_k=7, top_p=0.97, min_p=0.01, repetition_penalty=1.4)
    run = drafted(asked(params, k=4), DRAFT.to(DEVICE))
    proposal = arrived(run)
    seen = {1, 5}
    for token, row in zip(proposal.ids, proposal.probs):
        logits = penalise(DRAFT, 1.4, torch.tensor(sorted(seen)), ())
        assert torch.allclose(row, distribution(logits, params)[0], atol=1e-6)
        assert row[token] > 0
        seen.add(token)


def test_penalties_and_bias_are_those_of_the_host(device: SimulatedDirectML) -> None:
    params = SamplingParams(
        0.9,
        0,
        1.0,
        repetition_penalty=1.2,
        presence_penalty=0.5,
        frequency_penalty=0.7,
        logit_bias=((2, 1.5), (3, -9.0)),
    )
    ask = asked(params, seed=4, k=6)
    object.__setattr__(ask.request, "begin", 1)  # only the last of its tokens is the reply's
    proposal = arrived(drafted(ask, DRAFT.to(DEVICE)))
    tokens = list(ask.request.tokens)
    for token, row in zip(proposal.ids, proposal.probs):
        assert torch.allclose(row, distribution(adjusted(DRAFT, params, tokens, 1), params)[0], atol=1e-6)
        tokens.append(token)
    assert len(set(proposal.ids)) < 6  # one was counted twice


def test_greedy_brings_no_distribution_home(device: SimulatedDirectML) -> None:
    run = drafted(asked(SamplingParams(temperature=0.0, repetition_penalty=3.0), k=3), DRAFT.to(DEVICE))
    proposal = arrived(run)
    assert proposal.ids == (7, 0, 2)
    assert proposal.probs is None
    assert sum(tensor.numel() for tensor in run.sent) == 6


def test_the_same_seed_draws_the_same(device: SimulatedDirectML) -> None:
    params = SamplingParams(temperature=1.5, seed=4)
    draws = [
        arrived(drafted(asked(params, k=5, uniform=random.Random(seed).random), DRAFT.to(DEVICE))).ids
        for seed in (1, 1, 2)
    ]
    assert draws[0] == draws[1] != draws[2]


# --------------------------------------------------------------------------- lossless


def emitted(run: Callable[[], Any], trials: int = TRIALS) -> torch.Tensor:
    """How often each token comes first in a round of one drafted token."""
    target, rng = distribution(TARGET, PARAMS).repeat(2, 1), random.Random(9)
    torch.manual_seed(4)
    seen = torch.zeros(8, dtype=torch.float64)
    for _ in range(trials):
        proposal = run()
        verdict = verify(target, proposal.ids, proposal.probs, (rng.random(), rng.random()))
        seen[proposal.ids[0] if verdict.accepted else verdict.next_token] += 1
    return seen


def test_rounds_of_device_drafts_are_lossless(device: SimulatedDirectML) -> None:
    """What is emitted is distributed as the target, though the draft is another."""
    logits = DRAFT.to(DEVICE)
    seen = emitted(lambda: arrived(drafted(asked(PARAMS), logits)))
    assert chi_square(seen, distribution(TARGET, PARAMS)[0]) < LIMIT


def mutant_raw(run: OnDevice) -> Any:
    """The distribution before its filters comes home."""
    run.sent = (run.sent[0], DRAFT.softmax(dim=-1).to(DEVICE))
    return arrived(run)


def mutant_greedy(run: OnDevice) -> Any:
    """The likeliest token is drafted and passed off as drawn."""
    run.sent = (torch.tensor([7]).to(DEVICE), run.sent[1])
    return arrived(run)


def mutant_late(run: OnDevice) -> Any:
    """A token of another draw than the distribution's."""
    run.sent = (torch.tensor([random.randrange(8)]).to(DEVICE), run.sent[1])
    return arrived(run)


@pytest.mark.parametrize(("mutant", "trials"), [(mutant_raw, TRIALS), (mutant_greedy, 300), (mutant_late, 300)])
def test_a_distribution_that_was_not_drawn_from_shows(
    device: SimulatedDirectML, mutant: Callable[[OnDevice], Any], trials: int
) -> None:
    """The counter-check: each mistake is found by the same test, two of them in fewer of its trials."""
    logits = DRAFT.to(DEVICE)
    seen = emitted(lambda: mutant(drafted(asked(PARAMS), logits)), trials)
    assert chi_square(seen, distribution(TARGET, PARAMS)[0]) > LIMIT


# --------------------------------------------------------------------------- numbers that are none


@pytest.mark.covering
@pytest.mark.parametrize("params", [SamplingParams(temperature=0.0), PARAMS])
@pytest.mark.parametrize("number", [float("nan"), float("inf")])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_a_proposal_ends_before_numbers_that_are_none(
    device: SimulatedDirectML, params: SamplingParams, number: float, at: int
) -> None:
    ask = asked(params, k=3)
    run = OnDevice(ask, ask.request.tokens)
    for j in range(3):
        run.draw((torch.full_like(DRAFT, number) if j == at else DRAFT).to(DEVICE))
    run.proposal()
    proposal = arrived(run)
    assert proposal.count == at
    assert proposal.probs is None or proposal.probs.shape[0] == at
    draft: Any = ask.draft
    assert draft.given_up
    assert (draft.confirmed == ask.request.tokens) == (at > 0)


def test_a_full_draft_cache_ends_a_proposal(zoo: Zoo, device: SimulatedDirectML) -> None:
    runner = runner_there(decoder_there(zoo.gguf("llama-small")), 2)
    draft = ModelDraft(runner, VOCAB)
    draft.begin("s")
    proposal = draft.propose(DraftRequest(list(range(4, 34)), 2, GREEDY, lambda: 0.5))
    assert proposal.count == 2
    draft.settle(list(range(4, 34)))
    assert draft.propose(DraftRequest(list(range(4, 34)), 9, GREEDY, lambda: 0.5)).count == 0
    draft.runner.max_tokens = 100
    assert draft.propose(DraftRequest(list(range(4, 34)), 9, GREEDY, lambda: 0.5)).count == 3
    assert draft.propose(DraftRequest(list(range(4, 60)), 9, GREEDY, lambda: 0.5)).count == 0
    draft.end()
    runner.pool.check_integrity()
    assert runner.pool.used_blocks == 0


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("draft", ["model", "mixed"])
@pytest.mark.parametrize("name", SAMPLINGS)
def test_other_devices_draft_so_too(models: Models, monkeypatch: pytest.MonkeyPatch, draft: str, name: str) -> None:
    """With the decoder of the CPU, as on CUDA: pending proposals in crowds, the same tokens."""
    monkeypatch.setattr(ModelRunner, "is_synchronous", False)
    asked = requests(SAMPLINGS[name], k="fixed:3")[:4]
    crowd = Crowd(models.session(draft)).add(*asked)
    crowd.run()
    check_same(models, crowd, asked)
    assert sum(done.metrics.drafted_tokens for done in crowd.results.values())  # type: ignore[union-attr]
