"""An engine whose device fails on command, for a real child process:
``HostClient("tests.engine.host.faults.faulty:make")``.

The model runs on a "GPU" (the CPU under another name) unless the CPU is asked for. What fails, where and when is read
from the file named by HELIX_TEST_FAULT at each pass; the error is raised inside a real forward pass, in the second
layer, when the first has already written its keys and values.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from helix_app.engine.engine import Engine
from helix_app.engine.loading import load, place, runners
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.measuring import calibration
from helix_app.engine.models.parts.attention import Attention
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.rounds import drafting, scheduler
from helix_app.protocol.events import Event
from helix_app.protocol.intake import Intake
from helix_app.protocol.requests import Request

GPU = "Stand-in GPU"
OUT_OF_MEMORY = {
    "cuda": torch.OutOfMemoryError if hasattr(torch, "OutOfMemoryError") else torch.cuda.OutOfMemoryError,
    "hip": RuntimeError,
    "directml": RuntimeError,
    "cpu": RuntimeError,
    "python": MemoryError,
}
WORDS = {
    "cuda": "CUDA out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 7.79 GiB",
    "hip": "HIP out of memory. Tried to allocate 2.00 GiB. GPU 0 has a total capacity of 15.98 GiB",
    "directml": "Could not allocate tensor with 268435456 bytes. There is not enough GPU video memory available!",
    "cpu": "[enforce fail at alloc_cpu.cpp:118] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
    "allocate 268435456 bytes. Error code 12 (Cannot allocate memory)",
    "python": "",
    "lost directml": "The GPU device instance has been suspended. Use GetDeviceRemovedReason to determine the cause.",
    "lost cuda": "CUDA error: unspecified launch failure",
    "lost hip": "HIP error: an illegal memory access was encountered",
    "strange": "something that no backend says",
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong.

    Attributes:
        kind: a key of ``WORDS``, or ``nan``, ``kill`` or ``hang``.
        stage: ``load``, ``prefill``, ``draft`` or ``verify``.
        at: at which pass of that stage, from 1; for drafts, in which round.
        times: how often, from there on; processes share the count.
        anywhere: on the CPU as well; otherwise on the GPU only.
    """

    kind: str
    stage: str
    at: int = 1
    times: int = 10**9
    anywhere: bool = False


class Faults:
    """The file that says what fails, and how often it did."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, fault: Fault | None) -> None:
        self.path.write_text(json.dumps({"fault": vars(fault) if fault else None, "done": 0}), "utf-8")

    def read(self) -> Fault | None:
        """The fault, unless it happened as often as it should."""
        made = json.loads(self.path.read_text("utf-8"))
        return Fault(**made["fault"]) if made["fault"] and made["done"] < made["fault"]["times"] else None

    def count(self) -> None:
        made = json.loads(self.path.read_text("utf-8"))
        self.path.write_text(json.dumps({**made, "done": made["done"] + 1}), "utf-8")


class _Patches:
    """Knows the stage of each pass and makes the wanted one fail."""

    def __init__(self, faults: Faults) -> None:
        self.faults = faults
        self.drafting = False
        self.on_gpu = False
        self.passes: dict[str, int] = {}
        self.armed: Fault | None = None

    def install(self) -> None:
        pick, forward, draft = place.pick_device, ModelRunner.forward_many, drafting._propose_all
        attention = Attention._mixed

        def pick_device(wanted: str, cancel: threading.Event | None = None) -> tuple[Device, str]:
            self.on_gpu = wanted != "cpu"
            return (Device("cuda", torch.device("cpu"), GPU), "") if self.on_gpu else pick(wanted, cancel)

        def forward_many(runner: ModelRunner, batch: Sequence[Rows], *args: Any, **kwargs: Any) -> list[torch.Tensor]:
            self.armed = self.due(self.stage(batch))
            try:
                logits = forward(runner, batch, *args, **kwargs)
            finally:
                fault, self.armed = self.armed, None
            if fault is not None and fault.kind == "nan":
                return [rows * float("nan") for rows in logits]
            return logits

        def propose(plans: Any) -> None:
            self.drafting = True
            self.passes["draft"] = self.passes.get("draft", 0) + 1
            try:
                draft(plans)
            finally:
                self.drafting = False

        def second_layer(half: Attention, *args: Any) -> torch.Tensor:
            if self.armed is not None and half._index == 1 and self.armed.kind != "nan":
                self.fail(self.armed)
            return attention(half, *args)

        place.pick_device = pick_device  # type: ignore[assignment]
        calibration._DEVICE_SECONDS = 0.0
        runners.choose_threads = lambda *_: None  # type: ignore[assignment]
        load.cpu = place.cpu = lambda: self.cpu()  # type: ignore[assignment]
        ModelRunner.forward_many = forward_many  # type: ignore[method-assign]
        Attention._mixed = second_layer  # type: ignore[method-assign]
        drafting._propose_all = propose
        scheduler.CHUNK = 16

    def cpu(self) -> Device:
        self.on_gpu = False
        return Device("cpu", torch.device("cpu"), "CPU")

    def stage(self, batch: Sequence[Rows]) -> str:
        if any(rows.sequence_id == "rows on trial" for rows in batch):
            return "load"
        if self.drafting:
            return "draft"
        return "prefill" if any(rows.logit_rows < len(rows.ids) for rows in batch) else "verify"

    def due(self, stage: str) -> Fault | None:
        fault = self.faults.read()
        if fault is None or fault.stage != stage or not (self.on_gpu or fault.anywhere):
            return None
        if stage != "draft":
            self.passes[stage] = self.passes.get(stage, 0) + 1
        if self.passes.get(stage, 0) < fault.at:
            return None
        self.faults.count()
        return fault

    def fail(self, fault: Fault) -> None:
        if fault.kind == "kill":
            os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
        if fault.kind in ("kill", "hang"):
            threading.Event().wait()
        raise OUT_OF_MEMORY.get(fault.kind, RuntimeError)(WORDS[fault.kind])


class FaultyEngine(Engine):
    """The engine itself; each request begins the count of passes anew."""

    def __init__(self) -> None:
        super().__init__()
        torch.set_num_threads(1)
        self._patches = _Patches(Faults(Path(os.environ["HELIX_TEST_FAULT"])))
        self._patches.install()

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        self._patches.passes.clear()
        yield from super().stream(request, cancel, others)


def make() -> FaultyEngine:
    """For the child process."""
    return FaultyEngine()
