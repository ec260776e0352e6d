"""One engine with the application of the server of one machine."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator
from typing import Any

from helix_app.server.cluster.calls import Call, Head
from helix_app.server.cluster.options import ClusterOptions
from helix_app.server.cluster.responses import SharedMemory

log = logging.getLogger(__name__)
_END_SECONDS = 5.0  # that the work for a client that has gone may take to end


class Replica:
    """One engine with the application of the server of one machine."""

    def __init__(self, options: ClusterOptions, responses: Any) -> None:
        """Loads the model; ``responses`` is the handle of what keeps responses. Raises HelixError where it cannot."""
        from helix_app.base.errors import HelixError
        from helix_app.engine.host.parent import HostClient
        from helix_app.protocol.events import Failed
        from helix_app.server.app import make_app, make_desk
        from helix_app.server.backends.pump import Pump

        self._pump = Pump(HostClient())
        for event in self._pump.load(options.load, threading.Event()):
            if isinstance(event, Failed):
                self._pump.close()
                raise HelixError(event.code, detail=event.detail, **dict(event.fields))
        self._pump.start()
        self._desk = make_desk(self._pump, options.server)
        self._app = make_app(self._desk, SharedMemory(responses, options.room[0]))
        self._told = _Told(self._desk.metrics.registry)

    async def answer(self, call: Call) -> AsyncGenerator[Head | bytes, None]:
        """The answer of the application: first its head, then pieces of its body."""
        async for part in asked(self._app, call):
            yield part

    def check_health(self) -> None:
        """For Serve, every few seconds. Raises where this replica is to be replaced."""
        if not self._pump.alive:
            raise RuntimeError("the thread that runs the engine has ended")
        self._told.tell()

    def __del__(self) -> None:
        pump = getattr(self, "_pump", None)
        if pump is not None:
            pump.close()


async def asked(app: Any, call: Call) -> AsyncGenerator[Head | bytes, None]:
    """What an ASGI application answers: its head, then pieces of its body. Given up, the client of it is gone."""
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=1)  # a slow reader holds the application back
    gone, sent = asyncio.Event(), False
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "root_path": "",
        "query_string": call.query,
        "headers": [(name.lower(), value) for name, value in call.headers],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 0),
        "state": {"session": call.session},
    }

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": call.body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def run() -> None:
        try:
            await app(scope, receive, told.put)
        finally:
            if not gone.is_set():
                await told.put(None)

    task = asyncio.ensure_future(run())
    try:
        while (message := await told.get()) is not None:
            if message["type"] == "http.response.start":
                headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in message.get("headers", ()))
                yield Head(message["status"], headers)
            elif message.get("body"):
                yield message["body"]
    finally:
        gone.set()
        if not task.done():
            while not told.empty():
                told.get_nowait()
            _, late = await asyncio.wait({task}, timeout=_END_SECONDS)
            for left in late:
                left.cancel()
        if task.done() and not task.cancelled() and task.exception() is not None:
            log.error("a request failed unexpectedly", exc_info=task.exception())


class _Told:
    """Helix's figures as Ray's: each sample a gauge of its name, which Ray exports as ``ray_helix_...``."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry
        self._gauges: dict[str, Any] = {}

    def tell(self) -> None:
        """Tell all samples as they are now."""
        from ray.util.metrics import Gauge

        for family in self._registry.collect():
            for sample in family.samples:
                if sample.name.endswith("_created"):
                    continue
                gauge = self._gauges.get(sample.name)
                if gauge is None:
                    gauge = Gauge(sample.name, family.documentation, tuple(sample.labels))
                    self._gauges[sample.name] = gauge
                gauge.set(sample.value, dict(sample.labels))
