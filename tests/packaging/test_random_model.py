"""A random model for measurements is one that runs, with numbers that stay in bounds."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest
import random_model

from tests.engine.made.tiny import ask, finish, loaded


@pytest.mark.parametrize("kind", ["Q4_K", "Q6_K"])
def test_numbers_of_a_matrix(kind: str) -> None:
    made = {"Q4_K": random_model.q4_k, "Q6_K": random_model.q6_k}[kind]
    raw = made(np.random.default_rng(1), 64, 512)
    numbers = gguf.quants.dequantize(raw, gguf.GGMLQuantizationType[kind])
    assert numbers.shape == (64, 512)
    assert abs(numbers.mean()) < 0.002
    assert numbers.std() == pytest.approx(0.7 / 512**0.5, rel=0.15)


@pytest.mark.model
def test_it_writes(tmp_path: Path, default_model: Path) -> None:
    path = tmp_path / "random.gguf"
    random_model.write(path, default_model, layers=2, hidden=256, inner=512, heads=4, kv_heads=2)
    engine = loaded(path, context_length=64)
    reply = finish(engine, ask("one two", max_tokens=8))
    assert len(reply.token_ids) == 8
    engine.close()
