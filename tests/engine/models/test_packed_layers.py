"""The program of a pass: what its phases are, and what it holds for how many rows."""

from __future__ import annotations

import numpy as np
import pytest

from helix_app.engine.models.packed_layers import OUT_WORD, RowMemory
from tests.engine.models.test_packed_decoder import packed_runner
from tests.engine.tiny import Zoo


def test_phases_of_all_layers_then_the_head(zoo: Zoo) -> None:
    runner = packed_runner(zoo.gguf("llama", quant="Q8_0"))
    runner.open("s", ())
    runner.forward("s", [1, 2, 3], 1)
    program = runner.decoder._program  # type: ignore[attr-defined]
    assert len(program.program.phases) == 2 * 10 + 2  # as the module's docstring lists them
    assert len(program.caches) == 2
    assert program.logits[OUT_WORD] != 0


def test_each_layer_has_its_part_of_the_cache(zoo: Zoo) -> None:
    runner = packed_runner(zoo.gguf("llama", quant="Q8_0"))
    runner.open("s", ())
    runner.forward("s", [1], 1)
    pool, kv_heads = runner.cache.pool, 2  # type: ignore[attr-defined]
    for layer, (rotation, attention) in enumerate(runner.decoder._program.caches):  # type: ignore[attr-defined]
        keys, values = pool[layer, 0].data_ptr(), pool[layer, kv_heads].data_ptr()
        step = pool.stride(1) * pool.element_size()
        assert rotation[9:12].tolist() == attention[5:8].tolist() == [keys, values, step]


@pytest.mark.parametrize("capacity", [1, 16, 64])
def test_memory_of_rows(zoo: Zoo, capacity: int) -> None:
    config = packed_runner(zoo.gguf("llama", quant="Q8_0")).decoder.config
    memory = RowMemory(config, capacity)
    assert memory.x.shape == (capacity, config.hidden_size)
    assert memory.qkv.shape == (capacity, (4 + 2 * 2) * 16)
    assert memory.gate_up.shape == (capacity, 2 * config.intermediate_size)
    assert memory.records[32].size >= capacity * config.intermediate_size // 32 * 40
    assert np.array_equal(memory.rows, np.arange(capacity))
    assert memory.count(2) - memory.count(0) == 16
