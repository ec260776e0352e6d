"""The default model in fewer bits: as its own draft, and as the target itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.engine import Engine
from helix_app.engine.kernels import low_bit
from helix_app.engine.measuring import calibration
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.engine.text.tokenizer import load_tokenizer
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import ask, finish, loaded
from tests.integration.lending import PARAGRAPH, PROMPT, logs_after

CPU = torch.device("cpu")
pytestmark = [
    pytest.mark.model,
    pytest.mark.skipif(not low_bit.exists(4, CPU), reason=f"torch {torch.__version__} has no four-bit kernel here"),
]
KL = 0.0036  # nats a token; measured 0.0012 on average


@pytest.fixture(autouse=True)
def two_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(min(2, before))
    monkeypatch.setattr(calibration, "_SECONDS", 0.0)
    yield
    torch.set_num_threads(before)


def with_copy(path: Path, dtype: str) -> Engine:
    return loaded(path, "self-int4", context_length=256, dtype=dtype)


def test_in_float32_drafting_by_a_copy_changes_no_token(default_model: Path) -> None:
    engine = with_copy(default_model, "float32")
    want = finish(engine, ask(PROMPT, mode="autoregressive", max_tokens=32))
    got = finish(engine, ask(PROMPT, k="fixed:4", max_tokens=32))
    assert (got.token_ids, got.text) == (want.token_ids, want.text)
    assert (len(got.token_ids), got.reason) == (32, "length")
    assert (got.metrics.acceptance_rate or 0) > 0.7
    assert got.metrics.target_passes < 14


def test_in_bfloat16_a_copy_is_nearly_always_right(default_model: Path) -> None:
    engine = with_copy(default_model, "bfloat16")
    got = finish(engine, ask(PROMPT, k="fixed:4", max_tokens=32))
    assert got.metrics.tokens_generated == 32
    assert (got.metrics.acceptance_rate or 0) > 0.7


def test_four_bits_are_near_what_the_file_stands_for(default_model: Path, exact_logs: torch.Tensor) -> None:
    """KL from the dequantised weights in float32 to the packed ones, after each token of a paragraph."""
    files = inspect(default_model)
    ids = load_tokenizer(files).encode(PARAGRAPH)
    assert len(ids) > 80
    dtype = torch.bfloat16
    decoder = Decoder(files.config, dtype=dtype, device=CPU, max_positions=256, linear_kind="plain", bits=4)
    with open_weights(files) as source:
        for _ in decoder.load(source):
            pass
    runner = ModelRunner(decoder, BlockPool(16, 16), KVCache(files.config, 16, 16, dtype, CPU))
    exact, packed = exact_logs, logs_after(runner, ids)
    divergence = (exact.exp() * (exact - packed)).sum(-1)
    print(f"KL {divergence.mean():.5f} on average, {divergence.max():.5f} at worst")
    assert 0 < divergence.mean() < KL
    assert (exact.argmax(-1) == packed.argmax(-1)).double().mean() > 0.9
