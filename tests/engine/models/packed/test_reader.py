"""Weights as the packed decoder takes them."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.packed.reader import LayerReader
from helix_app.engine.models.packed.recurrent import padded_heads
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo

NAME = "qwen35-blocks-loopy"


def test_layers_hold_what_they_have_and_nothing_else(zoo: Zoo) -> None:
    files = inspect(zoo.gguf(NAME, quant="Q8_0"))
    sizes, hidden = files.config.recurrent, files.config.hidden_size
    assert sizes is not None
    with open_weights(files) as source:
        reader = LayerReader(source, files.config)
        recurrent, attention = reader.layer(0), reader.layer(1)
        rates = source.get("delta_rate", layer=0).numpy()
    own = recurrent.recurrent
    assert own is not None
    assert (recurrent.qkv, recurrent.gates, recurrent.qk_norms, attention.recurrent) == ((), (), None, None)
    heads, padded = sizes.value_heads, padded_heads(sizes)
    assert (heads, padded, own.gates.shape) == (6, 8, (2 * padded, hidden))
    assert np.array_equal(own.gates[padded : padded + heads], rates)
    assert not own.gates[heads:padded].any()
    assert own.taps.shape == (sizes.kernel, sizes.channels)
    assert [one.rows for one in attention.qkv] == [32] * 4 + [64, 64]  # queries head by head, keys, values
    assert [one.rows for one in attention.gates] == [32] * 4
    assert [one.rows for one in recurrent.matrices[:2]] == [sizes.channels, sizes.inner]


def test_a_matrix_that_is_not_packed_is_refused(zoo: Zoo) -> None:
    files = inspect(zoo.gguf(NAME))
    with open_weights(files) as source:
        for layer in (0, 1):
            with pytest.raises(ModelFileError):
                LayerReader(source, files.config).layer(layer)
