"""Fused attention on simulated cards of ROCm: tried once a card and version, left out where it fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices import fused_attention
from helix_app.engine.machine.devices.device import Device

CARD = Device("cuda", torch.device("cuda", 0), "AMD Radeon RX 7900 XTX (ROCm)")
OTHER = Device("cuda", torch.device("cuda", 1), "AMD Radeon RX 9070 XT (ROCm)")
Answer = Callable[[str, str], dict[str, Any]]


class Trials:
    """Stands in for the processes; ``answer`` gets device and kernel."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.answer: Answer = lambda device, name: {"works": True, "reason": "", "tried": 18}

    def run(self, job: str, device: str, name: str, **_: object) -> dict[str, Any]:
        assert job == "fused-attention"
        self.asked.append((device, name))
        return self.answer(device, name)


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Trials]:
    before = torch.backends.cuda.flash_sdp_enabled(), torch.backends.cuda.mem_efficient_sdp_enabled()
    made = Trials()
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(torch.version, "hip", "10.1.0")
    monkeypatch.setattr(jobs, "run", made.run)
    yield made
    torch.backends.cuda.enable_flash_sdp(before[0])
    torch.backends.cuda.enable_mem_efficient_sdp(before[1])


def settle(device: Device = CARD) -> dict[str, bool]:
    return fused_attention.settle(device, threading.Event())


def test_kernels_that_work_are_used_and_not_tried_again(trials: Trials) -> None:
    assert fused_attention.untried(CARD)
    assert settle() == {"flash": True, "efficient": True}
    assert settle() == {"flash": True, "efficient": True}
    assert trials.asked == [("cuda:0", "flash"), ("cuda:0", "efficient")]
    assert [fused_attention.untried(card) for card in (CARD, OTHER)] == [False, True]


@pytest.mark.parametrize("how", ["crashed", "hung", "raised", "wrong", "garbled"])
def test_a_kernel_that_fails_is_left_out_and_remembered(trials: Trials, how: str) -> None:
    def answer(device: str, name: str) -> dict[str, Any]:
        if name == "efficient":
            return {"works": True, "reason": "", "tried": 18}
        if how == "wrong":
            return {"works": False, "reason": "wrong by 3.1", "tried": 1}
        if how == "garbled":
            return {}
        said = "RuntimeError: HIP error: an illegal memory access was encountered"
        raise jobs.JobError(how, said, kind="RuntimeError")  # type: ignore[arg-type]

    trials.answer = answer
    assert settle() == {"flash": False, "efficient": True}
    assert not torch.backends.cuda.flash_sdp_enabled()
    assert torch.backends.cuda.mem_efficient_sdp_enabled()
    assert torch.backends.cuda.math_sdp_enabled()
    torch.backends.cuda.enable_flash_sdp(True)
    assert settle() == {"flash": False, "efficient": True}  # the next program
    assert not torch.backends.cuda.flash_sdp_enabled()
    assert len(trials.asked) == 2


def test_another_card_or_version_is_tried_for_itself(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    settle()
    settle(OTHER)
    assert len(trials.asked) == 4
    monkeypatch.setattr(torch.version, "hip", "10.2.0")
    settle()
    assert len(trials.asked) == 6


@pytest.mark.parametrize(
    "error",
    [
        jobs.JobError("cancelled"),
        jobs.JobError("not_started", "[Errno 11] Resource temporarily unavailable"),
        jobs.JobError("raised", "OutOfMemoryError: HIP out of memory. Tried to allocate", "", "OutOfMemoryError"),
        jobs.JobError("raised", "RuntimeError: HIP error: out of memory", "", "RuntimeError"),
    ],
    ids=str,
)
def test_a_trial_that_says_nothing_of_the_card_is_not_kept(trials: Trials, error: jobs.JobError) -> None:
    """It was cancelled, or another program had all of the memory."""

    def nothing(device: str, name: str) -> dict[str, Any]:
        raise error

    good, trials.answer = trials.answer, nothing
    assert settle() == {"flash": False, "efficient": False}
    assert fused_attention.untried(CARD)
    trials.answer = good
    assert settle() == {"flash": True, "efficient": True}


def test_other_devices_are_left_alone(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    processor, card = Device("cpu", torch.device("cpu"), "CPU"), Device("cuda", torch.device("cuda", 0), "NVIDIA")
    assert (settle(processor), fused_attention.untried(processor)) == ({}, False)
    monkeypatch.setattr(torch.version, "hip", None)
    assert (settle(card), fused_attention.untried(card)) == ({}, False)
    assert trials.asked == []
