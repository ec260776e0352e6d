"""How many tokens one sequence may have: what was asked for, what the model takes and what memory allows."""

from __future__ import annotations

import logging
from collections.abc import Generator

import torch

from helix_app.base.errors import InputError
from helix_app.base.settings import DEFAULT_CONTEXT, LEAST_CONTEXT
from helix_app.engine.cache.base import Cache, bytes_per_block
from helix_app.engine.cache.layout import Layout, tokens_in
from helix_app.engine.loading.limits import check_context
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.machine.devices.errors import is_out_of_memory
from helix_app.engine.machine.memory import free_memory, return_memory
from helix_app.engine.models.make import make_cache
from helix_app.engine.rounds.session import Context
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import LoadRequest

log = logging.getLogger(__name__)
_MAX_CACHE_BYTES = 4 * 2**30  # for many sequences; one context may take more
_WORTH = 1024  # tokens; a cache that holds fewer is no use, and another device is tried
_SHARE = 0.8  # of the free memory that a cache may take


def choose_context(request: LoadRequest, config: ModelConfig) -> Context:
    """The context to load a model with.

    Raises:
        InputError: a context that is required and that the model does not take.
    """
    model = config.context_length
    wanted = request.context_length
    if wanted is None:
        return Context(min(DEFAULT_CONTEXT, model), model, "default" if model > DEFAULT_CONTEXT else "model")
    least = min(LEAST_CONTEXT, model)
    if request.context_required:
        check_context(wanted, least)
        if wanted > model:
            raise InputError("option_context", value=f"{wanted:,}", limit=f"{model:,}")
    tokens = min(max(least, wanted), model)
    return Context(tokens, model, "setting" if tokens < model else "model")


def wanted_blocks(
    config: ModelConfig, layout: Layout, context: int, cache_tokens: int, block_size: int, dtype: torch.dtype
) -> int:
    """The blocks of a cache, where memory allows them: for a context of its own, or for many sequences."""
    longest = layout.blocks_for(context, block_size)
    everything = len(layout.windows) * -(-max(context, cache_tokens) // block_size)
    # of what windows give back a quarter is there for prefixes of prompts to come; sequences may also be short and many
    wanted = everything if cache_tokens > context else longest + (everything - longest) // 4
    return max(longest, min(wanted, _MAX_CACHE_BYTES // bytes_per_block(config, block_size, dtype, layout)))


def allocate(
    config: ModelConfig, layout: Layout, blocks: int, block_size: int, context: int, dtype: torch.dtype, device: Device
) -> Generator[Notice, None, Cache]:
    """A generator that returns a cache of so many blocks, or of as many as memory allows, with a notice.

    Raises:
        RuntimeError, MemoryError: the device's own, when not even a short context fits.
    """
    least = layout.blocks_for(min(context, _WORTH), block_size)
    room = free_memory() if device.kind == "cpu" else None
    if room is not None:
        fits = (int(room * _SHARE) - layout.states * config.state_bytes) // bytes_per_block(
            config, block_size, dtype, layout
        )
        blocks = max(min(blocks, fits), least)
    while True:
        cache = _try_cache(config, layout, blocks, block_size, dtype, device, last=blocks <= least)
        if cache is not None:
            break
        return_memory()
        blocks = max(blocks // 2, least)
    given = tokens_in(layout.windows, blocks, block_size)
    if given < context:
        yield Notice("context_reduced", (("wanted", f"{context:,}"), ("given", f"{given:,}")))
    return cache


def _try_cache(
    config: ModelConfig, layout: Layout, blocks: int, block_size: int, dtype: torch.dtype, device: Device, *, last: bool
) -> Cache | None:
    try:
        return make_cache(config, blocks, block_size, dtype, device.torch_device, layout)
    except (RuntimeError, MemoryError) as exc:
        if last or not is_out_of_memory(exc):
            raise
        log.info("no memory for a cache of %d blocks on %s: %s", blocks, device.kind, exc)
        return None
