"""Verification is lossless: shown exactly on small vocabularies, and shown to be able to fail.

Targets and drafts here depend on the tokens before, as real ones do. The emitted tokens of a round are completed by
the target itself to K + 1 tokens, so that one distribution over sequences is compared, whatever was accepted.
"""

from __future__ import annotations

import itertools
import math
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest
import torch

from helix_app.engine.sampling.filters import distribution, one_hot, pick
from helix_app.engine.sampling.verification import Verdict, acceptance_probs, residual, verify, verify_greedy
from helix_app.protocol.requests import SamplingParams
from tests.later import Later

stats = Later("scipy.stats")

VOCAB = 3
Context = tuple[int, ...]
Law = dict[Context, float]
VerifyFn = Callable[[torch.Tensor, Sequence[int], "torch.Tensor | None", Sequence[float]], Verdict]


@dataclass
class Language:
    """A target and a draft: a distribution over 3 tokens after each context."""

    target: dict[Context, torch.Tensor]
    draft: dict[Context, torch.Tensor]
    one_hot: bool = False

    def target_law(self, length: int) -> Law:
        return {
            seq: math.prod(float(self.target[seq[:i]][t]) for i, t in enumerate(seq))
            for seq in itertools.product(range(VOCAB), repeat=length)
        }

    def drafts(self, k: int) -> Iterator[tuple[Context, float]]:
        """Every proposal with its probability."""
        for seq in itertools.product(range(VOCAB), repeat=k):
            probability = math.prod(float(self.draft[seq[:i]][t]) for i, t in enumerate(seq))
            if probability > 0:
                yield seq, probability

    def rows(self, ids: Context) -> tuple[torch.Tensor, torch.Tensor | None]:
        """target_probs [k + 1, vocab] and draft_probs [k, vocab] along a proposal."""
        target = torch.stack([self.target[ids[:i]] for i in range(len(ids) + 1)])
        if self.one_hot or not ids:
            return target, None
        return target, torch.stack([self.draft[ids[:i]] for i in range(len(ids))])

    def completed(self, law: Law, length: int) -> Law:
        """The law of the first ``length`` tokens when the target goes on after each emitted sequence."""
        whole: Law = Counter()
        for seq, probability in law.items():
            for rest in itertools.product(range(VOCAB), repeat=length - len(seq)):
                full = seq + rest
                later = math.prod(float(self.target[full[:i]][full[i]]) for i in range(len(seq), length))
                whole[full] += probability * later
        return whole


def contexts(k: int) -> Iterator[Context]:
    for n in range(k + 1):
        yield from itertools.product(range(VOCAB), repeat=n)


def random_language(k: int, seed: int, *, zeros: bool = False, one_hot: bool = False) -> Language:
    """Random distributions in float64; with ``zeros`` some tokens are impossible, as after top-k."""
    generator = torch.Generator().manual_seed(seed)

    def row() -> torch.Tensor:
        weights = torch.rand(VOCAB, generator=generator, dtype=torch.float64) ** 2 + 1e-3
        if zeros:
            weights[int(torch.randint(0, VOCAB, (), generator=generator))] = 0.0
        return weights / weights.sum()

    def choice() -> torch.Tensor:
        return torch.eye(VOCAB, dtype=torch.float64)[int(torch.randint(0, VOCAB, (), generator=generator))]

    target = {c: row() for c in contexts(k)}
    return Language(target, {c: choice() if one_hot else row() for c in contexts(k)}, one_hot)


def quarter_language(k: int, seed: int, *, one_hot: bool = False) -> Language:
    """Distributions in quarters: every threshold of every uniform number is then a multiple of 1/12."""
    generator = random.Random(seed)
    rows = [torch.tensor(r, dtype=torch.float64) / 4 for r in itertools.product(range(5), repeat=3) if sum(r) == 4]
    hot = [torch.eye(VOCAB, dtype=torch.float64)[i] for i in range(VOCAB)]
    target = {c: generator.choice(rows) for c in contexts(k)}
    return Language(target, {c: generator.choice(hot if one_hot else rows) for c in contexts(k)}, one_hot)


