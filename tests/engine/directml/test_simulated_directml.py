"""The simulated device is strict: each thing that DirectML cannot do is caught, and what it can do works."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
import torch
import torch.nn.functional as F

from helix_app.base.process.paths import resource
from tests.engine.directml.simulated_directml import DEVICE, DirectMLViolation, SimulatedDirectML, resolution

HERE = torch.arange(12.0).view(3, 4)


@pytest.fixture
def device() -> Iterator[SimulatedDirectML]:
    with torch.no_grad(), SimulatedDirectML() as made:
        yield made


@pytest.fixture
def x(device: SimulatedDirectML) -> torch.Tensor:
    """``HERE`` on the device."""
    there = HERE.to(DEVICE)
    device.reset()
    return there


# --------------------------------------------------------------------------- what it can do


def test_tensors_are_made_moved_and_changed_there(device: SimulatedDirectML) -> None:
    x = torch.zeros(3, 4, device=DEVICE)
    assert x.device == DEVICE
    assert not x.is_cpu
    x.narrow(0, 1, 1).copy_(torch.ones(1, 4).to(DEVICE))
    x.transpose(0, 1)[2:].mul_(3)
    x[:, 0] = 5.0
    assert x.cpu().tolist() == [[5, 0, 0, 0], [5, 1, 3, 3], [5, 0, 0, 0]]
    assert x[torch.tensor([2, 1]).to(DEVICE)].cpu().tolist() == [[5, 0, 0, 0], [5, 1, 3, 3]]
    x[:, torch.tensor([1, 3]).to(DEVICE)] = torch.full((3, 2), 7.0).to(DEVICE)
    assert x[1, None, ...].cpu().tolist() == [[5, 7, 3, 7]]
    assert (x.to(torch.float16) + 1).float().cpu()[0].tolist() == [6, 8, 1, 8]
    assert not device.violations


def test_operators_are_counted_by_what_runs(device: SimulatedDirectML, x: torch.Tensor) -> None:
    y = torch.addmm(x, x, torch.zeros(4, 4, device=DEVICE))
    y = F.silu(y.clone()).softmax(dim=-1)
    y.view(-1).narrow(0, 0, 2)
    assert dict(device.operators) == {"zero_": 1, "addmm": 1, "copy_": 1, "silu": 1, "_softmax": 1}
    assert sum(device.views.values()) == 2
    assert device.synchronisations == device.uploads == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda x: x.cpu(),
        lambda x: torch.empty(3, 4).copy_(x),
        lambda x: float(x[0, 0]),
        lambda x: int(x.sum()),
        lambda x: x[1, 1].item(),
        lambda x: bool((x > 3).any()),
        lambda x: torch.ops.aten.nonzero.default(x),
        lambda x: torch.equal(x, x),
        lambda x: x.masked_select(x > 2),
    ],
)
def test_waiting_for_the_device_is_counted(
    device: SimulatedDirectML, x: torch.Tensor, ask: Callable[[torch.Tensor], object]
) -> None:
    ask(x)
    assert device.synchronisations == 1


def test_an_upload_is_no_wait(device: SimulatedDirectML, x: torch.Tensor) -> None:
    HERE.to(DEVICE)
    x.copy_(HERE)
    assert (device.synchronisations, device.uploads) == (0, 2)


def test_numbers_of_the_host_may_be_used(x: torch.Tensor) -> None:
    assert torch.equal(((x + 2) * torch.tensor(3.0)).cpu(), (HERE + 2) * 3)


def test_the_host_is_left_alone(device: SimulatedDirectML) -> None:
    assert (torch.ones(2, dtype=torch.bfloat16) * torch.tensor([True, False])).roll(1).tolist() == [0, 1]
    assert not device.operators
    assert not device.violations


# --------------------------------------------------------------------------- what it cannot do

FORBIDDEN: dict[str, tuple[Callable[[torch.Tensor], object], str]] = {
    "bfloat16": (lambda x: x.to(torch.bfloat16), "bfloat16"),
    "bfloat16 from the host": (lambda x: HERE.bfloat16().to(DEVICE), "bfloat16"),
    "float64": (lambda x: x.double(), "float64"),
    "float64 made there": (lambda x: torch.zeros(2, dtype=torch.float64, device=DEVICE), "float64"),
    "numbers times truth values": (lambda x: x * (x > 2), "truth values"),
    "the same in place": (lambda x: x.mul_(x > 2), "truth values"),
    "roll": (lambda x: x.roll(1), "falls back"),
    "index_copy": (lambda x: x.index_copy(0, torch.tensor([0]).to(DEVICE), x[:1]), "falls back"),
    "repeat_interleave": (lambda x: x.repeat_interleave(torch.tensor([1, 2, 1]).to(DEVICE), 0), "falls back"),
    "nan_to_num": (lambda x: x.nan_to_num(), "composed"),
    "clamp by a tensor": (lambda x: x.clamp(min=x), "falls back"),
    "searchsorted": (lambda x: torch.searchsorted(x, x), "falls back"),
    "fused attention": (
        lambda x: torch.ops.aten._scaled_dot_product_flash_attention_for_cpu(*[x.view(1, 1, 3, 4)] * 3),
        "fused attention",
    ),
    "two devices": (lambda x: x + HERE, "two devices"),
    "indices of the host": (lambda x: torch.ops.aten.index.Tensor(x, [torch.tensor([1])]), "two devices"),
    "two formats": (lambda x: x + x.half(), "float16 and float32"),
    "composed of others": (lambda x: torch.ops.aten.logsumexp(x, [1]), "composed"),
    "another library": (lambda x: torch.ops.prims.sin(x), "no operator"),
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_violation_is_caught(device: SimulatedDirectML, x: torch.Tensor, name: str) -> None:
    attempt, words = FORBIDDEN[name]
    with pytest.raises(DirectMLViolation, match=words):
        attempt(x)
    assert len(device.violations) == 1


def test_inference_mode_is_caught(device: SimulatedDirectML, x: torch.Tensor) -> None:
    with torch.inference_mode(), pytest.raises(DirectMLViolation, match="inference mode"):
        x + 1


def test_two_waits_in_a_round_are_caught(device: SimulatedDirectML, x: torch.Tensor) -> None:
    with device.one_round():
        x.cpu()

    def twice() -> None:
        with device.one_round():
            x.cpu()
            x.cpu()

    with pytest.raises(DirectMLViolation, match="2 synchronisations"):
        twice()


def test_a_lenient_device_goes_on_and_remembers() -> None:
    with torch.no_grad(), SimulatedDirectML(strict=False) as device:
        for _ in range(2):
            assert HERE.to(DEVICE).roll(4).cpu()[0].tolist() == [8, 9, 10, 11]
        assert device.violations == ["roll falls back to the CPU"]


# --------------------------------------------------------------------------- the list of operators


def test_the_list_says_how_operators_resolve() -> None:
    found = resolution()
    assert found["addmm"] == found["mul.Tensor"] == found["_index_put_impl_"] == "device"
    assert found["_to_copy"] == found["scaled_dot_product_attention"] == "composed"
    assert found["roll"] == found["index_copy"] == found["_scaled_dot_product_flash_attention"] == "fallback"
    assert "_safe_softmax" not in found  # newer than its PyTorch
    assert sum(how == "device" for how in found.values()) > 450
    assert resource("directml", "operators.txt").is_file()
