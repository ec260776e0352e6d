"""The handle of a reply: events from any thread, read in order, whenever they are read."""

from __future__ import annotations

import asyncio
import threading

import pytest

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


def test_events_that_come_together_wake_the_loop_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def run() -> None:
        loop, woken = asyncio.get_running_loop(), []
        wake = loop.call_soon_threadsafe
        monkeypatch.setattr(loop, "call_soon_threadsafe", lambda *told: (woken.append(told), wake(*told))[1])
        handle = Handle(GenerateRequest("r"))
        for round_number in range(3):
            for number in range(50):
                handle.put(TextDelta("r", f"{round_number}.{number}"))
            assert len(woken) == round_number + 1
            for number in range(50):
                assert await asyncio.wait_for(handle.next(), 60) == TextDelta("r", f"{round_number}.{number}")
            await asyncio.sleep(0)  # the loop has looked
        handle.put(finished("r", "eos", ""))
        await asyncio.wait_for(handle.ended.wait(), 60)

    asyncio.run(run())
