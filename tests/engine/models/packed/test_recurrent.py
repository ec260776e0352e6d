"""Recurrent layers and gated attention on packed weights: the dense layers' numbers on the same blocks, and the same
bits whatever runs beside a row, is taken back, or is found in the cache."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from helix_app.engine.cache.state_cache import Added
from helix_app.engine.kernels.attention import EXACT_ROWS
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.packed import decoder as packed_decoder
from helix_app.engine.models.packed.decoder import PackedDecoder, packed_formats, pool_of
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.engine.models.packed.recurrent import RecurrentMemory
from helix_app.engine.models.parts import attention
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made import tiny
from tests.engine.made.packed_files import in_blocks
from tests.engine.made.tiny import Zoo
from tests.engine.models.packed.test_decoder import packed_runner
from tests.engine.models.test_decoder import CPU, logits_of, runner_of, some_ids
from tests.engine.runs.paged import paged

NAME, TIED, LONG = "qwen35-blocks-loopy", "qwen35-blocks-loopy-tied", EXACT_ROWS + 40
REAL = {  # sizes of Qwen3.5's own heads
    "hidden_size": 256,
    "intermediate_size": 256,
    "head_dim": 64,
    "linear_num_value_heads": 2,
    "linear_key_head_dim": 128,
    "linear_value_head_dim": 128,
}
Patch = pytest.MonkeyPatch


def on_blocks(path: Path, patch: Patch) -> ModelRunner:
    """The dense decoder in float32 on the same blocks, its keys and values rounded as the packed cache rounds them."""
    files, real = inspect(path), attention.rope.rotate_

    def rotate(x: torch.Tensor, heads: int, cos: torch.Tensor, sin: torch.Tensor) -> None:
        real(x, heads, cos, sin)
        kv_heads = files.config.num_kv_heads
        both = x[:, heads - kv_heads : heads + kv_heads]
        both.copy_(both.half())

    patch.setattr(attention.rope, "rotate_", rotate)
    linears = PackedLinears(shared(), pool_of(shared(), 1))
    decoder = Decoder(files.config, dtype=torch.float32, device=CPU, max_positions=256, packed=linears)
    with open_weights(files) as source:
        for _ in decoder.load(source):
            pass
    return paged(decoder, 16)


@pytest.mark.parametrize(("name", "quant"), [(NAME, "Q8_0"), (TIED, "Q4_0")])
def test_its_numbers_are_those_of_the_dense_layers_on_the_same_blocks(
    zoo: Zoo, monkeypatch: Patch, name: str, quant: str
) -> None:
    """But for rows behind one where a last place makes another integer of an activation; and near those of dequantised
    ones."""
    path, ids = zoo.gguf(name, quant=quant), some_ids(LONG, 4)
    packed, unpacked = packed_runner(path, 1), runner_of(path)
    assert packed.decoder.parameters == unpacked.decoder.parameters
    got, far = (logits_of(runner, ids).double() for runner in (packed, unpacked))
    want = logits_of(on_blocks(path, monkeypatch), ids).double()
    errors = (got - want).norm(dim=1) / want.norm(dim=1)
    assert float(errors.quantile(0.15)) < 1e-4
    assert float(errors.max()) < 0.1
    assert 0 < float((got - far).norm() / far.norm()) < 0.1


def one_by_one(runner: ModelRunner, ids: list[int]) -> torch.Tensor:
    """Logits of rows that each ran in a pass of its own and stayed."""
    return logits_of(runner, ids, list(range(1, len(ids))))


@pytest.fixture(scope="module")
def single(zoo: Zoo) -> ModelRunner:
    return packed_runner(zoo.gguf(NAME, quant="Q4_0"), 1)


@pytest.fixture(scope="module")
def wanted(single: ModelRunner) -> torch.Tensor:
    return one_by_one(single, some_ids(LONG, 5))


@pytest.fixture
def crowd(zoo: Zoo) -> ModelRunner:
    order = torch.randperm(40, generator=torch.Generator().manual_seed(3)).tolist()
    return packed_runner(zoo.gguf(NAME, quant="Q4_0"), 2, order)


def check_bits(runner: ModelRunner, wanted: torch.Tensor) -> None:
    """Rows of a text in passes of any size, beside another text, with rows taken back between, and behind a prefix."""
    ids, other = some_ids(LONG, 5), some_ids(LONG, 6)
    for cuts in ([], [1, 3, 6, 10, 15, 21, 28, 36], [7, 40, 41, 100]):  # 1 to 8 rows, and more than a round has
        assert torch.equal(logits_of(runner, ids, cuts), wanted)
    runner.open("a", ())
    runner.open("b", ())
    at = 0
    for count in (20, 1, 5, 3, EXACT_ROWS + 2):
        wrong = Rows("a", other[-4:], 2)
        runner.forward_many([Rows("b", other[:9], 1), wrong])
        runner.commit("a", ids[:at])
        runner.commit("b", ())
        rows, _ = runner.forward_many([Rows("a", ids[at : at + count], count), Rows("b", other[:2], 1)])
        runner.commit("b", ())
        assert torch.equal(rows, wanted[at : at + count])
        at += count - (count // 3 if count <= EXACT_ROWS else 0)  # the last ones are taken back, and run again
        runner.commit("a", ids[:at])
    runner.close("a")
    runner.close("b")
    found = runner.open("c", ids)
    assert found >= 16
    assert torch.equal(runner.forward("c", ids[found:], len(ids) - found), wanted[found:])
    runner.close("c")
    runner.pool.clear_cache()
    runner.pool.check_integrity()


def test_bits_do_not_depend_on_what_ran_before_or_beside(crowd: ModelRunner, wanted: torch.Tensor) -> None:
    check_bits(crowd, wanted)


def replayed_otherwise(patch: Patch) -> None:
    """States are made again by an arithmetic that rounds once more than theirs."""

    def replay(state: torch.Tensor, added: Added) -> None:
        for decay, key, delta in zip(added.decays, added.keys, added.deltas):
            state.mul_(decay[:, None, None]).add_(key[:, :, None] * delta[:, None])

    patch.setattr(packed_decoder, "Replay", lambda *_: replay)


def one_row_is_enough(patch: Patch) -> None:
    """Rows behind the first one find the state that this one found."""
    real = RecurrentMemory.begin

    def begin(self: RecurrentMemory, views: Any, layer: int) -> None:
        real(self, views, layer)
        self.own[:] = 0

    patch.setattr(RecurrentMemory, "begin", begin)


def border_is_the_end(patch: Patch) -> None:
    """Of a prompt's piece the last state is kept for its last border."""
    real = RecurrentMemory.begin

    def begin(self: RecurrentMemory, views: Any, layer: int) -> None:
        real(self, views, layer)
        self.table[:, 3] = np.where(self.table[:, 3] > 0, self.table[:, 1], 0)

    def keep(self: RecurrentMemory, views: Any, layer: int) -> None:
        for view, row in zip(views, self.table):
            row[3] = view.border if row[3] else 0
        kept(self, views, layer)

    kept = RecurrentMemory.keep
    patch.setattr(RecurrentMemory, "begin", begin)
    patch.setattr(RecurrentMemory, "keep", keep)


