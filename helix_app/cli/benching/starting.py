"""A program that writes one reply and tells when each part of its start was over; ``bench start`` runs it.

Its first line of input is an object: ``generate``, the options of that command, and ``where``: ``process`` for the
engine in this process, as ``generate`` has it, or ``child`` for the engine's child process, as the window has it. It
answers with ``asked``, when the engine was asked to load, ``stages`` of loading, the name and time of each as it
began, ``ready``, ``first`` (token) and ``ended``: readings of ``time.perf_counter``, which all programs of a machine
share. Beside them ``peak`` is the most main memory that the engine's process held at once,
``weights`` and ``cache`` what of it the model accounts for, ``file`` the bytes of its files and ``dtype`` its number
format. ``error`` takes the place of all that.
"""

from __future__ import annotations

import json
import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helix_app.base import messages
from helix_app.base.errors import HelixError
from helix_app.base.process import logs
from helix_app.cli import generate, main as cli
from helix_app.cli.replies import load_events, reply_events
from helix_app.cli.requests import load_request_of, request_of, unchecked_request
from helix_app.engine.machine import torch_import
from helix_app.engine.machine.memory import peak_resident
from helix_app.protocol.events import EngineClient, Event, PrefillDone, TextDelta
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest

PROCESS, CHILD = "process", "child"


def main() -> int:
    """Run it. Returns the exit code."""
    asked = json.loads(sys.stdin.readline())
    logs.setup(verbose=False)
    args = cli.build_parser(("generate",)).parse_args(["generate", *asked["generate"]])
    try:
        told = _in_child(args) if asked["where"] == CHILD else _in_process(args)
    except HelixError as problem:
        told = {"error": messages.error_text(problem.code, problem.fields)}
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()
    return 1 if "error" in told else 0


def _in_process(args: Namespace) -> dict[str, Any]:
    """What ``generate`` does, step by step."""
    torch_import.prepare()
    load = load_request_of(args)
    request = request_of(args, args.prompt)
    engine = generate.engine_here()
    try:
        return {**timed(engine, load, request), "peak": peak_resident()}
    finally:
        engine.close()


def _in_child(args: Namespace) -> dict[str, Any]:
    """What the window does: this process knows no torch, and its child is started for the load."""
    from helix_app.engine.host.parent import HostClient

    client = HostClient()
    try:
        told = timed(client, load_request_of(args), unchecked_request(args, args.prompt))
        return {**told, "peak": peak_resident(client.pid) if client.pid else None}
    finally:
        client.close()


def timed(engine: EngineClient, load: LoadRequest, request: GenerateRequest) -> dict[str, Any]:
    """Load and write a reply; when each part began, and the sizes of what was loaded.

    Raises:
        HelixError: what either ends with.
    """
    cancel, now = threading.Event(), time.perf_counter
    stages: list[tuple[str, float]] = []
    told: dict[str, Any] = {"asked": now(), "stages": stages}

    def loading(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, LoadProgress) and (not stages or stages[-1][0] != event.stage):
                stages.append((event.stage, now()))
            yield event

    def replying(events: Iterator[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, (PrefillDone, TextDelta)):
                told.setdefault("first", now())
            yield event

    ready = load_events(loading(engine.stream(load, cancel)))
    told["ready"] = now()
    reply_events(replying(engine.stream(request, cancel)), show=False)
    told["ended"] = now()
    return {**told, **_sizes(ready)}


def _sizes(ready: ModelReady) -> dict[str, Any]:
    from helix_app.modelfiles.model_path import inspect

    memory, files = ready.memory, inspect(Path(ready.target_file))
    parts = files.gguf.files if files.gguf is not None else files.weights
    return {
        "weights": memory and memory.weights,
        "cache": memory and memory.cache,
        "file": sum(part.stat().st_size for part in parts),
        "dtype": ready.dtype,
    }


if __name__ == "__main__":
    raise SystemExit(main())
