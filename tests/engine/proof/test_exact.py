"""Speculative decoding emits exactly what the target alone would: every path is enumerated, to 1e-12."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.control.policy import AdditiveK, FixedK, KPolicy, RoundResult
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.protocol.requests import SamplingParams
from tests.engine.proof.instruments.checks import install, reply_law, self_draft
from tests.engine.proof.instruments.enumerate_paths import (
    Context,
    OneHotDraft,
    Table,
    TableDecoder,
    difference,
    model_draft,
    outcomes,
    proposals,
    reference_row,
    spoken_law,
    table_runner,
    target_law,
)

EXACT = 1e-12
PROMPT = (0, 1, 1, 0, 1)  # an n-gram finds its last two tokens again, and a penalty has tokens to spare
PARAMS = {
    "plain": SamplingParams(1.0, 0, 1.0),
    "cool": SamplingParams(0.5, 0, 1.0),
    "hot": SamplingParams(1.8, 0, 1.0),
    "top-k": SamplingParams(1.0, 2, 1.0),
    "top-p": SamplingParams(1.0, 0, 0.7),
    "min-p": SamplingParams(1.0, 0, 1.0, 0.25),
    "penalty": SamplingParams(1.0, 0, 1.0, 0.0, 1.6),
    "all": SamplingParams(0.8, 3, 0.9, 0.05, 1.3),
    "presence": SamplingParams(1.0, 0, 1.0, presence_penalty=1.5),
    "frequency": SamplingParams(1.0, 0, 1.0, frequency_penalty=0.8),
    "bias": SamplingParams(1.0, 0, 1.0, logit_bias=((1, 1.5), (2, -0.7))),
    "all penalties": SamplingParams(
        0.8, 3, 0.9, 0.05, 1.3, presence_penalty=-0.9, frequency_penalty=0.6, logit_bias=((0, 0.8),)
    ),
    "greedy": SamplingParams(0.0),
    "greedy with penalty": SamplingParams(0.0, repetition_penalty=1.6),
    "greedy with frequency": SamplingParams(0.0, frequency_penalty=1.1),
}


def make_draft(kind: str, target: Table, seed: int) -> Draft:
    """A draft of each kind; the models are sometimes right and sometimes far off."""
    similar = Table(seed + 100, target.vocab, spread=0.8, base=target)
    if kind == "ngram":
        return NgramDraft()
    return model_draft(similar) if kind == "model" else OneHotDraft(similar)


def law_error(
    kind: str,
    policy: KPolicy,
    params: SamplingParams,
    seed: int = 0,
    vocab: int = 3,
    length: int = 4,
    ahead: bool = False,
    prompt: Context = PROMPT,
) -> tuple[float, dict[str, float]]:
    """How far the law of speculative decoding is from the target's, and the tokens of each provenance."""
    target = Table(seed, vocab)
    law, kinds = spoken_law(target, make_draft(kind, target, seed), policy, params, prompt, length, ahead)
    assert sum(law.values()) == pytest.approx(1.0, abs=EXACT)
    return difference(law, target_law(target, params, prompt, length)), kinds


@pytest.mark.covering
@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram"])
@pytest.mark.parametrize("k", [0, 1, 2, 3])
@pytest.mark.parametrize("name", PARAMS)
def test_exact_law_of_four_tokens(name: str, k: int, kind: str) -> None:
    error, kinds = law_error(kind, FixedK(k), PARAMS[name], seed=k)
    assert error < EXACT
    assert (kinds["plain"] == pytest.approx(4.0)) == (k == 0)
    if k and kind != "ngram" and name in ("plain", "cool", "hot", "penalty"):
        assert kinds["accepted"] > 0
        assert kinds["corrected"] > 0
        assert kinds["bonus"] > 0


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram"])
@pytest.mark.parametrize("name", ["cool", "top-p", "penalty", "bias", "all penalties"])
def test_exact_law_of_five_tokens_with_four_drafted(name: str, kind: str) -> None:
    """Whose draft and filters meet in all pairs above."""
    assert law_error(kind, FixedK(4), PARAMS[name], seed=9, length=5)[0] < EXACT


@pytest.mark.covering
@pytest.mark.parametrize("kind", ["model", "one-hot"])
@pytest.mark.parametrize(("vocab", "k", "length"), [(3, 3, 2), (4, 2, 3), (5, 2, 3)])
@pytest.mark.parametrize("name", ["plain", "top-k", "top-p", "all"])
def test_exact_law_where_drafts_reach_further(name: str, vocab: int, k: int, length: int, kind: str) -> None:
    error, _ = law_error(kind, FixedK(k), PARAMS[name], seed=vocab, vocab=vocab, length=length, ahead=True)
    assert error < EXACT


def taught(*rounds: tuple[int, int]) -> AdditiveK:
    """The production policy after rounds of so many drafted and accepted tokens."""
    policy = AdditiveK()
    for drafted, accepted in rounds:
        policy.learn(RoundResult("model", drafted, accepted, 0.0, 0.0, 0))
    return policy


