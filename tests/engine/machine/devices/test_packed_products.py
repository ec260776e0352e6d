"""Packed products on simulated cards: tried once a card, format and version, and kept."""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices import packed_products
from helix_app.engine.machine.devices.device import Device

CARD = Device("cuda", torch.device("cuda", 0), "NVIDIA GeForce RTX 4090")
OTHER = Device("cuda", torch.device("cuda", 1), "AMD Radeon RX 7900 XTX (ROCm)")
GOOD = {"packed": 1e-4, "dense": 2e-4}
HALF = torch.float16
NAMES = ("Q4_K", "Q6_K")


class Trials:
    """Stands in for the processes; ``answer`` gets the formats."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, ...]] = []
        self.answer: Callable[[tuple[str, ...]], Any] = lambda names: {
            "wrong": {},
            "seconds": dict.fromkeys(names, GOOD),
        }

    def run(self, job: str, device: str, dtype: str, *names: str, **_: object) -> Any:
        assert job == "packed-products"
        self.asked.append((device, dtype, *names))
        return self.answer(names)


@pytest.fixture
def trials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Trials:
    made = Trials()
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(packed_products, "triton_version", lambda: "3.9.0")
    monkeypatch.setattr(jobs, "run", made.run)
    return made


def settle(device: Device = CARD, dtype: torch.dtype = HALF) -> dict[str, dict[str, float]]:
    names = packed_products.untried(device, dtype, NAMES)
    if names:
        packed_products.settle(device, dtype, names, threading.Event())
    return packed_products.known(device, dtype, NAMES)


def test_formats_are_tried_once_a_card_and_number_format(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settle() == settle() == dict.fromkeys(NAMES, GOOD)
    assert trials.asked == [("cuda:0", "float16", *NAMES)]
    settle(OTHER)
    settle(dtype=torch.bfloat16)
    monkeypatch.setattr(packed_products, "triton_version", lambda: "3.10.0")
    settle()
    assert len(trials.asked) == 4


@pytest.mark.parametrize("how", ["crashed", "hung", "raised", "wrong", "garbled", "silent"])
def test_a_format_that_fails_is_left_out_and_remembered(trials: Trials, how: str) -> None:
    def answer(names: tuple[str, ...]) -> Any:
        if how == "wrong":
            return {"wrong": {"Q4_K": "wrong by 3.1"}, "seconds": {"Q6_K": GOOD}}
        if how == "silent":
            return {"wrong": {}, "seconds": {"Q6_K": GOOD}}
        if how == "garbled":
            return {"wrong": 3}
        raise jobs.JobError(how, "CUDA error")  # type: ignore[arg-type]

    trials.answer = answer
    assert settle() == settle() == ({"Q6_K": GOOD} if how in ("wrong", "silent") else {})
    assert len(trials.asked) == 1


def test_a_trial_that_was_cancelled_is_not_kept(trials: Trials) -> None:
    def cancelled(names: tuple[str, ...]) -> Any:
        raise jobs.JobError("cancelled")

    good, trials.answer = trials.answer, cancelled
    assert settle() == {}
    trials.answer = good
    assert settle() == dict.fromkeys(NAMES, GOOD)


def test_a_version_is_named_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert bool(packed_products.triton_version()) == (importlib.util.find_spec("triton") is not None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert packed_products.triton_version() == ""


def test_only_cards_with_triton_are_tried(trials: Trials, monkeypatch: pytest.MonkeyPatch) -> None:
    assert packed_products.possible(CARD)
    assert not packed_products.possible(Device("cpu", torch.device("cpu"), "CPU"))
    monkeypatch.setattr(packed_products, "triton_version", lambda: "")
    assert not packed_products.possible(CARD)
