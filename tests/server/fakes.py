"""An engine client without a model, several replies at once, and a server over it in a thread.

A reply is told what to do by the last message: ``say N`` writes N words, ``echo TEXT`` writes TEXT word by word,
``forever`` writes until it is cancelled, ``hold`` does nothing until ``FakeClient.gate`` is set, ``fail CODE`` fails,
``break`` ends the whole stream without results and ``raise`` with an exception.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from helix_app.engine.host.client import cancelled_result
from helix_app.protocol.events import (
    Alternative,
    CacheSnapshot,
    EmittedToken,
    Event,
    Failed,
    Finished,
    Notice,
    PrefillDone,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest, Request
from helix_app.server.app import make_app, make_desk
from helix_app.server.backends.pump import Pump
from helix_app.server.desk import Desk
from helix_app.server.options import ServerOptions
from helix_app.server.run import address_of, listen, serve

READY = ModelReady(
    "Fake 1B", "ngram", "", "cpu", "a CPU", "float32", 256, 16, 64, 0, 1, 10, 0.1, thinking=("<think>", "</think>")
)


@dataclass
class Writing:
    """One reply of the fake engine."""

    request: GenerateRequest
    cancel: threading.Event
    gate: threading.Event
    words: list[str] = field(default_factory=list)
    over: bool = False

    def step(self) -> Iterator[Event]:
        """One more word, or the end."""
        name, asked = self.request.request_id, said(self.request)
        if not asked.strip():
            self.over = True
            yield Failed("prompt_empty", request_id=name)
            return
        order, _, rest = asked.partition(" ")
        if order == "hold" and not self.gate.is_set() and not self.cancel.is_set():
            return
        if order == "fail":
            self.over = True
            yield Failed(rest, fields=(("tokens", "9"), ("limit", "5"), ("hint", "Do.")), request_id=name)
            return
        script = {"say": lambda: [f"w{i} " for i in range(int(rest or 1))], "echo": lambda: words_of(rest)}
        endless = ["on "] * (len(self.words) + 1)
        wanted = endless if order == "forever" else script.get(order, lambda: ["done "])()
        wanted = wanted[: self.request.max_tokens]
        first = not self.words
        if self.cancel.is_set() or len(self.words) >= len(wanted):
            self.over = True
            yield self._finished("cancelled" if self.cancel.is_set() else "eos")
            return
        word = wanted[len(self.words)]
        self.words.append(word)
        alternatives = tuple(Alternative(i, f"a{i}", 0.5 / (i + 1)) for i in range(self.request.alternatives))
        emitted = (EmittedToken(len(self.words), word, "plain", 0.5, alternatives),)
        if first:
            yield PrefillDone(name, 3, 2, 0.0, emitted)
        else:
            yield round_done(name, len(self.words) - 1, emitted)
        yield TextDelta(name, word)

    def _finished(self, reason: str) -> Finished:
        result = cancelled_result(self.request)
        assert isinstance(result, Finished)
        metrics = replace(
            result.metrics, tokens_generated=len(self.words), prompt_tokens=3, cached_tokens=2, drafted_tokens=4,
            accepted_tokens=3, acceptance_rate=0.75, time_seconds=0.5,
            preemptions=2 if reason == "eos" else 0,
        )  # fmt: skip
        ids = tuple(range(1, len(self.words) + 1))
        return replace(result, reason=reason, text="".join(self.words), token_ids=ids, metrics=metrics)  # type: ignore[arg-type]


def said(request: GenerateRequest) -> str:
    """What the last message says, or the plain text."""
    return request.prompt if request.raw else "".join(message.content for message in request.messages[-1:])


def words_of(text: str) -> list[str]:
    """A text cut after its spaces."""
    return [f"{word} " for word in text.split()]


def round_done(name: str, index: int, emitted: tuple[EmittedToken, ...]) -> RoundDone:
    """A round that drafted two tokens and accepted one."""
    return RoundDone(
        name, index, 2, (), 1, emitted, 0.0, 0.0, 0.0, "fixed",
        None, 0.5, None, None, None, None, index + 1, index + 4, 0.01 * (index + 1), "ngram:4",
    )  # fmt: skip


class FakeClient:
    """An ``EngineClient`` that follows the scripts of its requests.

    Attributes:
        gate: lets ``hold`` go on.
        streams: how many streams of replies were begun.
        at_once: most replies that were written together.
    """

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.streams = self.at_once = self.open = 0
        self.orders: list[str] = []
        self.closed = False

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        if isinstance(request, LoadRequest):
            yield Notice("forced_cpu")
            yield READY
            return
        assert isinstance(request, GenerateRequest)
        assert others is not None
        self.streams += 1
        replies = [self._writing(Joining(request, cancel))]
        try:
            while replies:
                for reply in list(replies):
                    if self._order(reply).startswith("break"):
                        return
                    if self._order(reply).startswith("raise"):
                        raise ZeroDivisionError("a fault on purpose")
                    yield from reply.step()
                    if reply.over:
                        replies.remove(reply)
                replies += [self._writing(joining) for joining in others.take()]
                self.open, self.at_once = len(replies), max(self.at_once, len(replies))
                yield CacheSnapshot(
                    "target", 64, 16, True, b"", b"", (), len(replies), 7, 57 - len(replies), evicted_blocks=5
                )
                if not replies and not others.close_if_empty():
                    replies += [self._writing(joining) for joining in others.take()]
                if any(self._order(reply).startswith(("hold", "forever")) for reply in replies):
                    time.sleep(0.001)  # a pass takes some time, too
        finally:
            self.open = 0
            others.close()

    def close(self) -> None:
        self.closed = True

    def _writing(self, joining: Joining) -> Writing:
        writing = Writing(joining.request, joining.cancel, self.gate)
        self.orders.append(self._order(writing))
        return writing

    @staticmethod
    def _order(reply: Writing) -> str:
        return said(reply.request)


class Running:
    """A server in a thread, on a port of its own.

    Attributes:
        url: where it is.
        desk: behind it.
    """

    def __init__(self, pump: Pump, options: ServerOptions) -> None:
        self.pump, self.stop = pump, threading.Event()
        self.desk: Desk = make_desk(pump, options)
        bound = listen("127.0.0.1", 0)
        self.url = address_of(bound)
        ready = threading.Event()
        app = make_app(self.desk)
        self._thread = threading.Thread(target=serve, args=(app, self.desk, bound, self.stop, ready.set), daemon=True)
        self._thread.start()
        assert ready.wait(60)
        self.http = httpx.Client(base_url=self.url, timeout=60, trust_env=False)

    def close(self) -> None:
        self.http.close()
        self.stop.set()
        self._thread.join(60)
        assert not self._thread.is_alive()
        self.pump.close()


def fake_pump() -> tuple[FakeClient, Pump]:
    """A pump over a fake engine with its model loaded."""
    client = FakeClient()
    pump = Pump(client)
    list(pump.load(LoadRequest("fake"), threading.Event()))
    pump.start()
    return client, pump


def fake_server(options: ServerOptions | None = None) -> tuple[FakeClient, Running]:
    """A server over a fake engine."""
    client, pump = fake_pump()
    return client, Running(pump, options or ServerOptions(model="fake"))


async def until(condition: object, seconds: float = 30.0) -> None:
    """Wait, in a loop, until a condition holds."""
    assert callable(condition)
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came true"
        await asyncio.sleep(0.005)


@contextmanager
def serving(**options: Any) -> Iterator[tuple[FakeClient, Running]]:
    """A server of its own."""
    fake, running = fake_server(ServerOptions(model="fake", **options))
    try:
        yield fake, running
    finally:
        fake.gate.set()
        running.close()


def user(text: str) -> list[Any]:
    """A conversation of one message."""
    return [{"role": "user", "content": text}]
