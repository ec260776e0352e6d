"""The layer of a model that drafts for it: whether it is loaded, and how it joins its target."""

from __future__ import annotations

import threading
from collections.abc import Generator

import torch

from helix_app.engine.loading.plan import NEXT_TOKEN, Plan
from helix_app.engine.loading.reading import read_weights
from helix_app.engine.models.hidden_states import DraftStates, TargetStates
from helix_app.engine.models.next_token import NextTokenLayer
from helix_app.engine.models.on_device.layers import KIND
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.shared import Drafted
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event


def runs_next_token(device: torch.device) -> bool:
    """Whether the decoder of a device gives the hidden states that the layer takes: DirectML's does not."""
    return device.type != KIND


def takes_next_token(what: Plan, device: torch.device, *, packed: bool) -> bool:
    """Whether the layer is loaded beside its target: where it is asked for, or may be chosen, and can run.

    Args:
        packed: weights stay packed on a card, where the layer does not run.
    """
    wanted = what.draft_kind in ("auto", NEXT_TOKEN) and what.target.config.next_token is not None
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


def next_token_runner(target: ModelRunner) -> ModelRunner | None:
    """A runner of the layer on its target's pool and cache; None for a target without one."""
    if not isinstance(target.hidden, TargetStates):
        return None
    runner = ModelRunner(target.hidden.layer, target.pool, target.cache)
    runner.hidden = DraftStates(target.hidden)
    return runner
