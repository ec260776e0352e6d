"""Engines without a model, named by import string so that a child process can make them.

A reply is told what to do by the content of its last message: ``say N`` writes N words, ``forever``
writes until it is cancelled, ``falter N`` writes three words and ends the process after a word N times, and what is in
``_DEEDS`` is done after one word.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from helix_app.base.errors import HelixError, ModelFileError
from helix_app.engine.host.client import cancelled_result
from helix_app.protocol.events import (
    CACHE_CELL,
    CacheSnapshot,
    EmittedToken,
    Event,
    Failed,
    Finished,
    PrefillDone,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import Checked, DevicesFound, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import ChatMessage, GenerateRequest, LoadRequest, Request, UnloadRequest


def ask(text: str, request_id: str = "r1") -> GenerateRequest:
    """A request for a fake engine."""
    return GenerateRequest(request_id, (ChatMessage("user", text),))


def model_ready(name: str, device: str = "cpu", draft: str = "none") -> ModelReady:
    """What loading ``name`` ends with."""
    return ModelReady(name, draft, "", device, device.upper(), "float32", 64, 16, 4, 0, 1, 10, 0.0)


def round_done(request_id: str, index: int, word: str = "") -> RoundDone:
    """A plain round that emitted the token ``index``."""
    emitted = (EmittedToken(index, word, "plain", 1.0),)
    return RoundDone(
        request_id, index, 0, (), 0, emitted, 0.0, 0.0, 0.0, "no_draft",
        None, None, None, None, None, None, index + 1, index + 2, 0.0,
    )  # fmt: skip


def snapshot(num_blocks: int = 4) -> CacheSnapshot:
    """A pool of free blocks."""
    size = sum(int(kind[-1]) for _, kind in CACHE_CELL)
    return CacheSnapshot("target", num_blocks, 16, True, b"", bytes(size * num_blocks), (), 0, 0, num_blocks)


def finished(request_id: str, reason: str, text: str) -> Finished:
    """The result of a reply."""
    result = cancelled_result(GenerateRequest(request_id))
    assert isinstance(result, Finished)
    metrics = replace(result.metrics, tokens_generated=len(text.split()))
    return replace(result, reason=reason, text=text, metrics=metrics)  # type: ignore[arg-type]


def together(
    reply: Callable[[GenerateRequest, threading.Event], Iterator[Event]], first: Joining, others: Intake
) -> Iterator[Event]:
    """Write a reply and those that join it, an event of each in turn."""
    running = [reply(first.request, first.cancel)]
    while running or not others.close_if_empty():
        running += [reply(joining.request, joining.cancel) for joining in others.take()]
        for events in list(running):
            event = next(events, None)
            if event is None:
                running.remove(events)
            else:
                yield event


class Scripted:
    """Follows the script of the request; ``no_model_loaded`` until something is loaded."""

    def __init__(self) -> None:
        self.model = ""

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        if isinstance(request, LoadRequest):
            yield from self._load(request, cancel)
        elif isinstance(request, UnloadRequest):
            self.model = ""
            yield Unloaded()
        elif isinstance(request, GenerateRequest):
            yield from together(self._reply, Joining(request, cancel), others or Intake())
        else:
            yield DevicesFound(())

    def close(self) -> None:
        self.model = ""

    def _load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        yield LoadProgress("weights", 0.5)
        if request.target == "missing":
            raise ModelFileError("model_not_found", path=request.target)
        if request.check_only:
            if request.target.startswith("dies"):
                os._exit(7)
            yield Checked()
            return
        if request.target == "fails late":
            self.model = ""
            raise HelixError("out_of_memory")
        if request.target == "dies" or (request.target == "dies on a GPU" and request.device != "cpu"):
            os._exit(7)
        if request.target == "slow":
            cancel.wait()
        if cancel.is_set():
            self.model = ""
            yield Unloaded()
            return
        self.model = request.target
        yield snapshot()
        yield model_ready(request.target, "cpu" if request.device == "auto" else request.device, request.draft)

    def _reply(self, request: GenerateRequest, cancel: threading.Event) -> Iterator[Event]:
        if not self.model:
            yield Failed("no_model_loaded", request_id=request.request_id)
            return
        order = request.messages[-1].content.split()
        count = {
            "say": lambda: range(int(order[1])),
            "forever": itertools.count,
            "falter": lambda: range(3),
        }.get(order[0], lambda: range(1))
        written = len(request.written.token_ids) if request.written is not None else 0
        text = "".join(f"{self.model}-{index} " for index in range(written))
        if text:
            yield TextDelta(request.request_id, text)
        else:
            yield PrefillDone(request.request_id, 3, 0, 0.0)
        for index in itertools.islice(count(), written, None):
            if cancel.is_set():
                yield finished(request.request_id, "cancelled", text)
                return
            word = f"{self.model}-{index} "
            text += word
            yield round_done(request.request_id, index, word)
            yield TextDelta(request.request_id, word)
            if order[0] == "falter" and _deaths() < int(order[1]):
                _deaths(1)
                os._exit(3)
        deed = _DEEDS.get(order[0])
        if deed is not None:
            result = deed(cancel)
            if result is not None:
                yield result  # type: ignore[misc]
        reason = "cancelled" if cancel.is_set() else "eos"
        yield finished(request.request_id, reason, text)


def _deaths(more: int = 0) -> int:
    """How often processes of this test ended in ``falter``; a file remembers it."""
    record = Path(os.environ["HELIX_HOME"]) / "deaths"
    count = (int(record.read_text("ascii")) if record.exists() else 0) + more
    if more:
        record.write_text(str(count), "ascii")
    return count


def _raise(_: threading.Event) -> None:
    raise ZeroDivisionError("a fault on purpose")


def _hang(_: threading.Event) -> None:
    threading.Event().wait()


_DEEDS: dict[str, Callable[[threading.Event], object]] = {
    "raise": _raise,
    "hang": _hang,
    "wait": lambda cancel: cancel.wait() and None,
    "kill": lambda _: os.kill(os.getpid(), signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL),
    "exit": lambda _: os._exit(3),
    "memory": lambda _: (_ for _ in ()).throw(MemoryError("too big")),
    "unpicklable": lambda _: lambda: None,
}


class Broken:
    """Cannot be made."""

    def __init__(self) -> None:
        raise ImportError("no such library on purpose")


class Stuck:
    """Never finishes being made."""

    def __init__(self) -> None:
        threading.Event().wait()


class DeadOnArrival:
    """Takes the process down while it is being made."""

    def __init__(self) -> None:
        os._exit(9)
