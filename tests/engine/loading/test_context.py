"""How much context a model is loaded with, what limits it, and what a prompt over it is told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.base import messages
from helix_app.base.errors import InputError
from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import whole
from helix_app.engine.engine import Engine
from helix_app.engine.loading import context
from helix_app.engine.loading.context import allocate, choose_context
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.rounds.session import Context
from helix_app.modelfiles.config import ModelConfig
from helix_app.protocol.events import Failed, Notice
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest
from tests.engine.made.tiny import Zoo, ask, events, finish, session_of

CONFIG = ModelConfig("llama", 300, 32, 32, 1, 2, 2, 16, context_length=32768)
BLOCK = bytes_per_block(CONFIG, 16, torch.float32)


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of 32,768 tokens."""
    return Zoo(tmp_path_factory.mktemp("context-zoo")).gguf("llama-long")


def load(path: Path, **options: Any) -> tuple[Engine, ModelReady, list[Notice]]:
    engine = Engine()
    request = LoadRequest(str(path), **{"draft": "none", "device": "cpu", "dtype": "float32", **options})
    seen = events(engine, request)
    assert isinstance(seen[-1], ModelReady), seen[-1]
    return engine, seen[-1], [event for event in seen if isinstance(event, Notice)]


def refusal(engine: Engine, tokens: int) -> tuple[str, str]:
    """Code and sentence for a prompt of so many tokens."""
    last = events(engine, GenerateRequest("r", prompt="x" * tokens, raw=True))[-1]
    assert isinstance(last, Failed)
    return last.code, messages.error_text(last.code, last.fields)


# --------------------------------------------------------------------------- what is chosen


@pytest.mark.parametrize(
    ("model", "wanted", "want"),
    [
        (32768, None, Context(8192, 32768, "default")),
        (8192, None, Context(8192, 8192, "model")),
        (256, None, Context(256, 256, "model")),
        (32768, 16384, Context(16384, 32768, "setting")),
        (32768, 32768, Context(32768, 32768, "model")),
        (8192, 100_000, Context(8192, 8192, "model")),
        (8192, 3, Context(64, 8192, "setting")),
        (32, 3, Context(32, 32, "model")),
    ],
)
def test_the_context_and_what_limits_it(model: int, wanted: int | None, want: Context) -> None:
    config = replace(CONFIG, context_length=model)
    assert choose_context(LoadRequest("x", context_length=wanted), config) == want


@pytest.mark.parametrize(
    ("wanted", "code", "word"),
    [(0, "option_invalid", "64"), (-1, "option_invalid", "64"), (32769, "option_context", "32,768")],
)
def test_a_context_that_is_required_is_refused_where_it_makes_no_sense(wanted: int, code: str, word: str) -> None:
    with pytest.raises(InputError) as caught:
        choose_context(LoadRequest("x", context_length=wanted, context_required=True), CONFIG)
    assert caught.value.code == code
    assert word in messages.error_text(code, caught.value.fields)
    assert caught.value.exit_code == 2


# --------------------------------------------------------------------------- what memory allows


def allocated(blocks: int, tokens: int) -> tuple[KVCache, list[Notice]]:
    steps = allocate(CONFIG, whole(CONFIG.num_layers), blocks, 16, tokens, torch.float32, cpu())
    notices = []
    while True:
        try:
            notices.append(next(steps))
        except StopIteration as end:
            return end.value, notices


def test_a_context_that_fits_is_given_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "free_memory", lambda: None)
    cache, notices = allocated(512, 8192)
    assert (cache.num_blocks, notices) == (512, [])


def test_a_context_over_the_free_memory_is_reduced_with_a_notice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "free_memory", lambda: 200 * BLOCK)
    cache, notices = allocated(512, 8192)
    assert cache.num_blocks == 160
    assert [dict(notice.fields) for notice in notices] == [{"wanted": "8,192", "given": "2,560"}]


def test_a_cache_for_many_replies_shrinks_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "free_memory", lambda: 1000 * BLOCK)
    cache, notices = allocated(4000, 8192)
    assert (cache.num_blocks, notices) == (800, [])


def test_a_device_out_of_memory_is_asked_for_less(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def scarce(config: ModelConfig, blocks: int, *rest: Any) -> KVCache:
        asked.append(blocks)
        if blocks > 130:
            raise RuntimeError("not enough memory: you tried to allocate 1 bytes")
        return KVCache(config, blocks, *rest)

    monkeypatch.setattr(context, "free_memory", lambda: None)
    monkeypatch.setattr(context, "make_cache", scarce)
    cache, notices = allocated(512, 8192)
    assert asked == [512, 256, 128]
    assert cache.num_blocks == 128
    assert [dict(notice.fields)["given"] for notice in notices] == ["2,048"]


def test_less_than_a_short_context_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_args: Any) -> KVCache:
        raise RuntimeError("not enough memory: you tried to allocate 1 bytes")

    monkeypatch.setattr(context, "make_cache", none)
    with pytest.raises(RuntimeError):
        allocated(512, 8192)


# --------------------------------------------------------------------------- what is said


def test_a_prompt_over_the_default_says_how_to_raise_it(long: Path) -> None:
    engine, ready, notices = load(long)
    assert (ready.context_length, ready.model_context, ready.context_limit) == (8192, 32768, "default")
    assert not notices
    code, sentence = refusal(engine, 9000)
    assert code == "prompt_too_long_default"
    for word in ("9,000", "8,192", "32,768", "--context", "Settings"):
        assert word in sentence
    assert "this model takes 8,192" not in sentence
    code, sentence = refusal(engine, 40_000)  # raising would not help
    assert code == "prompt_too_long"
    assert "32,768 at most" in sentence


def test_a_prompt_over_the_setting_names_the_setting(long: Path) -> None:
    engine, ready, _ = load(long, context_length=128)
    assert (ready.context_length, ready.context_limit) == (128, "setting")
    code, sentence = refusal(engine, 200)
    assert code == "prompt_too_long_setting"
    assert "set to 128" in sentence
    code, sentence = refusal(engine, 128 * 64 + 1)  # not even tokenised
    assert code == "prompt_too_long_setting"
    assert "over 128" in sentence


def test_a_prompt_over_what_memory_allows_says_so(long: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "free_memory", lambda: 0)
    engine, ready, notices = load(long)
    assert (ready.context_length, ready.context_limit) == (1024, "memory")
    assert [notice.code for notice in notices] == ["context_reduced"]
    code, sentence = refusal(engine, 2000)
    assert code == "prompt_too_long_memory"
    assert "memory" in sentence
    assert "1,024" in sentence
    assert finish(engine, ask("the cat")).metrics.tokens_generated > 0


def test_a_prompt_over_the_model_says_what_it_takes(long: Path) -> None:
    engine, ready, _ = load(long, context_length=32768)
    assert (ready.context_length, ready.context_limit) == (32768, "model")
    assert refusal(engine, 33_000)[0] == "prompt_too_long"


def test_a_cache_that_shrank_on_the_way_limits_by_memory(long: Path) -> None:
    engine, _, _ = load(long, context_length=256)
    session_of(engine).runner.resize(8)
    assert refusal(engine, 200)[0] == "prompt_too_long_memory"


@pytest.mark.parametrize("limit", ["model", "default", "setting", "memory"])
def test_a_full_context_is_told_by_what_limits_it(limit: str) -> None:
    sentence = messages.context_full_text(limit, 8192, 32768)
    assert "8,192" in sentence
    assert ("32,768" in sentence) == (limit != "model")
    assert messages.CONTEXT_STEPS[limit].endswith(".")
