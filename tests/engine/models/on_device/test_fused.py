"""Operators of the device's library are used where they compute the same, and left alone where they do not."""

from __future__ import annotations

import sys
import types
from typing import Any

import pytest
import torch

from tests.engine.directml.simulated import decoder_there, runner_there
from tests.engine.directml.simulated_directml import DeviceTensor, SimulatedDirectML
from tests.engine.made.tiny import Zoo
from tests.engine.models.on_device.test_layers import TOLERANCE, device as device, fed
from tests.engine.models.test_decoder import runner_of, some_ids


def library(device: SimulatedDirectML, **wrong: Any) -> types.ModuleType:
    """A stand-in for torch_directml with its functions; each counts as one operator."""

    def one(name: str, function: Any) -> Any:
        def run(*args: Any) -> DeviceTensor:
            device.operators[name] += 1
            return DeviceTensor(function(*(a.inner if isinstance(a, DeviceTensor) else a for a in args)), device)

        return run

    def rmsnorm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
        assert x.dtype == weight.dtype == torch.float32
        return x * (x.square().mean(dim=-1, keepdim=True) + eps).rsqrt() * weight

    def mlp_llama(x: torch.Tensor, gate: torch.Tensor, up: torch.Tensor, down: torch.Tensor) -> torch.Tensor:
        F = torch.nn.functional
        return F.linear(F.silu(F.linear(x, gate)) * F.linear(x, up), down)

    module = types.ModuleType("torch_directml")
    for name, function in {"rmsnorm": rmsnorm, "mlp_llama": mlp_llama, **wrong}.items():
        setattr(module, name, one(name, function))
    return module


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_fused_operators_are_used_where_they_agree(
    zoo: Zoo, device: SimulatedDirectML, monkeypatch: pytest.MonkeyPatch, dtype: torch.dtype
) -> None:
    ids = some_ids(40)
    wanted = fed(runner_of(zoo.gguf("llama")), ids, ())
    monkeypatch.setitem(sys.modules, "torch_directml", library(device))
    decoder = decoder_there(zoo.gguf("llama"), dtype)
    device.reset()
    got = fed(runner_there(decoder), ids, (30, 5, 1))
    assert float((got - wanted).abs().max()) < (TOLERANCE if dtype == torch.float32 else 0.1)
    assert device.operators["rmsnorm"] == 4 * 5
    assert device.operators["mlp_llama"] == 4 * 2
    assert not device.operators["silu"]
    assert not device.operators["rsqrt"]


def raising(*args: Any) -> torch.Tensor:
    raise RuntimeError("DirectML kernel is not implemented!")


@pytest.mark.parametrize(
    "wrong",
    [
        {"rmsnorm": lambda x, weight, eps: x / x.norm(dim=-1, keepdim=True)},
        {"rmsnorm": lambda x, weight, eps: x * float("nan")},
        {"rmsnorm": raising},
        {"mlp_llama": lambda x, gate, up, down: x},
        {"mlp_llama": raising},
        {"mlp_llama": lambda x: x},
    ],
)
def test_a_fused_operator_that_does_not_agree_is_left_alone(
    zoo: Zoo,
    device: SimulatedDirectML,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    wrong: dict[str, Any],
) -> None:
    ids = some_ids(20)
    wanted = fed(runner_of(zoo.gguf("llama")), ids, ())
    monkeypatch.setitem(sys.modules, "torch_directml", library(device, **wrong))
    decoder = decoder_there(zoo.gguf("llama"))
    device.reset()
    assert float((fed(runner_there(decoder), ids, ()) - wanted).abs().max()) < TOLERANCE
    (name,) = wrong
    assert not device.operators[name]
    assert device.operators["rmsnorm" if name == "mlp_llama" else "mlp_llama"]
    assert f"torch_directml.{name} is not used" in caplog.text


def test_fused_operators_can_be_switched_off(
    zoo: Zoo, device: SimulatedDirectML, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch_directml", library(device))
    monkeypatch.setenv("HELIX_DIRECTML_FUSED", "0")
    fed(runner_there(decoder_there(zoo.gguf("llama-biases"))), some_ids(5), ())
    assert not device.operators["rmsnorm"]
    assert not device.operators["mlp_llama"]
