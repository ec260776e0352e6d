"""A verdict from logits: penalties and grammar come first, row by row, and what the target said stays as it was."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
import torch

from helix_app.base.errors import NumericsError
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.rounds.replies.judgement import Judgement, judge
from helix_app.engine.sampling.coupled import coupled_draw
from helix_app.protocol.requests import SamplingParams

GREEDY = SamplingParams(0.0)


class Masks:
    """A grammar that allows these tokens in each row."""

    def __init__(self, *rows: Sequence[int]) -> None:
        self.asked: list[Sequence[int]] = []
        self._rows = torch.zeros(len(rows), 4, dtype=torch.bool)
        for mask, allowed in zip(self._rows, rows):
            mask[list(allowed)] = True

    def rows(self, draft_ids: Sequence[int]) -> torch.Tensor:
        self.asked.append(draft_ids)
        return self._rows


def never() -> float:
    raise AssertionError("nothing is to be drawn at random")


def judged(
    logits: list[list[float]],
    ids: tuple[int, ...] = (),
    params: SamplingParams = GREEDY,
    tokens: Sequence[int] = (0, 3),
    begin: int = 1,
    seed: int | None = None,
    grammar: Any = None,
) -> Judgement:
    rows = torch.tensor(logits, dtype=torch.float32)
    return judge(rows, Proposal(ids), params, tokens, begin, seed, never, grammar)


def test_greedy_takes_the_likeliest() -> None:
    made = judged([[0, 1, 2, 0], [0, 5, 1, 0]], ids=(2,))
    assert (made.verdict.accepted, made.verdict.next_token, made.verdict.provenance) == (1, 1, "bonus")
    assert made.target_probs.tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]
    assert [[made.prob(row, token) for token in range(4)] for row in range(2)] == made.target_probs.tolist()
    drawn = judged([[5, 0, 0, 1.0]], params=SamplingParams(1.0, 0, 1.0), seed=3)
    assert [drawn.prob(0, token) for token in range(4)] == drawn.target_probs[0].tolist()


def test_penalties_of_a_row_know_the_tokens_drafted_before_it() -> None:
    params = SamplingParams(0.0, frequency_penalty=1.0)
    rows = [[0, 1, 2.0, 0], [0, 1.5, 2.0, 0]]
    made = judged(rows, ids=(2,), params=params)
    assert (made.verdict.accepted, made.verdict.next_token) == (1, 1)  # 2 was drafted, and is worth 1 after that
    assert made.logits.tolist() == rows  # as the target said
    assert judged([[0, 0, 0, 0.5]], params=params).verdict.next_token == 0  # 3 is the reply's already


@pytest.mark.parametrize("penalty", [1e-40, 1e-300])
def test_a_repetition_penalty_is_never_too_small(penalty: float) -> None:
    row = [[1, 9, 0, 2.0]]  # 0 and 3 were there before
    assert judged(row, params=SamplingParams(0.0, repetition_penalty=penalty)).verdict.next_token == 3
    drawn = judged(row, params=SamplingParams(1.0, 0, 1.0, repetition_penalty=penalty), seed=3)
    assert drawn.target_probs.tolist() == [[0, 0, 0, 1]]


def test_a_grammar_rules_out_row_by_row() -> None:
    masks = Masks([2], [0, 3])
    made = judged([[9, 9, 0, 9], [1, 9, 9, 2]], ids=(2,), grammar=masks)
    assert (made.verdict.accepted, made.verdict.next_token) == (1, 3)
    assert masks.asked == [(2,)]
    assert judged([[9, 9, 0, 9], [1, 9, 9, 2]], ids=(1,), grammar=Masks([2], [0, 1, 2, 3])).verdict.accepted == 0


def test_a_coupled_verdict_draws_from_what_the_grammar_leaves() -> None:
    params = SamplingParams(1.0, 0, 1.0)
    for seed in range(20):
        made = judged([[5, 0, 0, 1.0]], params=params, seed=seed, grammar=Masks([1, 3]))
        assert made.verdict.next_token == coupled_draw(made.target_probs[0], seed, 2)
        assert made.verdict.next_token in (1, 3)
    assert (made.target_probs[0] > 0).tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("rows", "grammar"),
    [([[float("nan"), 0, 0, 0]], None), ([[0, float("-inf"), 0, 0]], Masks([1]))],
    ids=["no numbers", "all that is allowed is ruled out"],
)
def test_rows_that_are_no_numbers_are_told(rows: list[list[float]], grammar: Any) -> None:
    with pytest.raises(NumericsError):
        judged(rows, grammar=grammar)
