"""What a loaded model takes, as the engine tells it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from helix_app.engine.loading.fitting import memory_use
from helix_app.engine.loading.fitting.memory_use import given_back
from helix_app.engine.machine import memory
from helix_app.engine.machine.devices.device import Device, cpu
from helix_app.protocol.events import Finished
from helix_app.protocol.models.loading import MemoryUse, ModelReady
from tests.engine.made.tiny import Zoo, ask, events, loaded, session_of
from tests.engine.test_engine import load


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama")


def test_what_this_process_holds_grows_with_it() -> None:
    before = memory.resident_memory()
    assert before is not None
    held = torch.ones(64 * 2**20, dtype=torch.uint8)
    after = memory.resident_memory()
    assert after is not None
    assert after - before > held.nbytes * 0.9


def test_a_load_and_each_reply_end_with_it(target: Path) -> None:
    engine = loaded(target)
    ready = engine.ready
    assert ready is not None
    assert ready.memory is not None
    assert ready.memory.weights == ready.parameters * 4  # float32
    assert ready.memory.cache == ready.target_blocks * ready.target_block_bytes
    assert ready.memory.device_used is None
    seen = events(engine, ask(max_tokens=4))
    assert isinstance(seen[-1], Finished)
    assert isinstance(seen[-2], MemoryUse)
    assert seen[-2].cache == ready.memory.cache


def test_a_draft_model_counts(target: Path) -> None:
    alone, both = loaded(target), loaded(target, target)
    one, two = memory_use.memory_use(session_of(alone)), memory_use.memory_use(session_of(both))
    assert two.weights == 2 * (one.weights or 0)
    assert two.cache == 2 * (one.cache or 0)


def test_the_copy_of_a_model_shares_its_cache(zoo: Zoo) -> None:
    seen = load(loaded(zoo.gguf("llama")), zoo.gguf("llama"), draft="ngram")
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.target_file == str(zoo.gguf("llama"))


def test_what_a_load_gives_back_lies_on_its_own_device(target: Path) -> None:
    session = session_of(loaded(target))
    assert given_back(None, cpu()) == 0
    assert given_back(session, Device("cuda", torch.device("cuda"), "a card")) == 0
    assert given_back(session, cpu()) > 0


def test_pages_of_the_cache_that_were_never_written_are_not_given_back(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = session_of(loaded(target))
    monkeypatch.setattr(memory_use, "anonymous_memory", lambda: 12_345)
    assert given_back(session, cpu()) == 12_345
