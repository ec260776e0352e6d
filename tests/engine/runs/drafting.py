"""One target with each kind of draft, as fixtures (named in conftest.py)."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.engine import Engine
from tests.engine.made.tiny import Zoo, loaded, runners, session_of

TARGET = "llama-loopy"


@pytest.fixture(scope="module")
def ngram(zoo: Zoo) -> Engine:
    """A target that drafts by n-gram."""
    return loaded(zoo.gguf(TARGET), "ngram")


@pytest.fixture(scope="module")
def itself(zoo: Zoo) -> Engine:
    """A target whose draft is the same model."""
    return loaded(zoo.gguf(TARGET), zoo.gguf(TARGET))


@pytest.fixture(scope="module")
def other(zoo: Zoo) -> Engine:
    """A target whose draft is another random model with the same vocabulary."""
    return loaded(zoo.gguf(TARGET), zoo.gguf(TARGET, seed=1))


@pytest.fixture(scope="module")
def similar(zoo: Zoo) -> Engine:
    """A target whose draft is the same model with some noise on its embeddings: right now and then."""
    engine = loaded(zoo.gguf(TARGET), zoo.gguf(TARGET))
    disturb(engine, 0.25)
    return engine


def disturb(engine: Engine, amount: float) -> None:
    """Add noise to the draft's embeddings."""
    draft = list(runners(session_of(engine)))[1]
    weight = draft.decoder._embed
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn(weight.shape, generator=generator).to(weight.dtype)
    draft.decoder._embed = weight + amount * weight.std() * noise
