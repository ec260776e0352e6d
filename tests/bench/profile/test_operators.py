"""Operators by part of the model: made-up events, and passes of a tiny model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
import torch

from helix_app.bench.profile import operators
from helix_app.bench.profile.operators import ATTENTION, CACHE, LINEAR, NORM, OTHER, PYTHON, ROTARY, Taken
from helix_app.bench.profile.passes import Passes
from helix_app.engine.models import residual, rope
from helix_app.engine.models.parts import part
from tests.bench.instruments.tiny import opened
from tests.engine.made.tiny import Zoo

CPU, CUDA = torch.autograd.DeviceType.CPU, torch.autograd.DeviceType.CUDA


@dataclass
class Event:
    """As the profiler gives them."""

    name: str
    self_cpu_time_total: float
    cpu_parent: Any = None
    self_device_time_total: float = 0.0
    device_type: Any = CPU


def test_an_operator_belongs_to_the_innermost_function_it_runs_in() -> None:
    attend = Event("helix: Attention", 50.0)
    write = Event("helix: Cache writes", 50.0, attend)
    outer = Event("aten::copy_", 3.0, write)
    events = [
        attend,
        write,
        outer,
        Event("aten::empty", 2.0, outer),
        Event("aten::matmul", 7.0, attend),
        Event("mkldnn::_linear_pointwise", 11.0),
        Event("aten::rms_norm", 5.0),
        Event("aten::add", 1.0),
    ]
    got = operators.grouped(events, 100.0)
    assert {group: spent for group, spent in got.spent.items() if spent} == {
        CACHE: 5.0,
        ATTENTION: 7.0,
        LINEAR: 11.0,
        NORM: 5.0,
        OTHER: 1.0,
    }
    assert got.calls == {LINEAR: 1, ATTENTION: 1, NORM: 1, ROTARY: 0, CACHE: 1, OTHER: 1}
    assert sum(got.inner.values()) == got.inner[CACHE] == 1


def test_on_cuda_kernels_count_once() -> None:
    events = [Event("aten::mm", 9.0, None, 40.0), Event("gemm", 0.0, None, 40.0, CUDA)]
    got = operators.grouped(events, 100.0, cuda=True)
    assert got.spent[LINEAR] == sum(got.spent.values()) == 40.0


def test_what_profiling_adds_is_taken_off() -> None:
    def taken(wall: float, linear: float) -> Taken:
        none = dict.fromkeys(operators.GROUPS, 0)
        return Taken(wall, none | {LINEAR: linear}, none | {LINEAR: 10}, none | {LINEAR: 20})  # type: ignore[arg-type]

    # of 160 us 10 + 20 operators' profiling took 30: 20 inside of the layers' 100, 10 of the other 60
    got = operators.shares([150.0, 130.0], [taken(200.0, 120.0), taken(160.0, 100.0)], 1.0)
    assert got.total == 130.0
    assert (got.spent[LINEAR], got.spent[PYTHON]) == (80.0, 50.0)
    busy = operators.shares([65.0], [taken(160.0, 100.0)], 1.0)
    assert (busy.spent[LINEAR], busy.spent[PYTHON]) == (40.0, 25.0)


def test_a_pass_of_a_tiny_model_is_told_apart(zoo: Zoo) -> None:
    model = opened(zoo.gguf("llama")).session.runner.decoder
    passes = Passes(model, 16, 64, False)
    before = part.run_linear, rope.rotate_, residual.MirroredResidual.normed
    plain = passes.logits(64, 1)
    got = operators.profiled(lambda: passes.logits(64, 1), model.device)
    assert (part.run_linear, rope.rotate_, residual.MirroredResidual.normed) == before
    assert all(got.spent[group] > 0 and got.calls[group] > 0 for group in operators.GROUPS)
    layers = model.config.num_layers
    assert got.calls[LINEAR] == 4 * layers + 1
    assert sum(got.spent.values()) < got.wall
    assert torch.equal(passes.logits(64, 1), plain)


def test_functions_are_put_back_when_a_pass_fails(zoo: Zoo) -> None:
    before = part.run_linear
    with pytest.raises(ZeroDivisionError):
        operators.profiled(lambda: 1 // 0, torch.device("cpu"))
    assert part.run_linear is before


def test_profiling_costs_something_finite(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(operators, "_TRIED", 20)
    monkeypatch.setattr(operators, "_TRIALS", 2)
    assert 0 <= operators.profiling_cost() < 1e6
    assert capfd.readouterr() == ("", "")
