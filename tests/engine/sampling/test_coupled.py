"""Coupled verification: one text for a seed, whatever is drafted, and noise that is good and never changes."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest
import torch

from helix_app.engine.sampling.coupled import coupled_draw, coupled_pick, gumbel_noise, verify_coupled
from helix_app.engine.sampling.filters import distribution
from helix_app.engine.sampling.verification import Verdict
from helix_app.protocol.requests import SamplingParams
from tests.later import Later

stats = Later("scipy.stats")

SEEDS = (0, 1, 2**63 - 1)
ROW = torch.tensor([0.4, 0.05, 0.0, 0.25, 0.2, 0.1], dtype=torch.float64)
DRAWS = 6000


def p_value(picks: Sequence[int], probs: torch.Tensor) -> float:
    """Chi-square of picks against probabilities; an impossible token fails at once."""
    counts = Counter(picks)
    possible = [i for i, p in enumerate(probs.tolist()) if p > 0]
    assert set(counts) <= set(possible)
    return float(
        stats.chisquare([counts[i] for i in possible], [float(probs[i]) * len(picks) for i in possible]).pvalue
    )


# --------------------------------------------------------------------------- the noise

# first, second and last of 49,152 values. A change here changes every reply that was ever given a seed.
GOLDEN = {
    (0, 0): (-0.6807578025137786, 3.5293597414235305, -0.4168699086247647),
    (0, 1): (-0.526909935923932, 0.755333867420983, -0.5308753148937265),
    (0, 4095): (0.041684706970011094, 1.6769119294648875, -0.2148203581467356),
    (1, 0): (1.0051587347812545, 3.552972585557605, 1.0276914801381312),
    (1, 4095): (0.38623121888918466, 1.3422160273184105, 4.303653424338321),
    (2**63 - 1, 0): (0.0807131560151017, 1.9548942921445835, -0.5019538192695647),
    (2**63 - 1, 1): (3.6465802205528464, -1.0209225973256266, -0.7095911844945351),
}


@pytest.mark.parametrize("key", GOLDEN)
def test_the_noise_never_changes(key: tuple[int, int]) -> None:
    noise = gumbel_noise(*key, 49152)
    assert noise.dtype == torch.float64
    assert noise[[0, 1, -1]].tolist() == pytest.approx(GOLDEN[key], rel=1e-13)
    assert bool(torch.isfinite(noise).all())
    assert torch.equal(gumbel_noise(*key, 300), noise[:300])


def test_the_noise_is_splitmix64_as_published() -> None:
    mask, gamma = 2**64 - 1, 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & mask
        z = (z ^ z >> 27) * 0x94D049BB133111EB & mask
        return z ^ z >> 31

    assert mix(1234567 + gamma & mask) == 6457827717110365317  # the generator's first number after this seed
    for seed, position in ((0, 0), (77, 5), (2**63 - 1, 123456)):
        key = mix(mix(seed + gamma & mask) + (position + 1) * gamma & mask)
        bits = np.array([mix(key + (i + 1) * gamma & mask) >> 12 for i in range(50)])
        want = -np.log(-np.log((2 * bits + 1) / 2**53))
        np.testing.assert_allclose(gumbel_noise(seed, position, 50).numpy(), want, rtol=1e-12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_noise_is_gumbel_and_unrelated_to_its_neighbours(seed: int) -> None:
    here = gumbel_noise(seed, 10, 50_000).numpy()
    assert stats.kstest(here, "gumbel_r").pvalue > 1e-3
    others = {"next token": np.roll(here, 1), "half": np.roll(here, 2**14), "position": gumbel_noise(seed, 11, 50_000)}
    others["seed"] = gumbel_noise(seed ^ 1, 10, 50_000)
    others["swapped"] = gumbel_noise(10, seed % 1000, 50_000)
    for name, there in others.items():
        assert stats.spearmanr(here, np.asarray(there)).pvalue > 1e-3, name


def test_no_two_positions_or_seeds_share_their_noise() -> None:
    keys = [(s, p) for s in (*range(100), *SEEDS, 2**32, 2**32 - 1, 2**62) for p in (*range(100), 2**20, 2**31)]
    keys = list(dict.fromkeys(keys))
    assert len({tuple(gumbel_noise(s, p, 2).tolist()) for s, p in keys}) == len(keys)


# --------------------------------------------------------------------------- picks


@pytest.mark.parametrize("seed", SEEDS)
def test_picks_over_positions_follow_the_probabilities(seed: int) -> None:
    assert p_value([coupled_draw(ROW, seed, p) for p in range(DRAWS)], ROW) > 1e-3


@pytest.mark.parametrize("position", [0, 1, 8191])
def test_picks_over_seeds_follow_the_probabilities(position: int) -> None:
    assert p_value([coupled_draw(ROW, s, position) for s in range(DRAWS)], ROW) > 1e-3


@pytest.mark.parametrize("along", ["positions", "seeds"])
@pytest.mark.parametrize("lag", [1, 2, 16])
def test_neighbouring_picks_are_independent(along: str, lag: int) -> None:
    picks = [coupled_draw(ROW, *((7, i) if along == "positions" else (i, 7))) for i in range(DRAWS)]
    table = np.zeros((6, 6))
    np.add.at(table, (picks[:-lag], picks[lag:]), 1)
    table = table[table.sum(1) > 0][:, table.sum(0) > 0]
    assert stats.chi2_contingency(table).pvalue > 1e-3


def test_picks_from_many_tokens_follow_the_probabilities() -> None:
    row = torch.rand(1000, generator=torch.Generator().manual_seed(3), dtype=torch.float64) ** 3
    row /= row.sum()
    groups = torch.arange(1000) % 20
    picks = [int(groups[coupled_draw(row, 5, p)]) for p in range(DRAWS)]
    assert p_value(picks, torch.zeros(20, dtype=torch.float64).index_add_(0, groups, row)) > 1e-3


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_pick_with_all_the_noise_and_a_draw_agree(dtype: torch.dtype) -> None:
    rows = torch.rand(300, 40, generator=torch.Generator().manual_seed(1)).to(dtype)
    rows[rows < 0.5] = 0
    for position, row in enumerate(rows):
        noise = gumbel_noise(9, position, 40)
        best = max(
            (float(row[i].double().log() + noise[i]), -i) for i in range(40) if row[i] > 0
        )  # by hand, lowest id first
        assert coupled_pick(row, noise) == coupled_draw(row, 9, position) == -best[1]


def test_the_scale_of_a_row_does_not_matter() -> None:
    assert all(coupled_draw(ROW, 1, p) == coupled_draw(3.5 * ROW, 1, p) for p in range(200))


def test_the_lowest_id_wins_a_tie() -> None:
    assert coupled_pick(torch.tensor([0.0, 0.3, 0.3, 0.3]), torch.zeros(4, dtype=torch.float64)) == 1
    assert coupled_pick(torch.tensor([0.25, 0.5, 0.25]), torch.tensor([5.0, 0.0, 5.0], dtype=torch.float64)) == 0


def test_a_token_without_probability_is_never_picked() -> None:
    noise = torch.tensor([1e9, 0.0], dtype=torch.float64)
    assert coupled_pick(torch.tensor([0.0, 1e-300], dtype=torch.float64), noise) == 1


@pytest.mark.parametrize("row", [torch.zeros(3), torch.full((3,), float("nan"))])
def test_a_row_without_probability_is_an_error(row: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="probability"):
        coupled_draw(row, 0, 0)
    with pytest.raises(ValueError, match="probability"):
        coupled_pick(row, gumbel_noise(0, 0, 3))
    with pytest.raises(ValueError, match="noise for 2 tokens"):
        coupled_pick(row, gumbel_noise(0, 0, 2))


# --------------------------------------------------------------------------- verdicts


def test_a_verdict_says_where_the_last_token_comes_from() -> None:
    rows = ROW.repeat(4, 1)
    own = [coupled_draw(ROW, 3, 20 + j) for j in range(4)]
    wrong = [(token + 1) % 6 for token in own]
    assert verify_coupled(rows[:1], (), 3, 20) == Verdict(0, own[0], "plain")
    assert verify_coupled(rows, own[:3], 3, 20) == Verdict(3, own[3], "bonus")
    assert verify_coupled(rows, (own[0], wrong[1], own[2]), 3, 20) == Verdict(1, own[1], "corrected")
    assert verify_coupled(rows, (wrong[0], *own[1:3]), 3, 20) == Verdict(0, own[0], "corrected")


def test_temperature_zero_is_greedy() -> None:
    logits = torch.randn(5, 50, generator=torch.Generator().manual_seed(2))
    logits[2, 7] = logits[2, 9] = 9.0  # a tie
    rows = distribution(logits, SamplingParams(temperature=0.0))
    best = logits.argmax(-1).tolist()
    assert best[2] == 7
    for seed in SEEDS:
        assert verify_coupled(rows, best[:4], seed, 12) == Verdict(4, best[4], "bonus")
        assert verify_coupled(rows, (*best[:2], 9), seed, 12) == Verdict(2, 7, "corrected")


def markov(seed: int, vocab: int = 8) -> torch.Tensor:
    """A target: probabilities ``[vocab, vocab]`` of the next token after each."""
    weights = torch.rand(vocab, vocab, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) ** 3
    return weights / weights.sum(-1, keepdim=True)


def written(target: torch.Tensor, draft: torch.Tensor | None, ks: Sequence[int], seed: int) -> tuple[list[int], int]:
    """60 tokens by coupled verification, k taken from ``ks`` in turn, and how many were drafted and accepted."""
    tokens, accepted, rounds = [0], 0, 0
    rng = random.Random(8)
    while len(tokens) < 61:
        k = ks[rounds % len(ks)]
        ids: list[int] = []
        for j in range(k):
            last = (*tokens, *ids)[-1]
            noise = gumbel_noise(seed, len(tokens) + j, len(target))
            ids.append(rng.randrange(len(target)) if draft is None else coupled_pick(draft[last], noise))
        verdict = verify_coupled(target[[tokens[-1], *ids]], ids, seed, len(tokens))
        tokens += [*ids[: verdict.accepted], verdict.next_token]
        accepted, rounds = accepted + verdict.accepted, rounds + 1
    return tokens[:61], accepted


@pytest.mark.parametrize("seed", [*SEEDS, 42])
def test_the_text_is_the_same_for_every_k_and_every_draft(seed: int) -> None:
    target = markov(0)
    plain, _ = written(target, None, (0,), seed)
    drafts = {"itself": target, "similar": 0.8 * target + 0.2 * markov(1), "other": markov(2), "random": None}
    for name, draft in drafts.items():
        for ks in ((1,), (2,), (4,), (8,), (0, 3, 1, 6)):
            text, accepted = written(target, draft, ks, seed)
            assert text == plain, (name, ks)
            assert accepted > 0
            if name == "itself":
                assert accepted >= 60 - 60 // (min(ks) + 1)
    assert written(target, None, (0,), seed ^ 2)[0] != plain


@pytest.mark.parametrize("amount", [0.0, 0.1, 0.4, 1.0])
def test_drafts_with_the_same_noise_agree_as_often_as_is_known(amount: float) -> None:
    vocab, draws = 30, 3000
    target = torch.rand(vocab, generator=torch.Generator().manual_seed(1), dtype=torch.float64) ** 4
    draft = torch.rand(vocab, generator=torch.Generator().manual_seed(2), dtype=torch.float64) ** 4
    target /= target.sum()
    draft = (1 - amount) * target + amount * draft / draft.sum()
    distance = float((target - draft).abs().sum()) / 2
    bound = (1 - distance) / (1 + distance)
    agreed = sum(coupled_draw(target, 4, p) == coupled_draw(draft, 4, p) for p in range(draws)) / draws
    spread = 3 * (bound * (1 - bound) / draws) ** 0.5
    assert bound - spread <= agreed <= 1 - distance + spread  # the best that any coupling can do
    ratio = torch.maximum(target[:, None] / target, draft[:, None] / draft)  # [other, token]
    exact = float((1 / ratio.sum(0)).sum())  # agreement of two Gumbel maxima, token by token
    assert agreed == pytest.approx(exact, abs=4 * (exact * (1 - exact) / draws) ** 0.5 + 1e-9)
