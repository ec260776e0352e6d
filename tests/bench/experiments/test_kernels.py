"""``bench kernels`` on tiny models: structure, figures that belong together, what is left out where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from helix_app.bench.experiments import experiment, kernels
from helix_app.bench.experiments.experiment import Experiment
from helix_app.bench.profile import bandwidth, operators
from helix_app.engine.kernels import low_bit
from helix_app.engine.measuring import formats
from tests.bench.instruments.tiny import opened, small_machine
from tests.engine.made.tiny import Zoo

LIMITS, _, JUDGING = range(3)
needs_int4 = pytest.mark.skipif(not low_bit.exists(4, torch.device("cpu")), reason="this PyTorch has no int4")


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rounds over little memory."""
    small_machine(monkeypatch)


@pytest.fixture
def packed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four bits are taken at any speed."""
    monkeypatch.setattr(formats, "int4_share", lambda *_: 0.5)


def check_step(found: Experiment) -> None:
    """Parts add up to the step, in the table and in the data."""
    parts, step = found.rows[:-1], found.rows[-1]
    assert [row[0] for row in found.rows] == [*operators.GROUPS, operators.PYTHON, "Whole step"]
    assert sum(float(row[2].rstrip("%")) for row in parts) == pytest.approx(100, abs=0.4)
    assert sum(int(row[1].replace(",", "")) for row in parts) == pytest.approx(int(step[1].replace(",", "")), abs=4)
    told = found.data["step"]
    assert sum(told["parts_us"].values()) == pytest.approx(told["wall_us"])
    assert told["wall_us"] == min(told["plain_us"])
    assert step[3] == f"{sum(told['calls'].values()):,}"
    assert len(told["plain_us"]) == len(told["profiled_us"])


def test_layers_that_differ_are_left_out_with_a_word(zoo: Zoo) -> None:
    found = kernels.run(opened(zoo.gguf("qwen35")))
    check_step(found)
    assert len(found.more) == 2
    assert any("compared where all layers have the same" in note for note in found.notes)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_every_part_is_there_and_fits(zoo: Zoo, dtype: str) -> None:
    bench = opened(zoo.gguf("llama-q4"), dtype=dtype)
    found = kernels.run(bench)
    check_step(found)
    assert len(found.more) == 3
    limits = found.data["limits"]
    assert limits["share"] == limits["reached_bytes_per_second"] / max(limits["read_bytes_per_second"])
    assert found.more[LIMITS].rows[-1][1] == f"{100 * limits['share']:.1f} %"
    assert [row[0] for row in found.more[JUDGING].rows] == ["Temperature 0", "Temperature 0.8"]
    assert sorted(found.data["judging_us"]) == ["0 1", "0 5", "0.8 1", "0.8 5"]
    document = json.loads(experiment.document(found, bench.config, bench.ready, "a command"))
    assert document["format"] == "helix-bench-kernels"
    assert [table["title"] for table in document["more"]] == [table.title for table in found.more]
    text = experiment.text(found)
    assert all(table.title in text for table in found.more)


@needs_int4
@pytest.mark.usefixtures("packed")
@pytest.mark.parametrize("quant", ["Q4_0", "F32"])
def test_four_bit_weights(zoo: Zoo, quant: str) -> None:
    bench = opened(zoo.gguf("llama-q4", quant=quant), dtype="int4")
    assert bench.ready.dtype == "int4"
    found = kernels.run(bench)
    check_step(found)
    used = {one["layer"]: one for one in found.data["linears"] if one["in_use"]}
    assert used["qkv"]["weights"] == "int4 bf16"
    rows, columns = used["qkv"]["shape"]
    assert used["qkv"]["bytes"] == rows * columns // 2 + rows * columns // 32 * 2 * 2
    assert used["head"]["weights"].split()[0] in ("plain", "oneDNN")
    others = {one["weights"].split()[0] for one in found.data["linears"] if one["layer"] == "qkv"}
    assert {"plain", "int4", "int8"} <= others


@pytest.mark.parametrize("name", ["llama-tied", "llama-wide-heads", "qwen2"])
def test_other_shapes(zoo: Zoo, name: str) -> None:
    found = kernels.run(opened(zoo.folder(name)))
    check_step(found)
    assert len(found.more) == 3


@pytest.mark.parametrize(
    ("stop_at", "tables"), [("decode step 1", 0), ("decode step 4", 0), ("linear layers, out", 2), ("judging", 3)]
)
def test_a_cancelled_run_keeps_what_is_done(zoo: Zoo, stop_at: str, tables: int) -> None:
    found = kernels.run(opened(zoo.gguf("llama-q4"), stop_at=stop_at, repeats=2))
    assert len(found.more) == tables
    assert bool(found.rows) is (stop_at != "decode step 1")
    if found.rows:
        check_step(found)
    assert experiment.text(found)


def test_on_another_device_the_step_is_timed_and_the_rest_named(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernels, "_kind", lambda bench: "privateuseone")
    found = kernels.run(opened(zoo.gguf("llama")))
    assert [row[0] for row in found.rows] == ["Whole step"]
    assert [table.title for table in found.more] == ["Microseconds to judge one round: median (lowest to highest)"]
    assert sum("Left out on this device" in note for note in found.notes) == 2


def test_a_profiler_that_does_not_work_is_left_out(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: Callable[[], object], device: torch.device) -> operators.Taken:
        raise RuntimeError("no profiler")

    monkeypatch.setattr(operators, "profiled", broken)
    found = kernels.run(opened(zoo.gguf("llama")))
    assert [row[0] for row in found.rows] == ["Whole step"]
    assert len(found.more) == 3


def test_the_cache_is_the_largest_that_the_system_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(bandwidth, "_CACHES", tmp_path)
    assert bandwidth.cache_bytes() == bandwidth._ASSUMED
    for i, size in enumerate(("32K\n", "1024K\n", "33M\n", "much\n", "")):
        (tmp_path / f"index{i}").mkdir()
        (tmp_path / f"index{i}" / "size").write_text(size)
    assert bandwidth.cache_bytes() == 33 * 2**20
