"""What a config says of its layers, and numbers that make no decoder."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import Layer, ModelConfig, RopeScaling, Rotary

CONFIG = ModelConfig("llama", 300, 64, 96, 2, 4, 2, 16, 2048)
LOCAL = Rotary(500.0)


def test_layers_are_plain_unless_described() -> None:
    assert CONFIG.layer(1) == Layer()
    assert CONFIG.rotary(1) == Rotary(CONFIG.rope_theta, CONFIG.rope)
    assert (CONFIG.rotaries, CONFIG.windows) == ((Rotary(10_000.0),), ())
    assert CONFIG.score_scale == 0.25


def test_layers_are_what_is_described() -> None:
    layers = (Layer(window=8, rotary=LOCAL), Layer(turned=False), Layer(), Layer(window=8, rotary=LOCAL))
    made = replace(CONFIG, num_layers=4, layers=layers, attention_scale=0.5)
    made.check("m")
    assert [made.rotary(i) for i in range(4)] == [LOCAL, None, Rotary(10_000.0), LOCAL]
    assert made.rotaries == (LOCAL, Rotary(10_000.0))
    assert made.windows == (8, 0, 0, 8)
    assert made.score_scale == 0.5


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"num_layers": 0}, "num_layers is 0"),
        ({"vocab_size": 2**31}, "vocab_size is"),
        ({"num_kv_heads": 3}, "4 heads over 3 key/value heads"),
        ({"head_dim": 15}, "odd head size 15"),
        ({"rope_theta": 1.0}, "rope_theta out of range"),
        ({"norm_eps": 0.0}, "rms_norm_eps out of range"),
        ({"norm_eps": math.nan}, "rms_norm_eps out of range"),
        ({"rope": RopeScaling(factor=math.inf)}, "the rotary factor out of range"),
        ({"rope": RopeScaling(factors=(1.0,) * 7)}, "7 rotary divisors for a head size of 16"),
        ({"layers": (Layer(),)}, "1 descriptions of 2 layers"),
        ({"layers": (Layer(), Layer(window=-1))}, "the attention window out of range"),
        ({"layers": (Layer(), Layer(rotary=Rotary(1.0)))}, "rope_theta out of range"),
        ({"attention_scale": 0.0}, "the attention scale out of range"),
        ({"embedding_scale": math.inf}, "the embedding scale out of range"),
        ({"residual_scale": -1.0}, "the residual scale out of range"),
        ({"logit_scale": 0.0}, "the logit scale out of range"),
        ({"logit_softcap": -2.0}, "the logit softcap out of range"),
    ],
)
def test_numbers_that_make_no_decoder_are_named(changes: dict[str, Any], what: str) -> None:
    CONFIG.check("m")
    with pytest.raises(ModelFileError) as caught:
        replace(CONFIG, **changes).check("m")
    assert caught.value.code == "model_weights_mismatch"
    assert caught.value.fields["what"].startswith(what)
