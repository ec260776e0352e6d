"""Real engines and weights that are loaded once for all files here that only ask them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.models.test_decoder import runner_of
from tests.integration.lending import PARAGRAPH, Lend, Lent, logs_after


@pytest.fixture(scope="package")
def lent() -> Iterator[dict[str, Lent]]:
    """The engines that were loaded so far, by their ``dtype``."""
    made: dict[str, Lent] = {}
    yield made
    for one in made.values():
        one.engine.close()


@pytest.fixture(scope="module")
def lend(lent: dict[str, Lent], default_model: Path) -> Iterator[Lend]:
    """Lends engines to the tests of a file."""

    def lend(dtype: str) -> Engine:
        if dtype not in lent:
            lent[dtype] = Lent(default_model, dtype)
        return lent[dtype].engine

    yield lend
    for one in lent.values():
        one.put_back()


@pytest.fixture(scope="package")
def dense(default_model: Path) -> ModelRunner:
    """The file's weights in float32, for logits to compare with."""
    return runner_of(default_model, context=256)


@pytest.fixture(scope="package")
def exact_logs(dense: ModelRunner, default_model: Path) -> torch.Tensor:
    """``logs_after`` each token of the paragraph, by the file's weights in float32."""
    return logs_after(dense, load_tokenizer(inspect(default_model)).encode(PARAGRAPH))
