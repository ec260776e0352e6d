"""Times of linear layers: each shape in every implementation that exists here, by layer and by row count."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.bench.experiments import kernels
from helix_app.bench.profile import layer_times
from helix_app.bench.profile.layer_times import HEAD, ROWS, Timed, in_use, kind_of, others, rate, short
from helix_app.bench.profile.passes import LINEARS
from helix_app.engine.kernels import low_bit
from helix_app.engine.kernels.linear import PlainLinear
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.bench.instruments.tiny import Clock, opened, small_machine
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of

LINEARS_TABLE = 1  # of ``bench kernels``


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rounds over little memory."""
    small_machine(monkeypatch)


def going_on() -> bool:
    """Nobody stops it."""
    return False


@pytest.mark.parametrize("name", ["llama", "llama-tied", "llama-gqa3", "llama-wide-heads", "qwen2", "qwen2_moe"])
def test_shapes_are_those_that_the_layers_compute(zoo: Zoo, name: str) -> None:
    decoder = runner_of(zoo.gguf(name)).decoder
    shapes = decoder.shapes
    assert ({*LINEARS, HEAD} <= set(shapes)) == ("moe" not in name)
    for layer, fn in decoder.linears:
        rows, columns = shapes[layer]
        assert fn(torch.zeros(3, columns)).shape == (3, rows)


def test_layers_in_use_are_averaged_and_the_first_round_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    monkeypatch.setattr(layer_times, "time", clock)

    class Slow:
        """Takes so long a row, and ten times that in the first round."""

        def __init__(self, seconds: float) -> None:
            self.weight, self.seconds, self.calls = torch.zeros(4, 4), seconds, 0

        def __call__(self, x: torch.Tensor) -> torch.Tensor:
            self.calls += 1
            clock.now += self.seconds * len(x) * (10 if self.calls <= len(ROWS) else 1)
            return x

    walk = [(name, Slow(seconds)) for seconds in (1.0, 3.0) for name in LINEARS]
    shapes = dict.fromkeys((*LINEARS, HEAD), (4, 4))
    decoder: Any = SimpleNamespace(linears=[*walk, (HEAD, Slow(7.0))], shapes=shapes, dtype=torch.float32)
    found = in_use(decoder, 2, random.Random(1), going_on)
    assert [timed.name for timed in found] == [*LINEARS, HEAD]
    for timed in found:
        a_row = 7.0 if timed.name == HEAD else 2.0
        assert timed.seconds == {rows: pytest.approx([a_row * rows] * 2) for rows in ROWS}
        assert (timed.kind, timed.in_use, timed.size) == ("Slow f32", True, 64)


def test_other_implementations_are_those_that_are_not_in_use(zoo: Zoo) -> None:
    path = zoo.gguf("llama-q4")
    decoder = runner_of(path).decoder
    with open_weights(inspect(path)) as source:
        for name in (*LINEARS, HEAD):
            made = list(others(decoder, source, name, 0, 1, random.Random(1), going_on))
            kinds = [timed.kind for timed in made]
            assert len(kinds) == len(set(kinds))
            assert "plain f32" not in kinds
            assert not any(timed.in_use for timed in made)
            assert {timed.shape for timed in made} <= {decoder.shapes[name]}
            for timed in made:
                assert set(timed.seconds) == set(ROWS)
                if timed.kind.startswith("int"):
                    assert timed.size < decoder.shapes[name][0] * decoder.shapes[name][1] * 4
        assert list(others(decoder, source, HEAD, 0, 1, random.Random(1), lambda: True)) == []


def test_what_is_stopped_has_no_times(zoo: Zoo) -> None:
    found = in_use(runner_of(zoo.gguf("llama-q4")).decoder, 2, random.Random(1), lambda: True)
    assert [timed.name for timed in found] == [*LINEARS, HEAD]
    assert not any(timed.seconds for timed in found)


@pytest.mark.parametrize(("seconds", "bytes_a_second"), [([2.0, 1.0, 4.0], 50.0), ([], 0.0)])
def test_the_rate_is_that_of_one_row_and_its_median(seconds: list[float], bytes_a_second: float) -> None:
    timed = Timed("qkv", (5, 5), "plain", False, 100)
    timed.seconds[1] += seconds
    timed.seconds[2] += [0.001]
    assert rate(timed) == bytes_a_second


def test_names_of_implementations_and_formats() -> None:
    linear: Callable[[torch.Tensor], torch.Tensor] = PlainLinear(torch.zeros(2, 2), None)
    assert kind_of(linear) == "plain"
    assert kind_of(lambda x: x) == "function"
    assert [short(kind) for kind in (torch.float32, torch.bfloat16, torch.float16, torch.int8)] == [
        "f32",
        "bf16",
        "f16",
        "torch.int8",
    ]


# ------------------------------------------------------------------- in ``bench kernels``


def test_linear_layers_are_timed_in_every_implementation(zoo: Zoo) -> None:
    found = kernels.run(opened(zoo.gguf("llama-q4"), repeats=2))
    told = found.data["linears"]
    by_layer: dict[str, list[str]] = {}
    for one in told:
        by_layer.setdefault(one["layer"], []).append(one["weights"].split()[0])
        assert list(one["seconds"]) == ["1", "2", "3", "5", "9"]
        assert all(len(values) == 2 and min(values) > 0 for values in one["seconds"].values())
    assert list(by_layer) == ["qkv", "out", "gate_up", "down", "head"]
    exist = {"plain"} | {f"int{bits}" for bits in (4, 8) if low_bit.exists(bits, torch.device("cpu"))}
    for layer, kinds in by_layer.items():
        assert len(kinds) == len(set(kinds))
        # the head's 300 rows are not a multiple of 16
        assert set(kinds) - {"oneDNN"} == (exist - {"int4"} if layer == "head" else exist)
    assert sum(one["in_use"] for one in told) == 5
    table = found.more[LINEARS_TABLE]
    assert [row[0].split()[0] for row in table.rows] == sorted((one["layer"] for one in told), key=list(by_layer).index)
    assert table.columns[3:8] == ("1 row", "2 rows", "3 rows", "5 rows", "9 rows")


def test_kernels_that_do_not_exist_are_left_out(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*args: object) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(low_bit, "exists", lambda bits, device: False)
    monkeypatch.setattr(layer_times, "OneDnnLinear", missing)
    found = kernels.run(opened(zoo.gguf("llama-biases")))
    assert {one["weights"] for one in found.data["linears"] if not one["in_use"]} <= {"plain f32"}
    assert len(found.more) == 3
