"""Where a planned model goes, and what is told before a card is tried."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch

from helix_app.engine.loading import place
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine.devices.device import Device
from helix_app.protocol.models.loading import LoadProgress
from tests.engine.made.tiny import Zoo
from tests.engine.test_engine import request_for

CARD = Device("cuda", torch.device("cpu"), "Stand-in card")


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama")


@pytest.mark.parametrize("untried", [True, False])
def test_trials_of_attention_are_told_before_they_begin(
    target: Path, monkeypatch: pytest.MonkeyPatch, untried: bool
) -> None:
    """They may take minutes, and whoever waits for the load must know."""
    seen: list[object] = []
    monkeypatch.setattr(place, "pick_device", lambda *_: (CARD, ""))
    monkeypatch.setattr(place.fused_attention, "untried", lambda _: untried)
    monkeypatch.setattr(place.fused_attention, "settle", lambda *_: seen.append("trials"))
    for event in place.place(plan(request_for(target)), threading.Event()):
        seen.append(event)
    told = [LoadProgress("kernels")] if untried else []
    assert seen == [LoadProgress("devices"), *told, "trials"]