ADAPTIVE = {
    "fresh": taught(),
    "about to fall": taught((4, 0), (3, 2), (3, 0), (2, 1), (2, 0), (3, 1)),
    "about to rise": taught((4, 0), (4, 0), (4, 0), (2, 2), (1, 1)),
    "about to pause": taught((4, 0), (4, 0), (4, 0), (1, 1), (1, 0), (1, 0)),
    "about to probe": taught(*[(4, 0)] * 4, *[(0, 0)] * 7),
}


class ByAcceptance(FixedK):
    """k follows what was accepted last, as far from independent of the text as a policy may be."""

    def learn(self, outcome: RoundResult) -> None:
        self._k = (outcome.accepted + 1) % 3


@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram"])
@pytest.mark.parametrize("state", ADAPTIVE)
def test_exact_law_with_adaptive_k(state: str, kind: str) -> None:
    assert law_error(kind, ADAPTIVE[state], PARAMS["all"], seed=5)[0] < EXACT


@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram"])
@pytest.mark.parametrize("name", ["plain", "penalty"])
def test_exact_law_when_k_follows_acceptance(name: str, kind: str) -> None:
    assert law_error(kind, ByAcceptance(1), PARAMS[name], seed=6, length=5)[0] < EXACT


def acceptance_error(name: str, same: bool = False, vocab: int = 5) -> float:
    """How far the chance of accepting a first token is from the best there is, the overlap of the distributions."""
    worst, params = 0.0, PARAMS[name]
    for seed in range(4):
        target = Table(seed, vocab)
        own = target if same else Table(seed + 50, vocab, spread=0.8, base=target)
        target_row = torch.tensor(reference_row(target(PROMPT).tolist(), params, PROMPT), dtype=torch.float64)
        draft_row = torch.tensor(reference_row(own(PROMPT).tolist(), params, PROMPT), dtype=torch.float64)
        accepted = 0.0
        for proposal, drafted in proposals(model_draft(own), PROMPT, 1, params, len(PROMPT)):
            rows = torch.stack([target_row, target_row])
            accepted += drafted * sum(w for v, w in outcomes(rows, proposal.ids, proposal.probs) if v.accepted)
        worst = max(worst, abs(accepted - float(torch.minimum(target_row, draft_row).sum())))
    return worst


@pytest.mark.parametrize("name", PARAMS)
def test_exact_acceptance_is_the_best_possible(name: str) -> None:
    assert acceptance_error(name) < EXACT
    assert acceptance_error(name, same=True) < EXACT


@pytest.mark.covering
@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram", "mixed", "self"])
@pytest.mark.parametrize("k", ["fixed:0", "fixed:1", "fixed:3"])
@pytest.mark.parametrize("name", ["plain", "penalty", "all", "all penalties", "greedy"])
def test_exact_law_of_whole_replies(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, k: str, kind: str
) -> None:
    """The real loop, cache and all, over every path of its draws."""
    assert reply_error(engine, monkeypatch, name, k, kind, 3) < EXACT


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", ["model", "one-hot", "ngram", "mixed", "self"])
@pytest.mark.parametrize("k", ["fixed:0", "fixed:1", "fixed:3"])
@pytest.mark.parametrize("name", ["plain", "penalty", "all", "all penalties", "greedy"])
def test_exact_law_of_whole_replies_of_more_rounds(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, k: str, kind: str
) -> None:
    assert reply_error(engine, monkeypatch, name, k, kind, 4) < EXACT


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", ["one-hot", "ngram"])
@pytest.mark.parametrize("name", ["plain", "all"])
def test_exact_law_of_whole_replies_with_adaptive_k(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str, kind: str
) -> None:
    assert reply_error(engine, monkeypatch, name, "additive", kind, 6 if name == "all" else 5) < EXACT


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", ["model", "ngram", "self"])
@pytest.mark.parametrize("order", [1, 2, 3])
def test_exact_law_of_whole_replies_over_a_window(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, order: int, kind: str
) -> None:
    """What the target does not look back on is given back while the reply is written; blocks have two tokens."""
    assert reply_error(engine, monkeypatch, "plain", "fixed:2", kind, 3, order) < EXACT


def reply_error(
    engine: Engine,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    k: str,
    kind: str,
    length: int,
    order: int | None = None,
) -> float:
    """How far the law of whole replies is from the target's."""
    target = Table(3, order=order)
    runner = table_runner(target, shuffle=4)
    if kind == "self":
        similar = Table(103, target.vocab, order, spread=0.8, base=target)
        draft: Draft = self_draft(TableDecoder(similar, runner.max_tokens), runner)
    else:
        draft = make_draft("model" if kind == "mixed" else kind, target, 3)
    install(engine, monkeypatch, runner, MixedDraft(NgramDraft(), draft) if kind == "mixed" else draft)
    law = reply_law(engine, monkeypatch, PROMPT, PARAMS[name], max_tokens=length, k=k)
    return difference(law, target_law(target, PARAMS[name], PROMPT, length))
