"""Building a model in the number format that was asked for: four bits where they are some use, else as auto."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.measuring import formats
from tests.engine.kernels.test_low_bit import needs
from tests.engine.loading.test_drafts import load, notices, pays as pays, target as target
from tests.engine.made.tiny import Zoo, ask, finish, session_of


@needs(4)
@pytest.mark.usefixtures("pays")
@pytest.mark.parametrize(("quant", "rounded"), [("Q4_0", 0), ("Q4_1", 0), ("F32", 14), ("Q8_0", 14)])
def test_a_target_in_four_bits(zoo: Zoo, quant: str, rounded: int) -> None:
    engine = Engine()
    ready, seen = load(engine, zoo.gguf("llama-q4", quant=quant), dtype="int4")
    decoder = session_of(engine).runner.decoder
    assert (ready.dtype, ready.draft, decoder.bits, decoder.dtype) == ("int4", "none", 4, torch.bfloat16)
    told = notices(seen)
    assert [n.code for n in told] == (["weights_rounded"] if rounded else [])
    assert [dict(n.fields) for n in told] == ([{"tensors": str(rounded)}] if rounded else [])
    assert finish(engine, ask()).metrics.tokens_generated > 0


@needs(4)
@pytest.mark.usefixtures("pays")
def test_drafting_in_four_bits_changes_no_token(target: Path) -> None:
    engine = Engine()
    load(engine, target, dtype="int4", draft="ngram")
    request = ask("1 2 3 1 2 3 1 2", max_tokens=40, k="fixed:3")
    want = finish(engine, ask("1 2 3 1 2 3 1 2", max_tokens=40, mode="autoregressive"))
    session_of(engine).clear_caches()
    assert finish(engine, request).token_ids == want.token_ids


@needs(4)
def test_four_bits_that_save_only_memory_are_used_where_asked_for(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "int4_share", lambda *_: 1.1)
    ready, seen = load(Engine(), target, dtype="int4", draft="auto")
    assert (ready.dtype, ready.draft, notices(seen)) == ("int4", "ngram", [])
    assert load(Engine(), target, draft="auto")[0].draft == "ngram"


@pytest.mark.parametrize("cost", [1.3, math.inf])
def test_four_bits_that_are_slow_are_told_of_and_left(
    target: Path, monkeypatch: pytest.MonkeyPatch, cost: float
) -> None:
    monkeypatch.setattr(formats, "int4_share", lambda *_: cost)
    engine = Engine()
    ready, seen = load(engine, target, dtype="int4")
    assert [n.code for n in notices(seen)] == ["int4_unavailable"]
    assert ready.dtype in ("float32", "bfloat16")  # as auto
    assert session_of(engine).runner.decoder.bits == 0
    finish(engine, ask(max_tokens=3))


def test_what_is_ready_is_told_as_it_is(zoo: Zoo) -> None:
    engine = Engine()
    ready, _ = load(engine, zoo.gguf("llama-small"), target_name="", context_length=100)
    session = session_of(engine)
    decoder = session.runner.decoder
    assert (ready.target_name, ready.target_file) == ("llama-small-0-F32", str(zoo.gguf("llama-small")))
    assert (ready.parameters, ready.vocab_size) == (decoder.parameters, 300)
    assert (ready.context_length, ready.model_context, ready.context_limit) == (100, 256, "setting")
    assert (ready.target_blocks, ready.block_size, ready.draft_blocks) == (7, 16, 0)
    assert ready.target_block_bytes == session.runner.cache.block_bytes > 0
    assert ready.exact_rows == decoder.can_be_exact
    assert session.costs.expect(1, 0) == session.runner.costs.expect(1, 0)  # what calibration measured is known
