"""Layers that draft from the hidden states of a target: whether they are loaded, and how they join it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Generator

import torch

from helix_app.engine.kernels.packed.library import CORE, Library
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.loading.plan import NEXT_TOKEN, Plan
from helix_app.engine.loading.reading import LoadCancelled, read_weights
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.drafting.shared import Drafted
from helix_app.engine.models.on_device.layers import KIND
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.head_weights import BLOCKS, HeadWeights
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress

log = logging.getLogger(__name__)


def runs_next_token(device: torch.device) -> bool:
    """Whether the decoder of a device gives the hidden states that the layer takes: DirectML's does not."""
    return device.type != KIND


def takes_head(files: ModelFiles, head: HeadFiles) -> bool:
    """Whether a target whose weights stay packed on a CPU can have this head: its attention by packed kernels knows
    its own part of the cache alone."""
    return head.fits_cache(files.config)


def takes_next_token(plan: Plan, device: torch.device, *, packed: bool) -> bool:
    """Whether the layer is loaded beside its target: where it is asked for, or may be chosen, and can run.

    Args:
        packed: weights stay packed on a card, where the layer does not run.
    """
    wanted = plan.draft_kind in ("auto", NEXT_TOKEN) and plan.target.config.next_token is not None
    return wanted and not packed and runs_next_token(device)


def add_next_token(files: ModelFiles, target: ModelRunner, cancel: threading.Event) -> Generator[Event, None, None]:
    """A generator of progress that joins the layer to its target, whose cache has room for it.

    Raises:
        LoadCancelled: ``cancel`` was set.
        ModelFileError: weights that are missing, damaged or of another shape.
    """
    assert isinstance(target.decoder, Drafted)  # DirectML never comes here
    layer = NextTokenLayer(target.decoder)
    yield from read_weights(files, layer, None, "draft_weights", cancel)
    TargetStates(target, layer)


def add_head(head: HeadFiles, target: ModelRunner, cancel: threading.Event) -> Generator[Event, None, None]:
    """A generator of progress that joins a draft head to its target, whose cache has room for it.

    Raises:
        LoadCancelled: ``cancel`` was set.
        ModelFileError: weights that are missing, damaged or of another shape.
    """
    decoder = target.decoder
    assert isinstance(decoder, Drafted)  # DirectML never comes here
    products = decoder.products
    if products is not None and not _has_blocks(products.library):
        products = None
    layer = EagleHead(head, decoder, decoder.dtype, products)
    with HeadWeights(head, len(layer.layers), rounded=products is not None) as source:
        for fraction in layer.load(source):
            if cancel.is_set():
                raise LoadCancelled
            yield LoadProgress("draft_weights", fraction)
    TargetStates(target, layer)


def _has_blocks(library: Library) -> bool:
    """Whether there are kernels for a head in blocks; makes them where need be."""
    try:
        library.add((CORE, BLOCKS))
    except NoKernelsError as exc:
        log.warning("%s", exc)
        return False
    return True


def drafting_runner(target: ModelRunner) -> ModelRunner | None:
    """A runner of the layer or head on its target's pool and cache; None for a target without one."""
    if not isinstance(target.hidden, TargetStates):
        return None
    runner = ModelRunner(target.hidden.layer, target.pool, target.cache)
    runner.hidden = DraftStates(target.hidden)
    return runner
