"""Sampled replies of the real engine and a small random Llama, token pair by token pair.

Twice compared: with the exact probabilities, which a prefill of the finished text gives at each of its places, and with
replies of plain decoding. Plain decoding against itself shows that the tests do not cry wolf, a wrong verification that
they can.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import expected_shape
from helix_app.engine.rounds.session import Prompt
from helix_app.engine.sampling.filters import distribution
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.events import Finished
from helix_app.protocol.requests import GenerateRequest, SamplingParams
from tests.engine.made.tiny import session_of
from tests.engine.proof.instruments import mutants
from tests.engine.proof.instruments.checks import (
    Patch,
    Run,
    everywhere,
    fixed_chance,
    fresh_runner,
    install,
    runners,
    self_draft,
)
from tests.engine.proof.instruments.enumerate_paths import OneHotDraft
from tests.later import Later

stats = Later("scipy.stats")

VOCAB, REPLIES, LENGTH = 6, 14, 80
BLOCKS = 8 * REPLIES  # all of them at once
FEW = 8  # of a bug that shows far below any threshold (p < 1e-15) in fewer than what has to pass
CONFIG = ModelConfig("llama", VOCAB, 16, 24, 1, 2, 1, 8, context_length=128)
SAMPLED = SamplingParams(temperature=1.1, top_k=5, top_p=0.97)
PROMPT = (1, 2, 3, 4, 5, 0, 1, 2)


@dataclass
class RandomWeights:
    """Weights from a seed; ``blur`` adds noise from another, which makes a draft that is similar."""

    seed: int
    blur: float = 0.0

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        shape = expected_shape(CONFIG, role, kind)
        generator = torch.Generator().manual_seed(self.seed + sum(map(ord, role)))
        noise = torch.randn(shape, generator=generator) + self.blur * torch.randn(shape, generator=generator)
        if "norm" in role:
            return 1 + 0.1 * noise
        return noise * {"embed": 1.0, "head": 0.35}.get(role, 1.2 / shape[-1] ** 0.5)


def small_runner(blur: float = 0.0) -> ModelRunner:
    """A Llama of one layer and six tokens."""
    decoder = Decoder(CONFIG, dtype=torch.float32, device=torch.device("cpu"), max_positions=128)
    for _ in decoder.load(RandomWeights(5, blur)):  # type: ignore[arg-type]
        pass
    cache = KVCache(CONFIG, BLOCKS, 16, torch.float32, torch.device("cpu"))
    return ModelRunner(decoder, BlockPool(BLOCKS, 16), cache)


def pairs_table() -> torch.Tensor:
    """What the target makes of each token after the prompt, ``[vocab, vocab]``: right now and then later, too."""
    runner = small_runner()
    for token in range(VOCAB):
        runner.open(str(token), ())
    return torch.cat([runner.forward(str(token), (*PROMPT, token), 1) for token in range(VOCAB)])


def drafts(target: ModelRunner) -> dict[str, Draft | None]:
    """A fresh draft of each kind."""
    model = ModelDraft(small_runner(0.35), VOCAB)
    table = pairs_table()
    return {
        "none": None,
        "model": model,
        "mixed": MixedDraft(NgramDraft(), model),
        "self": self_draft(small_runner(0.35).decoder, target),
        "one-hot": OneHotDraft(lambda context: table[context[-1]]),  # type: ignore[arg-type]
    }


def written(engine: Engine, patch: Patch, count: int) -> list[Run]:
    """So many replies at once, each what it would be alone."""
    everywhere(patch, "prompt_of", lambda session, request: Prompt(list(PROMPT)))
    asked = [GenerateRequest(f"r{i}", sampling=SAMPLED, max_tokens=LENGTH, k="fixed:3") for i in range(count)]
    events = list(engine.stream_many(asked, threading.Event()))
    ended = {event.request_id: event for event in events if isinstance(event, Finished)}
    assert len(ended) == count
    for runner in runners(session_of(engine)):
        runner.pool.check_integrity()
        assert runner.pool.used_blocks == 0
    return [Run(PROMPT, ended[one.request_id].token_ids, [], ended[one.request_id]) for one in asked]


_WRITTEN: dict[tuple[str, int, str, int], list[Run]] = {}


def replies(engine: Engine, patch: Patch, kind: str, seed: int, bug: str = "", count: int = REPLIES) -> list[Run]:
    """Replies to one prompt, each with a seed of its own; several tests look at the same ones."""
    key = kind, seed, bug, count
    if key not in _WRITTEN:
        with patch.context() as inner:
            fixed_chance(inner, seed)
            target = small_runner()
            install(engine, inner, target, drafts(target)[kind])
            if bug:
                getattr(mutants, bug)(inner)
            _WRITTEN[key] = written(engine, inner, count)
    return _WRITTEN[key]


# --------------------------------------------------------------------------- against the exact probabilities


def exact_p_value(runs: list[Run]) -> float:
    """Chi-square of token pairs: what followed each token, less what should have, in units of its exact covariance.

    Given the text so far, a token less its probabilities has mean zero whatever came before, so sums of them over all
    places are asymptotically normal with the summed covariance (central limit theorem for martingales).
    """
    surplus = np.zeros((VOCAB, VOCAB))
    covariance = np.zeros((VOCAB, VOCAB, VOCAB))
    for run in runs:
        for previous, token, probs in told(run):
            surplus[previous] -= probs
            surplus[previous, token] += 1
            covariance[previous] += np.diag(probs) - np.outer(probs, probs)
    value, freedom = 0.0, 0
    for excess, spread in zip(surplus, covariance):
        likely = np.diag(spread) > 4.0  # tokens that can be counted on
        spread = spread[np.ix_(likely, likely)]
        value += float(excess[likely] @ np.linalg.pinv(spread, rcond=1e-9) @ excess[likely])
        freedom += int(np.linalg.matrix_rank(spread, tol=1e-6))
    assert freedom >= 12
    return float(stats.chi2.sf(value, freedom))


def told(run: Run) -> Iterator[tuple[int, int, np.ndarray]]:
    """Every emitted token, the one before it, and the exact probabilities at its place."""
    runner = small_runner()
    runner.open("exact", ())
    text = (*run.prompt, *run.tokens)
    probs = distribution(runner.forward("exact", text[:-1], len(run.tokens)), SAMPLED).double().numpy()
    yield from zip(text[len(run.prompt) - 1 :], run.tokens, probs)


@pytest.mark.parametrize("kind", ["none", "model", "mixed", "self", "one-hot"])
def test_pairs_follow_the_exact_probabilities(engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    runs = replies(engine, monkeypatch, kind, 1)
    rates = [run.finished.metrics.acceptance_rate or 0.0 for run in runs]
    assert (0.1 < np.mean(rates) < 0.95) == (kind != "none")
    assert exact_p_value(runs) > 1e-3


@pytest.mark.parametrize(
    ("kind", "bug", "count"),
    [
        ("model", "correct_from_target", REPLIES),
        ("one-hot", "correct_from_target", FEW),
        ("model", "draft_greedily_but_say_softmax", FEW),
    ],
)
def test_pairs_of_a_mutant_do_not_follow_the_exact_probabilities(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, kind: str, bug: str, count: int
) -> None:
    assert exact_p_value(replies(engine, monkeypatch, kind, 1, bug, count)) < 1e-5


# --------------------------------------------------------------------------- against plain decoding


def same_p_value(ours: list[Run], others: list[Run]) -> float:
    """Whether two sets of replies have the same pairs: permutation test, whole replies being what is exchanged."""
    counts = np.zeros((len(ours) + len(others), VOCAB * VOCAB))
    for row, run in zip(counts, [*ours, *others]):
        np.add.at(row, np.array(run.tokens[:-1]) * VOCAB + run.tokens[1:], 1)
    total = counts.sum(0)
    counts, total = counts[:, total >= 10], total[total >= 10]

    part = len(ours) / len(counts)

    def distance(mine: np.ndarray) -> np.ndarray:
        share = mine @ counts  # [permutations, pairs]
        return ((share - total * part) ** 2 / total).sum(-1)

    mine = np.zeros((1, len(counts)))
    mine[0, : len(ours)] = 1
    shuffled = np.random.default_rng(4).permuted(np.repeat(mine, 4999, 0), axis=1)
    return float((1 + (distance(shuffled) >= distance(mine)).sum()) / 5000)


def test_pairs_are_those_of_plain_decoding(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = replies(engine, monkeypatch, "none", 11)
    for kind in ("none", "model", "one-hot"):
        assert same_p_value(replies(engine, monkeypatch, kind, 1), plain) > 0.005
    assert same_p_value(replies(engine, monkeypatch, "one-hot", 1, "correct_from_target", FEW), plain) < 0.001


def test_fresh_runners_of_the_small_model_agree() -> None:
    """What makes a prefill elsewhere an answer key: the same text gives the same rows."""
    a, b = small_runner(), fresh_runner(small_runner(), 3)
    for runner in (a, b):
        runner.open("s", ())
    rows = [torch.cat([a.forward("s", [t], 1) for t in PROMPT]), b.forward("s", PROMPT, len(PROMPT))]
    torch.testing.assert_close(rows[0], rows[1], atol=1e-5, rtol=1e-5)