@pytest.mark.parametrize("mutant", [replayed_otherwise, one_row_is_enough, border_is_the_end], ids=lambda x: x.__name__)
def test_what_is_wrong_shows(
    crowd: ModelRunner, wanted: torch.Tensor, monkeypatch: Patch, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    with pytest.raises(AssertionError):
        check_bits(crowd, wanted)


def test_heads_of_the_real_size_in_blocks_of_256_columns(tmp_path: Path, monkeypatch: Patch) -> None:
    """And a gate that the file holds in blocks is unpacked."""
    monkeypatch.setitem(tiny.SHAPES, "qwen35-wide", ("qwen35", REAL))
    plain = tiny.as_stored
    monkeypatch.setattr(tiny, "as_stored", lambda x, kind: in_blocks(x, "Q4_K") if kind is not None else plain(x, kind))
    path = tiny.write_gguf("qwen35-wide", 0, tmp_path / "m.gguf", "Q4_K")
    files, ids = inspect(path), some_ids(80, 7)
    assert packed_formats(files) == {"Q4_K"}
    packed, other = packed_runner(path, 2), packed_runner(path, 1)
    got = logits_of(packed, ids)
    want = logits_of(on_blocks(path, monkeypatch), ids)
    errors = (got - want).norm(dim=1) / want.norm(dim=1)
    assert float(errors.quantile(0.15)) < 1e-4
    assert torch.equal(one_by_one(other, ids), got)


def test_what_runs_packed(zoo: Zoo) -> None:
    files = inspect(zoo.gguf(NAME, quant="Q8_0"))
    assert packed_formats(files) == {"Q8_0"}
    config, sizes = files.config, files.config.recurrent
    assert sizes is not None
    for change in (
        {"recurrent": replace(sizes, key_dim=12)},
        {"recurrent": replace(sizes, value_dim=12)},
        {"interleaved": True},
        {"rotary_size": 8},
    ):
        assert packed_formats(replace(files, config=replace(config, **change))) == frozenset()
    for name in ("qwen35-loopy", "qwen35"):  # heads of 24
        assert packed_formats(inspect(zoo.gguf(name, quant="Q8_0"))) == frozenset()


def test_what_a_pass_reads_and_holds(zoo: Zoo) -> None:
    path = zoo.gguf(NAME, quant="Q8_0")
    decoder = packed_runner(path).decoder
    assert isinstance(decoder, PackedDecoder)
    assert set(decoder.kernels) == {"Q8_0"}
    assert decoder.can_be_exact
    with open_weights(inspect(path)) as source:
        whole, parts = source.packed("q", 1), source.packed_parts("q_gate", 1)
    assert whole is not None
    assert parts is not None
    assert all(np.shares_memory(one.raw, whole.raw) for one in parts), "nothing is copied"
    assert sum(one.rows for one in parts) * 2 == whole.rows
