"""Bytes of a model by its header, beside what it really holds once it is loaded."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.loading.fitting.memory_use import memory_use
from helix_app.engine.loading.fitting.needs import copy_weights, dense_weights, need_of, packed_weights
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.decoder import Decoder
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.parameters import parameter_count, read_count
from tests.engine.made.tiny import Zoo, loaded, session_of
from tests.engine.models.packed.test_decoder import packed_runner


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("needs-zoo"))


def held(engine: Engine) -> int:
    """Bytes of the weights of a dense decoder."""
    decoder = session_of(engine).runner.decoder
    assert isinstance(decoder, Decoder)
    layers = sum(layer.weight_bytes for layer in decoder._layers)
    return layers + bytes_of(decoder._norm) + bytes_of(decoder._head) + bytes_of(decoder._embed)


@pytest.mark.parametrize("name", ["llama-small", "gemma3", "qwen2", "qwen35"])
def test_dense_weights_are_those_that_are_held(zoo: Zoo, name: str) -> None:
    path = zoo.gguf(name)
    engine = loaded(path)
    copied = session_of(engine).runner.decoder.kernels[-1] != "PlainLinear"
    config = inspect(path).config
    estimated = dense_weights(config, "float32", head_copied=copied or not config.tied_embeddings)
    if not copied and config.tied_embeddings:  # one table, seen twice
        estimated += config.vocab_size * config.hidden_size * 4
    assert estimated == pytest.approx(held(engine), rel=0.02)


@pytest.mark.parametrize("name", ["qwen3_moe-window-dense", "qwen2_moe", "gpt_oss", "qwen3_5_moe"])
def test_all_experts_are_held_and_not_only_those_of_a_row(zoo: Zoo, name: str) -> None:
    decoder = session_of(loaded(zoo.folder(name))).runner.decoder
    numbers = dense_weights(decoder.config, "float32") / 4
    assert numbers == pytest.approx(decoder.parameters, rel=0.02)
    assert 4 * numbers > 1.2 * decoder.weight_bytes
    files = inspect(zoo.folder(name))
    assert parameter_count(files.config) == pytest.approx(numbers, rel=0.03)
    tables = 2 * files.config.vocab_size * files.config.hidden_size
    assert read_count(files.config) - tables < 0.8 * (parameter_count(files.config) - tables)
    short, long = (need_of(files, "float32", tokens, tokens) for tokens in (256, 4096))
    assert (short.weights, short.workspace < long.workspace) == (4 * numbers, True)


def test_a_cache_is_as_large_as_it_is(zoo: Zoo) -> None:
    path = zoo.gguf("llama-small")
    runner = session_of(loaded(path, context_length=256, cache_tokens=1024)).runner
    need = need_of(inspect(path), "float32", 256, 1024)
    assert need.cache == runner.cache.block_bytes * runner.pool.num_blocks


def test_states_are_in_the_cache_of_a_model_with_recurrent_layers(zoo: Zoo) -> None:
    """For one sequence and what is kept of others, for many more of them; and a longer context has no more."""
    path = zoo.gguf("qwen35-loopy")
    config = inspect(path).config
    for tokens, slots in ((256, 8), (1024, 32)):
        engine = loaded(path, context_length=256, cache_tokens=tokens)
        runner = session_of(engine).runner
        assert runner.pool.states.slots == slots
        need = need_of(inspect(path), "float32", 256, tokens)
        states = slots * config.state_bytes
        assert need.cache == runner.cache.block_bytes * runner.pool.num_blocks + states
        assert memory_use(session_of(engine)).cache == need.cache
    short, long = (need_of(inspect(path), "float32", length, length) for length in (64, 256))
    assert long.cache - 8 * config.state_bytes == 4 * (short.cache - 8 * config.state_bytes)


def test_a_longer_context_takes_more_and_fewer_bits_take_less(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-small"))
    short, long = (need_of(files, "float32", tokens, tokens) for tokens in (256, 4096))
    assert long.cache == 16 * short.cache
    assert long.workspace > short.workspace
    assert long.weights == short.weights
    sizes = [dense_weights(files.config, name) for name in ("float32", "bfloat16", "int4")]
    assert sizes == sorted(sizes, reverse=True)
    assert copy_weights(files, 4, "float32") < copy_weights(files, 8, "float32") < sizes[0]
    assert copy_weights(files, 8, "bfloat16") < copy_weights(files, 8, "float32")  # which shares no table


def test_packed_weights_are_the_blocks_of_the_file(zoo: Zoo) -> None:
    path: Path = zoo.gguf("llama-small", quant="Q8_0")
    files = inspect(path)
    assert files.gguf is not None
    first = min(info.offset for info in files.gguf.tensors.values())
    assert packed_weights(files) == pytest.approx(path.stat().st_size - first, abs=64 * len(files.gguf.tensors))
    assert need_of(files, "packed", 256, 256).cache * 2 == need_of(files, "float32", 256, 256).cache


def test_all_matrices_beside_packed_experts_stay_in_blocks(zoo: Zoo) -> None:
    path = zoo.gguf("qwen3_5_moe-loopy", quant="Q8_0")
    files, decoder = inspect(path), packed_runner(path).decoder
    assert files.gguf is not None
    assert isinstance(decoder, Decoder)
    dense = {name for name, run in decoder.linears if type(run).__name__ != "PackedLinear"}
    assert dense <= {"delta_gates", "router", "shared_scale"}
    assert packed_weights(files) == sum(info.nbytes for info in files.gguf.tensors.values())
