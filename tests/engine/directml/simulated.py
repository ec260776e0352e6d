"""Engines and sessions on the simulated DirectML device."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.drafts.base import Draft
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.engine import Engine
from helix_app.engine.loading import place
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.measuring import calibration
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.make import make_cache, make_decoder
from helix_app.engine.models.on_device.layers import DeviceDecoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.rounds.session import Session
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.directml.simulated_directml import DEVICE, SimulatedDirectML
from tests.engine.made.tiny import EOS_ID, loaded


@contextmanager
def simulated() -> Iterator[SimulatedDirectML]:
    """The device; nothing may have gone wrong on it in the end."""
    with SimulatedDirectML() as device:
        yield device
        assert not device.violations


def engine_there(target: Path, draft: Path | str = "none", **options: Any) -> Engine:
    """An engine in float32 on the simulated device, which must be entered."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(place, "pick_device", lambda *_: (Device("directml", DEVICE, "Simulated"), ""))
        patch.setattr(calibration, "_DEVICE_SECONDS", 0.0)
        engine = loaded(target, draft, device="directml", **options)
    assert engine.ready is not None
    assert engine.ready.device == "directml"
    assert isinstance(engine.session.runner.decoder, DeviceDecoder)
    return engine


class There:
    """A target on the device, and a draft of the same shape that is right now and then."""

    def __init__(self, path: Path, dtype: torch.dtype = torch.float32) -> None:
        self.target, self.draft = (decoder_there(path, dtype) for _ in range(2))
        weight = self.draft._embed.cpu()
        noise = torch.randn(weight.shape, generator=torch.Generator().manual_seed(7)).to(dtype)
        self.draft._embed = (weight + 0.25 * weight.std() * noise).to(DEVICE)
        self.tokenizer: Tokenizer = load_tokenizer(inspect(path))

    def session(self, draft: str = "none", blocks: int = 128, order: Sequence[int] | None = None) -> Session:
        """A fresh session that drafts by ``none``, ``ngram``, ``model`` or ``mixed``; ``order`` shuffles its blocks."""
        runner = runner_there(self.target, blocks, order)
        draft_runner = runner_there(self.draft, 128, None) if draft in ("model", "mixed") else None
        kinds: dict[str, Draft | None] = {"none": None, "ngram": NgramDraft()}
        if draft_runner is not None:
            model = ModelDraft(draft_runner, self.target.config.vocab_size)
            kinds |= {"model": model, "mixed": MixedDraft(NgramDraft(), model)}
        return Session(runner, self.tokenizer, kinds[draft], frozenset({EOS_ID}), draft_runner)


def decoder_there(path: Path, dtype: torch.dtype = torch.float32, context: int = 256) -> Decoder:
    """The model of a file, on the device."""
    files = inspect(path)
    decoder = make_decoder(
        files.config, dtype=dtype, device=DEVICE, max_positions=min(context, files.config.context_length)
    )
    with open_weights(files) as source:
        assert list(decoder.load(source))[-1] == 1.0
    return decoder


def runner_there(decoder: Decoder, blocks: int = 16, order: Sequence[int] | None = None) -> ModelRunner:
    """A runner over it."""
    cache = make_cache(decoder.config, blocks, 16, decoder.dtype, DEVICE)
    return ModelRunner(decoder, BlockPool(blocks, 16, order), cache)
