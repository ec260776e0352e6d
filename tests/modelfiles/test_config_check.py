"""Numbers that make no decoder."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.config import Layer, RopeScaling, Rotary
from helix_app.modelfiles.config_check import check
from tests.modelfiles.test_config import CONFIG


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
    check(CONFIG, "m")
    with pytest.raises(ModelFileError) as caught:
        check(replace(CONFIG, **changes), "m")
    assert caught.value.code == "model_weights_mismatch"
    assert caught.value.fields["what"].startswith(what)
