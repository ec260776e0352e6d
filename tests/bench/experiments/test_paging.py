"""``bench paging`` on a tiny model: whose time stands where, and slots counted once."""

from __future__ import annotations

import json

import pytest
import torch

from helix_app.bench.experiments import experiment, paging
from helix_app.engine.kernels.attention import Span
from tests.bench.instruments.tiny import Clock, opened
from tests.engine.made.tiny import Zoo

SECONDS = {"contiguous": 1.0, "adjacent": 1.5, "scattered": 4.0}


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few steps and short replies."""
    for name, value in (("CONTEXTS", (32, 64, 32768)), ("_STEPS", 2), ("_REPLIES", 4), ("_REPLY_TOKENS", 24)):
        monkeypatch.setattr(paging, name, value)


def kind_of(view: object) -> str:
    """Which cache a step reads."""
    if isinstance(view, paging._Contiguous):
        return "contiguous"
    blocks = list(view.blocks)  # type: ignore[attr-defined]
    return "adjacent" if blocks == list(range(blocks[0], blocks[0] + len(blocks))) else "scattered"


@pytest.mark.parametrize("name", ["llama-long", "qwen35"])
def test_each_cache_has_its_own_time(zoo: Zoo, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    bench, clock, seen = opened(zoo.gguf(name), repeats=2), Clock(), dict[str, list[torch.Tensor]]()
    decoder, forward_many = bench.session.runner.decoder, bench.session.runner.decoder.forward_many

    def timed(ids: torch.Tensor, spans: tuple[Span, ...]) -> torch.Tensor:
        kind = kind_of(spans[0].view)
        clock.now += SECONDS[kind]
        logits = forward_many(ids, spans)
        seen.setdefault(f"{spans[0].start} {kind}", []).append(logits)
        return logits

    monkeypatch.setattr(decoder, "forward_many", timed)
    monkeypatch.setattr(paging, "time", clock)
    monkeypatch.setattr(paging, "_mixed_run", lambda bench: (0.25, 0.5, 1000))
    found = paging.run(bench)
    assert found.columns[1:] == ("Contiguous ms", "Adjacent blocks", "Scattered blocks")
    assert found.rows == [("32", "1000.00", "1.500", "4.000"), ("64", "1000.00", "1.500", "4.000")]
    assert found.data["step_seconds"] == {
        f"{context} {arm}": [SECONDS[arm]] * 4 for context in (32, 64) for arm in paging.ARMS
    }
    for context in (32, 64):  # the contiguous cache holds what the adjacent blocks hold, so only the way differs
        plain, paged = seen[f"{context} contiguous"], seen[f"{context} adjacent"]
        assert torch.allclose(plain[-1], paged[-1], atol=1e-4)
    assert "25.0 % of the slots allocated to those of 24 tokens or more held no token" in found.notes[0]
    assert "50 % of 1,000 sequence passes" in found.notes[0]
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))["format"] == "helix-bench-paging"


def test_stopped_it_tells_no_times(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = opened(zoo.gguf("llama-long"))
    bench.cancel.set()
    monkeypatch.setattr(paging, "_mixed_run", lambda bench: (0.0, 0.0, 0))
    assert paging.run(bench).rows == []


def test_slots_that_hold_nothing_are_counted_once(zoo: Zoo) -> None:
    """Only of a sequence's last block slots may be free: of long ones at most 15 beside the tokens they hold."""
    bench = opened(zoo.gguf("llama-long"))
    found = paging.run(bench)
    size, least = bench.session.runner.pool.block_size, paging._REPLY_TOKENS
    assert 0 < found.data["wasted_share"] < (size - 1) / (least + size - 1)
    assert 0.5 < found.data["adjacent_share"] <= 1
    assert not bench.session.runner.pool.tables()


@pytest.mark.parametrize(("typical", "blocks"), [(16, 1), (17, 2), (256, 16), (1000, 63)])
def test_conversations_that_fit_are_counted_in_whole_blocks(typical: int, blocks: int) -> None:
    assert paging.fitting(16 * 2048, typical, 16) == 2048 // blocks
    note = paging._capacity(typical, 16)
    assert note.startswith(f"Conversations of {typical:,} tokens in the memory of 4 contiguous reservations of 2,048: ")
    assert f"{512 // blocks} paged, 4 contiguous ({512 // blocks / 4:.1f}x)" in note
