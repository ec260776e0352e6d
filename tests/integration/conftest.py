"""Real engines and weights that are loaded once for all files here that only ask them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Finished
from tests.engine.host.forking import fork_children
from tests.engine.made.tiny import ask, finish
from tests.engine.models.test_decoder import runner_of
from tests.integration.lending import PARAGRAPH, PLAIN_TOKENS, PROMPT, Lend, Lending, logs_after


@pytest.fixture(scope="package")
def lending(default_model: Path) -> Iterator[Lending]:
    """Has the engines."""
    made = Lending(default_model)
    yield made
    made.close()


@pytest.fixture(scope="module")
def lend(lending: Lending) -> Iterator[Lend]:
    """Lends engines to the tests of a file."""
    yield lending.engine
    lending.put_back()


@pytest.fixture(scope="package")
def plain_reply(lending: Lending) -> Finished:
    """``PLAIN_TOKENS`` of the reply to ``PROMPT`` in float32, without speculation."""
    told = finish(lending.engine("float32"), ask(PROMPT, mode="autoregressive", max_tokens=PLAIN_TOKENS))
    lending.put_back()
    return told


@pytest.fixture
def forked_children(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children of this process have their imports; other tests start them as the program does."""
    fork_children(monkeypatch)


@pytest.fixture(scope="package")
def dense(default_model: Path) -> ModelRunner:
    """The file's weights in float32, for logits to compare with."""
    return runner_of(default_model, context=256)


@pytest.fixture(scope="package")
def exact_logs(dense: ModelRunner, default_model: Path) -> torch.Tensor:
    """``logs_after`` each token of the paragraph, by the file's weights in float32."""
    return logs_after(dense, load_tokenizer(inspect(default_model)).encode(PARAGRAPH))
