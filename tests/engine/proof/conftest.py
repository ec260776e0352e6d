"""One loaded engine for all proofs; each test puts in the models and drafts that it needs."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.measuring import calibration
from tests.engine.made.tiny import Zoo, loaded, session_of


@pytest.fixture(scope="session")
def engine(zoo: Zoo) -> Engine:
    """A tiny target that soon goes in circles, and the same model with noise on its embeddings as draft."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_SECONDS", 0.0)
        engine = loaded(zoo.gguf("llama-loopy"), zoo.gguf("llama-loopy"))
    draft = session_of(engine).draft_runner
    assert draft is not None
    noise = torch.randn(draft.decoder._embed.shape, generator=torch.Generator().manual_seed(7))
    draft.decoder._embed = draft.decoder._embed + 0.25 * draft.decoder._embed.std() * noise
    return engine
