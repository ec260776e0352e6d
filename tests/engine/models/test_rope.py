"""Rotary positions: the frequencies of transformers for every way to stretch them, angles rounded once, rotation."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from helix_app.engine.models.rope import inverse_frequencies, rope_table, rotate_
from helix_app.modelfiles.config import ModelConfig, RopeScaling
from helix_app.modelfiles.hf_config import config_from_hf
from tests.engine.made.tiny import hf_config
from tests.engine.models.test_residual import some

CONFIG = ModelConfig("llama", 32, 48, 96, 2, 4, 2, 12, 8192)


@pytest.mark.parametrize("name", ["llama-linear", "llama-llama3", "llama-yarn", "llama-yarn-mscale"])
def test_frequencies_are_those_of_transformers(name: str) -> None:
    from transformers.modeling_rope_utils import ROPE_INIT_FUNCTIONS

    theirs = hf_config(name)
    wanted, factor = ROPE_INIT_FUNCTIONS[theirs.rope_parameters["rope_type"]](theirs, torch.device("cpu"))
    freqs, scale = inverse_frequencies(config_from_hf(theirs.to_dict(), name))
    assert torch.allclose(freqs, wanted, rtol=1e-5)
    assert scale == pytest.approx(factor)
    plain, _ = inverse_frequencies(config_from_hf(hf_config("llama").to_dict(), "llama"))
    assert not torch.allclose(freqs, plain)


def test_divisors_of_a_file_are_taken_as_they_are() -> None:
    plain, _ = inverse_frequencies(CONFIG)
    divisors = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
    freqs, factor = inverse_frequencies(replace(CONFIG, rope=RopeScaling(type="llama3", factor=9.0, factors=divisors)))
    assert torch.equal(freqs, plain / torch.tensor(divisors))
    assert factor == 1.0


def test_dynamic_scaling_changes_nothing_within_the_context() -> None:
    dynamic = replace(CONFIG, rope=RopeScaling(type="dynamic", factor=4.0))
    assert torch.equal(inverse_frequencies(dynamic)[0], inverse_frequencies(CONFIG)[0])


@pytest.mark.parametrize("rows", [1, 5])
def test_rotation_is_that_of_pairs_of_numbers(rows: int) -> None:
    x, dim = some(rows, 6, 8), 8
    angles = some(rows, dim // 2, seed=3)
    cos = torch.cat((angles.cos(), angles.cos()), dim=-1).view(rows, 1, 2, dim // 2)
    sin = torch.cat((-angles.sin(), angles.sin()), dim=-1).view(rows, 1, 2, dim // 2)
    got = x.clone()
    rotate_(got, 4, cos, sin)
    turned = torch.complex(x[:, :4, : dim // 2], x[:, :4, dim // 2 :]) * torch.polar(torch.ones(()), angles)[:, None]
    assert torch.allclose(got[:, :4], torch.cat((turned.real, turned.imag), dim=-1), atol=1e-5)
    assert torch.equal(got[:, 4:], x[:, 4:])  # values stay as they are


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_the_angles_are_rounded_once(dtype: torch.dtype) -> None:
    """Programs that differ in one of them give different answers."""
    cos, sin = rope_table(CONFIG, 8192, dtype, torch.device("cpu"))
    freqs, _ = inverse_frequencies(CONFIG)
    for position in (0, 1, 17, 500, 8191):
        for i, freq in enumerate(freqs.tolist()):
            angle = float(torch.tensor(freq) * position)
            wanted = torch.tensor([math.cos(angle), -math.sin(angle), math.sin(angle)], dtype=torch.float64)
            got = torch.stack((cos[position, 0, i], sin[position, 0, i], sin[position, 0, i + 6]))
            assert torch.equal(got, wanted.float().to(dtype))