def analytic_law(language: Language, k: int) -> tuple[Law, float]:
    """The law of one round, integrated over all uniform numbers, and the expected number of tokens."""
    law: Law = Counter()
    length = 0.0
    for ids, probability in language.drafts(k):
        target, draft = language.rows(ids)
        reached = probability
        for j, accept in enumerate(acceptance_probs(target, ids, draft)):
            left = residual(target[j], ids[j], None if draft is None else draft[j])
            for token in range(VOCAB):
                law[(*ids[:j], token)] += reached * (1 - accept) * float(left[token] / left.sum())
            length += reached * (1 - accept) * (j + 1)
            reached *= accept
        for token in range(VOCAB):
            law[(*ids, token)] += reached * float(target[k][token])
        length += reached * (k + 1)
    return law, length


def grid_law(language: Language, k: int, check: VerifyFn, steps: int = 12) -> tuple[Law, float]:
    """The same by calling ``check`` at the middle of every cell of a grid: exact for a ``quarter_language``."""
    law: Law = Counter()
    length = 0.0
    middles = [(i + 0.5) / steps for i in range(steps)]
    for ids, probability in language.drafts(k):
        target, draft = language.rows(ids)
        for uniforms in itertools.product(middles, repeat=k + 1):
            verdict = check(target, ids, draft, uniforms)
            emitted = (*ids[: verdict.accepted], verdict.next_token)
            law[emitted] += probability / steps ** (k + 1)
            length += len(emitted) * probability / steps ** (k + 1)
    return law, length


def expected_length(language: Language, k: int) -> float:
    """Tokens of a round if every draft is accepted with min(1, p/q)."""
    total = 0.0
    for ids, probability in language.drafts(k):
        reached = probability
        total += reached
        for j, token in enumerate(ids):
            q = 1.0 if language.one_hot else float(language.draft[ids[:j]][token])
            reached *= min(1.0, float(language.target[ids[:j]][token]) / q)
            total += reached
    return total


def difference(a: Law, b: Law) -> float:
    """Total variation distance."""
    return sum(abs(a.get(seq, 0.0) - b.get(seq, 0.0)) for seq in set(a) | set(b)) / 2


# --------------------------------------------------------------------------- proofs


@pytest.mark.parametrize("k", [0, 1, 2, 3])
@pytest.mark.parametrize("kind", ["sampled", "sampled with zeros", "one-hot", "one-hot with zeros"])
@pytest.mark.parametrize("seed", range(3))
def test_a_round_emits_what_the_target_would(k: int, kind: str, seed: int) -> None:
    language = random_language(k, seed, zeros="zeros" in kind, one_hot="one-hot" in kind)
    law, length = analytic_law(language, k)
    assert sum(law.values()) == pytest.approx(1, abs=1e-12)
    assert difference(language.completed(law, k + 1), language.target_law(k + 1)) < 1e-12
    assert length == pytest.approx(expected_length(language, k), abs=1e-12)


def lossless(check: VerifyFn, k: int, seed: int, *, one_hot: bool) -> bool:
    """Whether ``check`` passes the exact test: the right law, and no token fewer than it may emit."""
    language = quarter_language(k, seed, one_hot=one_hot)
    law, length = grid_law(language, k, check)
    exact = difference(language.completed(law, k + 1), language.target_law(k + 1)) < 1e-12
    return exact and abs(length - expected_length(language, k)) < 1e-12


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize(("k", "seed"), [(0, 0), (1, 0), (1, 1), (1, 2), (1, 3), (2, 0), (2, 1)])
def test_verify_itself_is_lossless(k: int, seed: int, one_hot: bool) -> None:
    assert lossless(verify, k, seed, one_hot=one_hot)


# --------------------------------------------------------------------------- what the proofs would catch


def accept_all(target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]) -> Verdict:
    return Verdict(len(ids), pick(target[len(ids)], u[-1]), "bonus")


