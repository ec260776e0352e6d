"""Which decoder and which cache a model gets."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.cache.drafting_cache import DraftingCache
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.kernels.packed.library import CORE, shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.make import cache_layout, make_cache, make_decoder, product_decoder, runs_on_device
from helix_app.engine.models.packed.attention import CACHE
from helix_app.modelfiles.config import Experts, Layer, ModelConfig

CPU = torch.device("cpu")
PLAIN = ModelConfig("x", 10, 64, 96, 2, 4, 2, 16, 256)
UNEVEN = ModelConfig("x", 10, 64, 96, 2, 4, 2, 16, 256, layers=(Layer(window=20), Layer(head_dim=32, kv_heads=1)))
ODD = ModelConfig("x", 10, 64, 96, 2, 4, 2, 24, 256, experts=Experts(4, 2, 32))


@pytest.mark.parametrize(("config", "kind"), [(PLAIN, KVCache), (UNEVEN, PlaneCache)])
def test_a_cache_has_planes_where_layers_differ_in_their_heads(
    config: ModelConfig, kind: type[KVCache] | type[PlaneCache]
) -> None:
    decoder = make_decoder(config, dtype=torch.float32, device=CPU, max_positions=64)
    assert isinstance(decoder, Decoder)
    layout = cache_layout(decoder, 64)
    assert layout == layout_of(config, 64)
    assert isinstance(make_cache(config, 4, 16, torch.float32, CPU, layout), kind)
    assert runs_on_device(config) == (kind is KVCache)


@pytest.mark.parametrize("config", [PLAIN, UNEVEN])
def test_a_layer_of_other_heads_that_drafts_lies_beside_the_cache_of_its_target(config: ModelConfig) -> None:
    decoder = make_decoder(config, dtype=torch.float32, device=CPU, max_positions=64)
    both = config.with_layer(Layer(head_dim=8, apart=True))
    cache = make_cache(both, 4, 16, torch.float32, CPU, cache_layout(decoder, 64, both))
    assert isinstance(cache, DraftingCache)
    assert type(cache.target) is type(make_cache(config, 4, 16, torch.float32, CPU, cache_layout(decoder, 64)))
    assert cache.own.keys[0].shape == (2, 64, 8)


@pytest.mark.parametrize(("config", "native"), [(UNEVEN, True), (ODD, False)])
def test_products_come_with_attention_by_the_same_kernels_where_heads_have_one(
    config: ModelConfig, native: bool
) -> None:
    """And then with its cache; given back once."""
    try:
        shared().add((CORE,))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    ended: list[int] = []
    decoder = product_decoder(config, 64, threads=2, on_release=lambda: ended.append(1))
    assert (decoder.format, decoder.dtype) == ("packed", torch.bfloat16)
    assert decoder.cache_dtype == (CACHE if native else torch.bfloat16)
    assert (decoder._packed is not None and decoder._packed.attention is not None) == native
    decoder.release()
    assert ended == [1]
