"""Penalties and bias, against their definitions token by token."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, strategies as st

from helix_app.base.errors import InputError
from helix_app.engine.sampling.penalties import adjusted, adjusts, check_bias
from helix_app.protocol.requests import SamplingParams

VOCAB = 7
TOKENS = st.lists(st.integers(0, VOCAB - 1), max_size=6)
AMOUNTS = st.floats(-2, 2, allow_nan=False).map(lambda x: round(x, 3))


@given(
    prompt=TOKENS.filter(bool),
    said=TOKENS,
    draft=TOKENS,
    amounts=st.tuples(AMOUNTS, AMOUNTS),
    bias=st.lists(st.tuples(st.integers(0, VOCAB - 1), AMOUNTS), max_size=3),
    penalty=st.sampled_from([1.0, 1.3]),
    seed=st.integers(0, 99),
)
def test_each_row_is_what_the_definitions_say(
    prompt: list[int],
    said: list[int],
    draft: list[int],
    amounts: tuple[float, float],
    bias: list[tuple[int, float]],
    penalty: float,
    seed: int,
) -> None:
    presence, frequency = amounts
    params = SamplingParams(
        repetition_penalty=penalty,
        presence_penalty=presence,
        frequency_penalty=frequency,
        logit_bias=tuple(bias),
    )
    logits = torch.randn(len(draft) + 1, VOCAB, generator=torch.Generator().manual_seed(seed))
    got = adjusted(logits, params, [*prompt, *said], len(prompt), draft)
    for j in range(len(draft) + 1):
        reply = [*said, *draft[:j]]
        for token in range(VOCAB):
            value = float(logits[j, token])
            if token in prompt or token in reply:
                value = value / penalty if value > 0 else value * penalty
            value -= frequency * reply.count(token) + presence * (token in reply)
            value += sum(amount for biased, amount in bias if biased == token)
            assert float(got[j, token]) == pytest.approx(value, abs=1e-5)


def test_the_neutral_values_change_nothing() -> None:
    assert not adjusts(SamplingParams())
    logits = torch.randn(2, VOCAB)
    assert adjusted(logits, SamplingParams(), [1, 2], 1, [3]) is logits
    for changed in (
        SamplingParams(repetition_penalty=1.1),
        SamplingParams(presence_penalty=0.1),
        SamplingParams(frequency_penalty=-0.1),
        SamplingParams(logit_bias=((1, 0.5),)),
    ):
        assert adjusts(changed)


def test_the_prompt_counts_for_the_repetition_penalty_alone() -> None:
    logits = torch.ones(1, VOCAB)
    got = adjusted(logits, SamplingParams(presence_penalty=1.0, frequency_penalty=1.0), [1, 1, 2], 2)
    assert got.tolist() == [[1.0, 1.0, -1.0, 1.0, 1.0, 1.0, 1.0]]


def test_a_bias_on_a_token_that_the_model_lacks_is_refused_and_a_narrower_draft_leaves_it_out() -> None:
    params = SamplingParams(logit_bias=((2, 1.0), (VOCAB, 1.0)))
    check_bias(params, VOCAB + 1)
    with pytest.raises(InputError) as caught:
        check_bias(params, VOCAB)
    assert (caught.value.code, caught.value.fields["option"]) == ("option_invalid", "logit-bias")
    assert caught.value.fields["value"] == str(VOCAB)
    assert adjusted(torch.zeros(1, VOCAB), params, [1], 1).tolist() == [[0, 0, 1.0, 0, 0, 0, 0]]
