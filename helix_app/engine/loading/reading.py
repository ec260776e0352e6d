"""Weights from a model's files into a decoder, with progress."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from helix_app.engine.models.base import AnyDecoder
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import ModelFiles
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress


class LoadCancelled(Exception):
    """The person pressed Stop while a model was loading."""


def read_weights(
    files: ModelFiles, decoder: AnyDecoder, like: Decoder | None, stage: str, cancel: threading.Event
) -> Iterator[Event]:
    """Fill a decoder from its files; ``like`` shares embeddings and output head.

    Raises:
        LoadCancelled: ``cancel`` was set.
    """
    with open_weights(files) as source:
        for fraction in decoder.load(source, like):
            if cancel.is_set():
                raise LoadCancelled
            yield LoadProgress(stage, fraction)
