"""What a config says of its layers."""

from __future__ import annotations

from dataclasses import replace

from helix_app.modelfiles.config import Layer, ModelConfig, Rotary
from helix_app.modelfiles.config_check import check

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
    check(made, "m")
    assert [made.rotary(i) for i in range(4)] == [LOCAL, None, Rotary(10_000.0), LOCAL]
    assert made.rotaries == (LOCAL, Rotary(10_000.0))
    assert made.windows == (8, 0, 0, 8)
    assert made.score_scale == 0.5