def correct_from_target(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    verdict = verify(target, ids, draft, u)
    if verdict.accepted < len(ids):
        return Verdict(verdict.accepted, pick(target[verdict.accepted], u[-1]), "corrected")
    return verdict


def correct_from_difference_of_wrong_sign(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    verdict = verify(target, ids, draft, u)
    j = verdict.accepted
    if j < len(ids) and draft is not None:
        return Verdict(j, pick((draft[j] - target[j]).clamp_min(0), u[-1]), "corrected")
    return Verdict(0, ids[0], "corrected") if j < len(ids) else verdict


def no_bonus(target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]) -> Verdict:
    verdict = verify(target, ids, draft, u)
    return Verdict(len(ids) - 1, ids[-1], "accepted") if verdict.accepted == len(ids) else verdict


def bonus_from_the_row_before(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    verdict = verify(target, ids, draft, u)
    return Verdict(len(ids), pick(target[-2], u[-1]), "bonus") if verdict.accepted == len(ids) else verdict


def one_number_for_all(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    return verify(target, ids, draft, [u[0]] * len(u))


def accept_against_one(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    """Accepts a sampled draft as if it were one-hot: with p instead of p/q."""
    return verify(target, ids, None, u)


def emit_the_rejected(
    target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]
) -> Verdict:
    verdict = verify(target, ids, draft, u)
    return Verdict(verdict.accepted, ids[verdict.accepted], "corrected") if verdict.accepted < len(ids) else verdict


def stop_after_one(target: torch.Tensor, ids: Sequence[int], draft: torch.Tensor | None, u: Sequence[float]) -> Verdict:
    """Lossless, but wasteful: only the first draft is ever accepted."""
    verdict = verify(target, ids, draft, u)
    return Verdict(0, (*ids, verdict.next_token)[0], "corrected") if verdict.accepted else verdict


MUTANTS = [
    accept_all,
    correct_from_target,
    correct_from_difference_of_wrong_sign,
    no_bonus,
    bonus_from_the_row_before,
    one_number_for_all,
    emit_the_rejected,
    stop_after_one,
]


@pytest.mark.parametrize("one_hot", [False, True])
@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_proof_fails_for_a_wrong_verification(mutant: VerifyFn, one_hot: bool) -> None:
    assert not all(lossless(mutant, 1, seed, one_hot=one_hot) for seed in range(4))


def test_the_proof_fails_when_a_sampled_draft_counts_as_one_hot() -> None:
    assert not all(lossless(accept_against_one, 1, seed, one_hot=False) for seed in range(4))


@pytest.mark.parametrize("wrong", ["raw q", "greedy draft with softmax q", "improbable drafts dropped"])
def test_the_proof_fails_when_the_draft_is_not_what_it_says(wrong: str) -> None:
    """verify() is right, but told of another distribution than the one that was drawn from."""
    k, language = 2, random_language(2, 7)
    honest, _ = analytic_law(language, k)
    assert difference(language.completed(honest, k + 1), language.target_law(k + 1)) < 1e-12
    told = dict(language.draft)
    for context, row in language.draft.items():
        if wrong == "raw q":  # drawn after top-k 2, told before it
            language.draft[context] = distribution(row.log()[None], SamplingParams(1.0, 2, 1.0))[0]
        elif wrong == "greedy draft with softmax q":
            language.draft[context] = distribution(row.log()[None], SamplingParams(0.0))[0]
        else:  # drawn, and drawn again if improbable
            kept = torch.where(row < 0.3, torch.zeros_like(row), row)
            language.draft[context] = kept / kept.sum()
    law: Law = Counter()
    for ids, probability in language.drafts(k):
        target, _ = language.rows(ids)
        rows = torch.stack([told[ids[:i]] for i in range(k)])
        reached = probability
        for j, accept in enumerate(acceptance_probs(target, ids, rows)):
            left = residual(target[j], ids[j], rows[j])
            for token in range(VOCAB):
                law[(*ids[:j], token)] += reached * (1 - accept) * float(left[token] / left.sum())
            reached *= accept
        for token in range(VOCAB):
            law[(*ids, token)] += reached * float(target[k][token])
    assert difference(language.completed(law, k + 1), language.target_law(k + 1)) > 0.01


# --------------------------------------------------------------------------- by drawing


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("one_hot", [False, True])
def test_draws_follow_the_target(one_hot: bool, dtype: torch.dtype) -> None:
    assert draws_p_value(verify, one_hot, dtype) > 1e-3


@pytest.mark.parametrize("mutant", [accept_all, correct_from_target, bonus_from_the_row_before])
def test_draws_of_a_wrong_verification_do_not(mutant: VerifyFn) -> None:
    assert draws_p_value(mutant, False, torch.float32) < 1e-6


def draws_p_value(check: VerifyFn, one_hot: bool, dtype: torch.dtype) -> float:
    """Chi-square of 4,000 rounds of two drafted tokens against the target's law of three tokens."""
    k, language, rng = 2, random_language(2, 11, one_hot=one_hot), random.Random(5)
    count: Counter[Context] = Counter()
    for _ in range(4000):
        ids: Context = ()
        for _ in range(k):
            ids = (*ids, pick(language.draft[ids], rng.random()))
        target, draft = language.rows(ids)
        uniforms = [rng.random() for _ in range(k + 1)]
        verdict = check(target.to(dtype), ids, None if draft is None else draft.to(dtype), uniforms)
        seq = (*ids[: verdict.accepted], verdict.next_token)
        while len(seq) < k + 1:
            seq = (*seq, pick(language.target[seq], rng.random()))
        count[seq] += 1
    law = language.target_law(k + 1)
    return float(stats.chisquare([count[s] for s in law], [4000 * p for p in law.values()]).pvalue)


# --------------------------------------------------------------------------- edges


def test_provenance_says_where_the_last_token_comes_from() -> None:
    target = torch.tensor([[0.5, 0.5, 0.0], [0.0, 1.0, 0.0]])
    assert verify(target[:1], (), None, [0.9]) == Verdict(0, 1, "plain")
    assert verify(target, (0,), None, [0.4, 0.5]) == Verdict(1, 1, "bonus")
    assert verify(target, (0,), None, [0.6, 0.5]) == Verdict(0, 1, "corrected")


def test_equal_distributions_accept_everything() -> None:
    rows = torch.rand(5, 40, generator=torch.Generator().manual_seed(0))
    rows /= rows.sum(-1, keepdim=True)
    ids = [3, 0, 39, 12]
    almost_one = math.nextafter(1.0, 0.0)
    assert verify(rows, ids, rows[:4], [almost_one] * 5).accepted == 4


def test_a_certain_draft_is_never_rejected_and_an_impossible_one_always() -> None:
    target = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    for uniform in (0.0, 0.5, math.nextafter(1.0, 0.0)):
        assert verify(target, (1,), None, [uniform, uniform]) == Verdict(1, 2, "bonus")
        assert verify(target, (0,), None, [uniform, uniform]) == Verdict(0, 1, "corrected")


def test_a_rejected_token_is_not_emitted_again() -> None:
    target = torch.tensor([[0.7, 0.2, 0.1], [1.0, 0.0, 0.0]])
    draft = torch.tensor([[0.9, 0.05, 0.05]])
    for i in range(20):
        for rows in (None, draft):
            assert verify(target, (0,), rows, [0.99, i / 20]).next_token != 0


@pytest.mark.parametrize("k", [0, 1, 4])
def test_greedy_verification_is_verification_of_certain_tokens(k: int) -> None:
    order = random.Random(k)
    verdicts = set()
    for _ in range(200):
        likeliest = [order.randrange(3) for _ in range(k + 1)]
        ids = [order.randrange(3) if order.random() < 0.5 else token for token in likeliest[:k]]
        target = one_hot(torch.tensor(likeliest), torch.zeros(k + 1, 3))
        draft = one_hot(torch.tensor(ids, dtype=torch.int64), torch.zeros(k, 3)) if order.random() < 0.5 else None
        uniforms = [order.random() for _ in range(k + 1)]
        verdict = verify_greedy(likeliest, ids)
        assert verdict == verify(target, ids, draft, uniforms)
        verdicts.add(verdict)
    assert len({verdict.accepted for verdict in verdicts}) == k + 1
