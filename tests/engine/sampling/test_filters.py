"""Sampling against a plain numpy version of the definitions, and against transformers' own processors."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st

from helix_app.base.errors import InputError, NumericsError
from helix_app.engine.sampling.filters import (
    check_logits,
    check_params,
    checked_likeliest,
    distribution,
    likeliest,
    penalise,
    pick,
)
from helix_app.protocol.requests import SamplingParams

NEUTRAL = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "min_p": 0.0}


def params(**changes: float) -> SamplingParams:
    return SamplingParams(**{**NEUTRAL, **changes})  # type: ignore[arg-type]


def plain_distribution(row: list[float], p: SamplingParams) -> list[float]:
    """The definitions, token by token. ``row`` has no two equal logits."""
    if p.temperature == 0:
        return [float(i == row.index(max(row))) for i in range(len(row))]
    order = sorted(range(len(row)), key=lambda i: -row[i])
    kept = order[: p.top_k] if p.top_k else order
    top = max(row)
    weights = {i: math.exp((row[i] - top) / p.temperature) for i in kept}
    total = math.fsum(weights.values())
    nucleus, mass = [], 0.0
    for i in kept:
        if mass >= p.top_p and p.top_p < 1:
            break
        nucleus.append(i)
        mass += weights[i] / total
    floor = p.min_p * max(weights[i] for i in nucleus)
    final = [i for i in nucleus if weights[i] >= floor]
    total = math.fsum(weights[i] for i in final)
    return [weights[i] / total if i in final else 0.0 for i in range(len(row))]


def on_an_edge(row: list[float], p: SamplingParams) -> bool:
    """Whether rounding alone may decide which tokens stay."""
    top = max(row)
    order = sorted(row, reverse=True)[: p.top_k or None]
    weights = np.exp((np.array(order) - top) / max(p.temperature, 1e-9))
    if len(np.unique(weights)) < len(weights):  # as good as equal: which of them comes first is anybody's choice
        return True
    mass = np.cumsum(weights) / weights.sum()
    return bool((abs(mass - p.top_p) < 1e-9).any() or (abs(weights - p.min_p) < 1e-9).any())


logit_rows = st.lists(st.floats(-30, 30), min_size=1, max_size=12, unique=True)


@given(
    row=logit_rows,
    temperature=st.sampled_from([0.0, 0.3, 1.0, 2.5]),
    top_k=st.integers(0, 14),
    top_p=st.floats(0.01, 1.0),
    min_p=st.one_of(st.just(0.0), st.floats(0.0, 1.0)),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_filters_are_the_definitions(
    row: list[float], temperature: float, top_k: int, top_p: float, min_p: float
) -> None:
    p = params(temperature=temperature, top_k=top_k, top_p=top_p, min_p=min_p)
    if on_an_edge(row, p):
        return
    got = distribution(torch.tensor([row], dtype=torch.float64), p)[0]
    assert got.dtype == torch.float64
    np.testing.assert_allclose(got.numpy(), plain_distribution(row, p), atol=1e-12)


@pytest.mark.parametrize(
    "changes",
    [
        {"temperature": 0.6},
        {"top_k": 7},
        {"top_p": 0.8},
        {"min_p": 0.1},
        {"temperature": 1.7, "top_k": 40, "top_p": 0.9, "min_p": 0.02},
    ],
)
def test_filters_are_those_of_transformers(changes: dict[str, float]) -> None:
    from transformers.generation import logits_process as theirs

    p = params(**changes)
    logits = torch.randn(20, 60, generator=torch.Generator().manual_seed(1)).double() * 3
    warpers = [theirs.TemperatureLogitsWarper(float(p.temperature))]
    if p.top_k:
        warpers.append(theirs.TopKLogitsWarper(p.top_k))
    if p.top_p < 1:
        warpers.append(theirs.TopPLogitsWarper(p.top_p))
    if p.min_p:
        warpers.append(theirs.MinPLogitsWarper(p.min_p))
    scores = logits
    for warper in warpers:
        scores = warper(None, scores)
    torch.testing.assert_close(distribution(logits, p), scores.softmax(-1), atol=1e-12, rtol=0)


def test_rows_are_independent_and_keep_their_dtype() -> None:
    logits = torch.randn(5, 30, generator=torch.Generator().manual_seed(2)) * 4
    p = params(temperature=0.8, top_k=9, top_p=0.9, min_p=0.01)
    together = distribution(logits, p)
    assert together.dtype == torch.float32
    for row, alone in zip(together, logits):
        torch.testing.assert_close(row, distribution(alone[None], p)[0])
    torch.testing.assert_close(together.sum(-1), torch.ones(5))


def test_greedy_is_the_likeliest_token_and_the_lowest_id_among_equals() -> None:
    logits = torch.tensor([[1.0, 3.0, 3.0, -1.0], [-5.0, -7.0, -6.0, -5.0]])
    assert distribution(logits, params(temperature=0.0)).tolist() == [[0, 1, 0, 0], [1, 0, 0, 0]]


@pytest.mark.parametrize("temperature", [1e-3, 1e-20, 1e-38, 1e-45, 1e-300])
@pytest.mark.parametrize("top_k", [0, 2])
def test_the_smallest_temperatures_are_greedy(temperature: float, top_k: int) -> None:
    logits = torch.tensor([[1.0, 2.0, 30.0, -math.inf], [-80.0, -60.0, -70.0, -math.inf]])
    got = distribution(logits, params(temperature=temperature, top_k=top_k))
    assert got.tolist() == [[0, 0, 1, 0], [0, 1, 0, 0]]


def test_large_logits_do_not_overflow() -> None:
    got = distribution(torch.tensor([[3e38, -3e38, 2e38]]), params())
    assert got.tolist() == [[1, 0, 0]]


def test_impossible_tokens_stay_impossible() -> None:
    logits = torch.tensor([[0.0, -math.inf, 1.0, -math.inf]])
    for changes in ({}, {"top_k": 3}, {"top_p": 0.99}, {"min_p": 0.1}, {"temperature": 50.0}):
        got = distribution(logits, params(**changes))[0]
        assert got[1] == got[3] == 0
        assert float(got.sum()) == pytest.approx(1)


@pytest.mark.parametrize("top_p", [1e-9, 0.1])
def test_the_likeliest_token_always_stays(top_p: float) -> None:
    logits = torch.tensor([[0.3, 0.5, 0.1, 0.4]])
    assert distribution(logits, params(top_p=top_p)).tolist() == [[0, 1, 0, 0]]
    assert distribution(logits, params(min_p=1.0)).tolist() == [[0, 1, 0, 0]]


# --------------------------------------------------------------------------- penalty


def plain_penalty(rows: list[list[float]], penalty: float, seen: set[int], drafts: list[int]) -> list[list[float]]:
    out = []
    for j, row in enumerate(rows):
        known = seen | set(drafts[:j])
        out.append([(x / penalty if x > 0 else x * penalty) if i in known else x for i, x in enumerate(row)])
    return out


@given(
    rows=st.integers(1, 5),
    penalty=st.sampled_from([0.5, 1.0, 1.1, 3.0]),
    seen=st.sets(st.integers(0, 7)),
    drafts=st.lists(st.integers(0, 7), min_size=4, max_size=4),
)
@settings(max_examples=100, deadline=None, derandomize=True)
def test_each_row_is_punished_for_the_drafts_before_it(
    rows: int, penalty: float, seen: set[int], drafts: list[int]
) -> None:
    logits = torch.randn(rows, 8, generator=torch.Generator().manual_seed(3)).double()
    before = logits.clone()
    got = penalise(logits, penalty, torch.tensor(sorted(seen), dtype=torch.int64), drafts[: rows - 1])
    np.testing.assert_allclose(got.numpy(), plain_penalty(logits.tolist(), penalty, seen, drafts), rtol=1e-12)
    assert torch.equal(logits, before)


def test_the_penalty_is_that_of_transformers() -> None:
    from transformers.generation.logits_process import RepetitionPenaltyLogitsProcessor

    logits = torch.randn(1, 50, generator=torch.Generator().manual_seed(4))
    ids = torch.tensor([[3, 7, 7, 30, 49]])
    theirs = RepetitionPenaltyLogitsProcessor(1.3)(ids, logits.clone())
    torch.testing.assert_close(penalise(logits, 1.3, ids.unique(), ()), theirs)


# --------------------------------------------------------------------------- one draw

LAST = math.nextafter(1.0, 0.0)


@given(
    weights=st.lists(st.sampled_from([0.0, 0.0, 1e-30, 1e-7, 0.1, 1.0, 3.0]), min_size=1, max_size=9),
    uniform=st.one_of(st.sampled_from([0.0, LAST, 1 - 2**-24]), st.floats(0, LAST)),
    single=st.booleans(),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_a_weight_of_zero_is_never_picked(weights: list[float], uniform: float, single: bool) -> None:
    if not any(weights):
        return
    chosen = pick(torch.tensor(weights, dtype=torch.float32 if single else torch.float64), uniform)
    assert weights[chosen] > 0


def test_the_edges_pick_the_first_and_the_last_possible_token() -> None:
    weights = torch.tensor([0.0, 2.0, 0.0, 1.0, 0.0])
    assert pick(weights, 0.0) == 1
    assert pick(weights, LAST) == 3


def test_picks_follow_the_weights() -> None:
    weights = torch.tensor([1.0, 0.0, 3.0, 4.0], dtype=torch.float64)
    picks = [pick(weights, (i + 0.5) / 800) for i in range(800)]
    assert np.bincount(picks).tolist() == [100, 0, 300, 400]


def test_a_large_vocabulary_keeps_its_tail_and_its_head() -> None:
    weights = torch.full((50_000,), 1e-9)
    weights[0] = weights[-1] = 0.5
    assert pick(weights, 0.0) == 0
    assert pick(weights, LAST) == 49_999


# --------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    "row",
    [[1.0, math.nan], [math.nan, math.nan], [1.0, math.inf], [-math.inf, -math.inf]],
)
def test_logits_that_are_no_numbers_are_an_error(row: list[float]) -> None:
    with pytest.raises(NumericsError):
        check_logits(torch.tensor([[0.0, 1.0], row]))


def test_logits_with_impossible_tokens_are_fine() -> None:
    check_logits(torch.tensor([[0.0, -math.inf], [-math.inf, 3.0]]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("temperature", -0.1),
        ("temperature", math.nan),
        ("temperature", math.inf),
        ("top_k", -1),
        ("top_p", 0.0),
        ("top_p", 1.01),
        ("top_p", math.nan),
        ("min_p", -0.1),
        ("min_p", 1.1),
        ("repetition_penalty", 0.0),
        ("repetition_penalty", math.inf),
        ("presence_penalty", 2.01),
        ("presence_penalty", math.nan),
        ("frequency_penalty", -2.01),
        ("frequency_penalty", True),
        ("logit_bias", {5: 1.0}),
        ("logit_bias", ((-1, 1.0),)),
        ("logit_bias", ((1, 100.5),)),
        ("logit_bias", ((1, math.nan),)),
        ("logit_bias", ((1.0, 1.0),)),
        ("logit_bias", ((1,),)),
        ("seed", -1),
        ("seed", 2**63),
    ],
)
def test_values_out_of_range_are_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InputError) as caught:
        check_params(SamplingParams(**{name: value}))  # type: ignore[arg-type]
    assert caught.value.code == "option_invalid"
    assert caught.value.fields["option"] == name.replace("_", "-")
    assert caught.value.fields["value"] == str(value)


def test_the_edges_of_each_range_are_allowed() -> None:
    check_params(SamplingParams(0.0, 0, 1.0, 0.0, 1.0, 0))
    check_params(SamplingParams(presence_penalty=-2, frequency_penalty=2, logit_bias=((0, -100), (5, 100.0))))
    check_params(SamplingParams(100.0, 10**6, 1e-6, 1.0, 100.0, 2**63 - 1))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_the_likeliest_token_is_the_first_among_equals_in_every_format(dtype: torch.dtype) -> None:
    rows = torch.tensor([[0, 3, 3, 1], [7, 0, 7, 7], [float("-inf"), -2, float("-inf"), -2]], dtype=dtype)
    assert likeliest(rows).tolist() == [1, 0, 1]
    assert checked_likeliest(rows) == [1, 0, 1]
    for look in (check_logits, checked_likeliest):
        look(rows)
        for wrong in (float("nan"), float("inf")):
            with pytest.raises(NumericsError):
                look(torch.cat([rows, torch.tensor([[0, 1, wrong, 2]], dtype=dtype)]))
        with pytest.raises(NumericsError):
            look(torch.full((1, 3), float("-inf"), dtype=dtype))
