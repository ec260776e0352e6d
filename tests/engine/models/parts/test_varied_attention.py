"""Attention in layers of several kinds."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.kernels.attention import Span
from helix_app.engine.models.decoder import Decoder
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of, some_ids


@pytest.mark.parametrize("name", ["gemma4", "gemma4-loopy"])
def test_sizes_and_bytes_are_those_of_its_weights(zoo: Zoo, name: str) -> None:
    decoder = runner_of(zoo.folder(name)).decoder
    assert isinstance(decoder, Decoder)
    for i, layer in enumerate(decoder._layers):
        products = sum(one.rows * one.columns for one in layer.mixer.linears) * decoder.dtype.itemsize
        norms = sum(one.rows for one in layer.mixer.linears[:1]) * decoder.dtype.itemsize
        assert products <= layer.mixer.weight_bytes <= products + 2 * norms
        heads, described = decoder.config.heads(i), decoder.config.layer(i)
        own = 0 if described.shares is not None else 1 if described.keys_as_values else 2
        assert layer.mixer.linears[0].rows == (heads.queries + own * heads.kv) * heads.dim


def test_a_layer_that_shares_writes_nothing(zoo: Zoo) -> None:
    """What it reads is the other's to the bit, and stays that when it runs by itself."""
    runner, ids = runner_of(zoo.folder("gemma4-loopy")), some_ids(40, 2)
    config = runner.decoder.config
    runner.open("s", ())
    runner.forward("s", ids, 1)
    runner.commit("s", ids)
    shared = [i for i in range(config.num_layers) if config.layer(i).shares is not None]
    assert shared
    for i in shared:
        other = config.layer(i).shares
        assert other is not None
        for mine, theirs in zip(runner.read("s", i), runner.read("s", other)):
            assert torch.equal(mine, theirs)
    before = runner.cache.pool.clone()
    path = runner.decoder._path(Span(39, 1, runner._view("s", 1), 1))
    for i in shared:
        path.attend(i, torch.randn(1, config.num_heads, config.heads(i).dim))
    assert torch.equal(runner.cache.pool, before)


def test_values_are_normed_and_may_be_the_keys(zoo: Zoo) -> None:
    """The mean square of each value's numbers is one; keys keep the scale of their norm."""
    for name in ("gemma4", "gemma4-loopy"):
        runner, ids = runner_of(zoo.folder(name)), some_ids(20, 3)
        runner.open("s", ())
        runner.forward("s", ids, 1)
        for i in range(runner.decoder.config.num_layers):
            keys, values = runner.read("s", i)
            assert torch.allclose(values.square().mean(-1), torch.ones(()), atol=1e-2)
            assert not torch.allclose(keys, values)
