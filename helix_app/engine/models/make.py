"""The decoder and the cache that suit a device."""

from __future__ import annotations

from collections.abc import Callable

import torch

from helix_app.engine.cache.base import Cache
from helix_app.engine.cache.drafting_cache import DraftingCache, own_cache
from helix_app.engine.cache.joined_cache import JoinedCache
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import Layout, layout_of, whole
from helix_app.engine.cache.plane_cache import PlaneCache
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.on_device.layers import KIND, DeviceDecoder
from helix_app.engine.models.packed.attention import CACHE, PackedAttention, attends
from helix_app.engine.models.packed.decoder import pool_of
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.modelfiles.config import ModelConfig


def runs_on_device(config: ModelConfig) -> bool:
    """Whether the decoder for DirectML has all that a model does."""
    special = config.gated_attention or config.partial_rotary or config.recurrent is not None
    return config.is_even and not special


def make_decoder(
    config: ModelConfig,
    *,
    dtype: torch.dtype,
    device: torch.device,
    max_positions: int,
    bits: int = 0,
    packed: bool = False,
) -> AnyDecoder:
    """The decoder that suits a device; only one of them rounds weights to ``bits``, and one of cards keeps a file's
    own blocks (``packed``)."""
    if packed:
        from helix_app.engine.models.card_decoder import CardDecoder  # imports Triton

        return CardDecoder(config, dtype=dtype, device=device, max_positions=max_positions)
    if device.type == KIND:
        return DeviceDecoder(config, dtype=dtype, device=device, max_positions=max_positions)
    return Decoder(config, dtype=dtype, device=device, max_positions=max_positions, bits=bits)


def product_decoder(
    config: ModelConfig, max_positions: int, threads: int = 0, on_release: Callable[[], None] | None = None
) -> Decoder:
    """The dense decoder on a packed file's own blocks, a program a product (``packed/decoder.by_products``); in 16
    bits, in which dense matrices beside packed ones compute rows alike.

    Args:
        threads: of the pool; as many as PyTorch would take unless given.
        on_release: called once, when it is of no use any more.
    """
    library = shared()
    pool = pool_of(library, threads or torch.get_num_threads())
    attention = PackedAttention(config, library, pool) if attends(config) else None
    return Decoder(
        config,
        dtype=torch.bfloat16,
        device=torch.device("cpu"),
        max_positions=max_positions,
        cache_dtype=None if attention is None else CACHE,
        packed=PackedLinears(library, pool, on_release, attention),
    )


def make_cache(
    config: ModelConfig,
    num_blocks: int,
    block_size: int,
    dtype: torch.dtype,
    device: torch.device,
    layout: Layout | None = None,
) -> Cache:
    """The cache that suits a device and its decoder; ``layout`` as ``cache_layout`` gives it."""
    if layout is not None and layout.apart is not None:
        size = num_blocks, block_size, dtype, device
        target = make_cache(config.before_last, *size, layout.before_last)
        return DraftingCache(target, own_cache(config, *size, layout), layout)
    if device.type == KIND:
        return JoinedCache(config, num_blocks, block_size, dtype, device)
    if layout is not None and layout.planes is not None:
        return PlaneCache(config, num_blocks, block_size, dtype, device, layout)
    return KVCache(config, num_blocks, block_size, dtype, device, layout)


def cache_layout(decoder: AnyDecoder, context: int, config: ModelConfig | None = None) -> Layout:
    """The groups of layers of a decoder's cache, for sequences of at most so many tokens.

    Args:
        config: whose layers the cache holds, where those are not the decoder's alone.

    On DirectML, where every operator costs, all layers share one block table, and windows give nothing back.
    """
    if decoder.device.type == KIND:
        return whole(decoder.config.num_layers)
    return layout_of(config or decoder.config, context)
