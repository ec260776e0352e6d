"""What Gemma 3 is, in both formats, and what of it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from helix_app.base.errors import ModelFileError
from helix_app.modelfiles.architectures.base import GgufFacts
from helix_app.modelfiles.architectures.gemma.gemma import ARCHITECTURES
from helix_app.modelfiles.config import Rotary
from helix_app.modelfiles.hf_config import config_from_hf

TEXT = {"model_type": "gemma3_text", "num_hidden_layers": 7, "sliding_window": 512, "rope_local_base_freq": 300.0}


def test_every_sixth_layer_sees_all_tokens() -> None:
    config = config_from_hf(TEXT, "")
    assert config.windows == (512, 512, 512, 512, 512, 0, 512)
    assert [layer.rotary for layer in config.layers[4:6]] == [Rotary(300.0), None]
    assert config.rope_theta == 1_000_000.0
    assert (config.norm_offset, config.embedding_scale) == (1.0, 2304**0.5)


def test_a_description_within_one_that_sees() -> None:
    whole = {"model_type": "gemma3", "text_config": {**TEXT, "model_type": "gemma3_text"}, "vision_config": {}}
    assert config_from_hf(whole, "") == config_from_hf(TEXT, "")


@pytest.mark.parametrize(
    "changes",
    [
        {"attn_logit_softcapping": 50.0},
        {"use_bidirectional_attention": True},
        {"rope_parameters": {"sliding_attention": {"rope_type": "yarn"}}},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_it_does_not_do_is_refused_by_name(changes: dict[str, Any]) -> None:
    with pytest.raises(ModelFileError) as caught:
        config_from_hf({**TEXT, **changes}, "")
    assert caught.value.code == "model_feature_unsupported"


@pytest.mark.parametrize(("layers", "scale"), [(48, None), (62, (5376 / 32) ** -0.5)])
def test_a_file_says_nothing_of_the_scale_of_the_largest(layers: int, scale: float | None) -> None:
    values = {"attention.sliding_window": 1024}
    facts = GgufFacts(lambda key, usual=None: values.get(key, usual), frozenset(), layers, 5376, 32, 128)
    fields = ARCHITECTURES[0].from_gguf(facts)
    assert fields["attention_scale"] == scale
    assert sum(not layer.window for layer in fields["layers"]) == layers // 6
