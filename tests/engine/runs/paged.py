"""Pools and caches of tiny models, as big as a test says in blocks of all layers."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.make import cache_layout, make_cache
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.config import ModelConfig


def paged(
    decoder: AnyDecoder,
    blocks: int,
    size: int = 16,
    order: Sequence[int] | None = None,
    config: ModelConfig | None = None,
) -> ModelRunner:
    """A runner on the CPU that has room for so many blocks in each group of layers.

    Args:
        order: in which blocks are first handed out.
        config: whose layers the cache holds; the decoder's own unless given.
    """
    config = config or decoder.config
    layout = cache_layout(decoder, blocks * size, config)
    groups = len(layout.windows)
    places = None if order is None else [block + blocks * group for block in order for group in range(groups)]
    pool = BlockPool(blocks * groups, size, places, layout.windows, layout.states)
    cache = make_cache(config, blocks * groups, size, decoder.cache_dtype, torch.device("cpu"), layout)
    return ModelRunner(decoder, pool, cache)
