"""The default model, a real one: speculation writes the same reply in fewer passes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.protocol.events import Finished
from tests.engine.made.tiny import ask, finish, loaded, runners, session_of
from tests.integration.lending import PLAIN_TOKENS, PROMPT, Lend

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def engine(lend: Lend) -> Engine:
    """The model with an n-gram draft."""
    return lend("float32")


@pytest.fixture(scope="module")
def plain(plain_reply: Finished) -> Finished:
    """The reply without speculation."""
    return plain_reply


def test_the_reply_answers_the_question(plain: Finished) -> None:
    assert "1." in plain.text
    assert plain.metrics.tokens_generated > 40
    assert plain.metrics.target_passes == plain.metrics.tokens_generated - 1


@pytest.mark.parametrize("k", ["auto", "fixed:4"])
def test_speculation_writes_the_same_reply(engine: Engine, plain: Finished, k: str) -> None:
    got = finish(engine, ask(PROMPT, k=k, max_tokens=PLAIN_TOKENS))
    assert got.token_ids == plain.token_ids
    assert (got.text, got.reason) == (plain.text, plain.reason)
    if k == "fixed:4":
        assert got.metrics.accepted_tokens > 0
        assert got.metrics.target_passes < got.metrics.tokens_generated - 1


@pytest.fixture(scope="module")
def itself(default_model: Path) -> Iterator[Engine]:
    """The model with itself as draft."""
    made = loaded(default_model, default_model, context_length=256)
    yield made
    made.close()


def test_a_draft_model_writes_the_same_reply(itself: Engine, plain: Finished) -> None:
    got = finish(itself, ask(PROMPT, k="fixed:4", max_tokens=24))
    assert got.token_ids == plain.token_ids[:24]
    assert got.metrics.acceptance_rate == 1.0
    assert got.metrics.target_passes == 5  # the prompt's token, four rounds of five and one of three


def test_a_draft_that_errs_writes_the_same_reply(itself: Engine, plain: Finished) -> None:
    _, draft = runners(session_of(itself))
    sound = draft.decoder._norm
    noise = torch.randn(sound.weight.shape, generator=torch.Generator().manual_seed(3)).to(sound.weight.dtype)
    draft.decoder._norm = type(sound)(sound.weight * (1 + 0.6 * noise))
    try:
        got = finish(itself, ask(PROMPT, k="fixed:4", max_tokens=20))
    finally:
        draft.decoder._norm = sound
    assert got.token_ids == plain.token_ids[:20]
    assert 0 < got.metrics.accepted_tokens < got.metrics.drafted_tokens
