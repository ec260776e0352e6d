"""The handle of a reply: events from any thread, read in order, whenever they are read."""

from __future__ import annotations

import asyncio
import threading

from helix_app.protocol.events import Event, TextDelta
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.backends.backend import Handle
from tests.engine.host.fake_engines import finished


def test_events_of_another_thread_in_their_order() -> None:
    async def run() -> list[Event]:
        seen: list[Event] = []
        handle = Handle(GenerateRequest("r"), seen.append)
        events = [*(TextDelta("r", str(n)) for n in range(200)), finished("r", "eos", "")]
        thread = threading.Thread(target=lambda: [handle.put(event) for event in events])
        thread.start()
        read = [await handle.next() for _ in events]
        thread.join()
        await handle.ended.wait()
        assert read == seen == events
        return read

    asyncio.run(run())


def test_it_ends_read_or_not_and_can_be_stopped() -> None:
    async def run() -> None:
        handle = Handle(GenerateRequest("r"))
        handle.put(TextDelta("r", "x"))
        assert not handle.ended.is_set()
        handle.put(finished("r", "eos", "x"))
        await handle.ended.wait()
        assert not handle.stop.is_set()
        handle.cancel()
        assert handle.stop.is_set()

    asyncio.run(run())


def test_a_loop_that_is_gone_stops_the_reply() -> None:
    async def made() -> Handle:
        return Handle(GenerateRequest("r"))

    handle = asyncio.run(made())
    handle.put(TextDelta("r", "nobody reads this"))
    assert handle.stop.is_set()
