"""A model's files become a runner: weights read, cache allocated, costs measured."""

from __future__ import annotations

import threading
from collections.abc import Generator
from dataclasses import dataclass

import torch

from helix_app.engine.cache.layout import with_states
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.loading.context import allocate, wanted_blocks
from helix_app.engine.loading.formats.on_card import stays_packed
from helix_app.engine.loading.formats.packed import has_kernels
from helix_app.engine.loading.next_token import add_head, add_next_token
from helix_app.engine.loading.reading import read_weights
from helix_app.engine.machine.devices.device import PACKED, Device
from helix_app.engine.machine.threads import choose_threads, leave_to_another_pool, take_back
from helix_app.engine.measuring.calibration import calibrate
from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.make import cache_layout, make_decoder, product_decoder
from helix_app.engine.models.packed.decoder import PackedDecoder, by_products
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress

BLOCK_SIZE = 16
_THREADS = torch.get_num_threads()  # before any were chosen


@dataclass(frozen=True)
class LoadOptions:
    """How a model is to lie in memory.

    Attributes:
        context: tokens of its longest sequence.
        cache_tokens: that its cache should hold, of all sequences.
        bits: that weights are rounded to, 0 for none.
        packed: run on the file's own blocks; a draft model whose file cannot runs dense.
        next_token: with the layer that drafts for it, where it is a target.
        head: likewise with this draft head.
    """

    device: Device
    dtype: torch.dtype
    context: int
    cache_tokens: int
    bits: int = 0
    packed: bool = False
    next_token: bool = False
    head: HeadFiles | None = None

    def cached(self, config: ModelConfig) -> ModelConfig:
        """The layers of a model's cache: its own, and one that drafts."""
        if self.head is not None:
            return config.with_layer(self.head.layer_in(config))
        return config.extended if self.next_token else config


def load_target(
    files: ModelFiles, options: LoadOptions, cancel: threading.Event
) -> Generator[Event, None, ModelRunner]:
    """A generator of progress that returns the target's runner, with the number of threads that suits it."""
    runner = yield from _load(files, options, "weights", cancel)
    try:
        if options.next_token:
            yield from add_next_token(files, runner, cancel)
        if options.head is not None:
            yield from add_head(options.head, runner, cancel)
        if options.device.kind == "cpu" and not options.packed:
            choose_threads(lambda: runner.try_rows(1), _THREADS)
        calibrate(runner)
    except BaseException:
        runner.release()
        raise
    return runner


def load_draft(files: ModelFiles, options: LoadOptions, cancel: threading.Event) -> Generator[Event, None, ModelRunner]:
    """A generator of progress that returns a draft model's runner."""
    runner = yield from _load(files, options, "draft_weights", cancel)
    try:
        calibrate(runner)
    except BaseException:
        runner.release()
        raise
    return runner


def _load(
    files: ModelFiles, options: LoadOptions, stage: str, cancel: threading.Event
) -> Generator[Event, None, ModelRunner]:
    decoder = _decoder(files, options)
    try:
        yield from read_weights(files, decoder, None, stage, cancel)
        return (yield from _with_cache(decoder, options))
    except BaseException:
        decoder.release()
        raise


def _with_cache(decoder: AnyDecoder, options: LoadOptions) -> Generator[Event, None, ModelRunner]:
    config, dtype = options.cached(decoder.config), decoder.cache_dtype
    yield LoadProgress("allocate_cache")
    layout = with_states(cache_layout(decoder, options.context, config), config, options.context, options.cache_tokens)
    blocks = wanted_blocks(config, layout, options.context, options.cache_tokens, BLOCK_SIZE, dtype)
    cache = yield from allocate(config, layout, blocks, BLOCK_SIZE, options.context, dtype, options.device)
    yield LoadProgress("warm_up")
    made = cache.layout
    pool = BlockPool(cache.num_blocks, BLOCK_SIZE, windows=made.windows, readers=made.readers, states=made.states)
    return ModelRunner(decoder, pool, cache)


def _packed_decoder(config: ModelConfig, context: int) -> AnyDecoder:
    """On a CPU. PyTorch has its threads again once it is released, or now if it cannot be made."""
    threads = leave_to_another_pool()
    try:
        if by_products(config):
            return product_decoder(config, context, threads, take_back)
        return PackedDecoder(config, context, threads=threads, on_release=take_back)
    except BaseException:
        take_back()
        raise


def _decoder(files: ModelFiles, options: LoadOptions) -> AnyDecoder:
    on_cpu = options.device.kind == "cpu"
    if options.packed and on_cpu and has_kernels(files):
        return _packed_decoder(files.config, options.context)
    return make_decoder(
        files.config,
        dtype=options.dtype,
        device=options.device.torch_device,
        max_positions=options.context,
        bits=options.bits,
        packed=options.packed and not on_cpu and stays_packed(files, PACKED, options.device),
    )
