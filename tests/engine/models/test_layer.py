"""A layer has the parts that its description names."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.parts.attention import Attention
from helix_app.engine.models.parts.delta_net import DeltaNet
from helix_app.engine.models.parts.experts import ExpertMlps
from helix_app.engine.models.parts.feed_forward import GatedMlp
from helix_app.engine.models.parts.part import Part
from helix_app.engine.models.parts.varied_attention import VariedAttention
from tests.engine.made.tiny import Zoo, loaded, session_of


@pytest.mark.parametrize(
    ("name", "mixers", "feed_forward", "posts"),
    [
        ("llama", {Attention}, GatedMlp, False),
        ("gemma3", {Attention}, GatedMlp, True),
        ("gemma4", {VariedAttention}, GatedMlp, True),
        ("gemma4_moe-loopy", {VariedAttention}, GatedMlp, True),
        ("qwen35", {Attention, DeltaNet}, GatedMlp, False),
        ("qwen3_moe", {Attention}, ExpertMlps, False),
    ],
)
def test_its_parts(name: str, mixers: set[type[Part]], feed_forward: type[Part], posts: bool, tmp_path: Path) -> None:
    decoder = session_of(loaded(Zoo(tmp_path).folder(name))).runner.decoder
    assert isinstance(decoder, Decoder)
    layers = decoder._layers
    assert {type(layer.mixer) for layer in layers} == mixers
    assert all(isinstance(layer.feed_forward, feed_forward) for layer in layers)
    assert all((layer.mixer_post is not None) == (layer.feed_forward_post is not None) == posts for layer in layers)
    assert all((layer.branch is not None) == ("gemma4_moe" in name) for layer in layers)
    assert all(layer.weight_bytes > layer.mixer.weight_bytes + layer.feed_forward.weight_bytes for layer in layers)
