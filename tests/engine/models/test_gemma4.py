"""Gemma 4 as a whole: its numbers are counted, a packed file chats, and a device without its layers is passed over."""

from __future__ import annotations

import threading
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.loading import place as placing
from helix_app.engine.loading.fitting.needs import dense_weights
from helix_app.engine.machine.devices.device import Device
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.parameters import parameter_count
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.requests import LoadRequest
from tests.engine.models.test_decoder import runner_of
from tests.engine.tiny import Zoo, ask, events, finish, hf_model

NAMES = ("gemma4", "gemma4-loopy")


@pytest.mark.parametrize("name", NAMES)
def test_its_numbers_are_counted(zoo: Zoo, name: str) -> None:
    config = inspect(zoo.folder(name)).config
    matrices = sum(weight.numel() for key, weight in hf_model(name).named_parameters() if weight.ndim == 2)
    assert parameter_count(config) == matrices
    runner = runner_of(zoo.folder(name))
    numbers = sum(p.numel() for p in hf_model(name).parameters()) + config.num_layers
    assert runner.decoder.parameters == numbers
    assert dense_weights(config, "float32") == pytest.approx(4 * numbers, rel=0.02)


def test_a_packed_file_chats(zoo: Zoo) -> None:
    """On dense weights, whatever was asked for, which is said, and with the draft that was."""
    engine, path = Engine(), str(zoo.gguf("gemma4-loopy", quant="Q8_0"))
    told = events(engine, LoadRequest(path, draft="ngram", device="cpu", dtype="packed"))
    assert [event.code for event in told if isinstance(event, Notice)] == ["packed_layers"]
    drafted = finish(engine, ask("the cat sat", max_tokens=60, k="fixed:3"))
    plain = finish(engine, ask("the cat sat", max_tokens=60, mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    engine.close()


def run_out(steps: Generator[Event, None, Device]) -> tuple[list[Event], Device]:
    """What a generator gives, and what it returns."""
    given: list[Event] = []
    while True:
        try:
            given.append(next(steps))
        except StopIteration as end:
            return given, end.value


def test_a_device_that_runs_no_such_model_is_not_tried(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """DirectML has a decoder of its own, for models of layers that are all alike."""
    directml = Device("directml", torch.device("cpu"), "Radeon")
    monkeypatch.setattr(placing, "pick_device", lambda wanted, cancel: (directml, ""))
    for name, kind in (("llama", "directml"), ("gemma4", "cpu")):
        request = LoadRequest(str(zoo.folder(name)), draft="none")
        what: Any = SimpleNamespace(request=request, target=inspect(zoo.folder(name)), draft=None, draft_kind="none")
        notices, device = run_out(placing.place(what, threading.Event()))
        assert device.kind == kind
        told = [event.code for event in notices if isinstance(event, Notice)]
        assert told == (["fallback_cpu"] if kind == "cpu" else [])
