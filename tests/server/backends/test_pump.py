"""The pump: many replies over one stream, each with its own events and its own end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from helix_app.protocol.events import Event, Failed, Finished, TextDelta
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.server.backends.backend import Handle, PoolBlocks
from helix_app.server.backends.pump import Pump
from tests.server.fakes import READY, FakeClient, fake_pump, until
from tests.waiting import wait_for


@pytest.fixture
def pumped() -> Iterator[tuple[FakeClient, Pump]]:
    client, pump = fake_pump()
    yield client, pump
    client.gate.set()
    pump.close()


def ask(text: str, name: str, **options: object) -> GenerateRequest:
    return GenerateRequest(name, (ChatMessage("user", text),), **options)  # type: ignore[arg-type]


async def read(handle: Handle) -> list[Event]:
    events = []
    while True:
        events.append(await handle.next())
        if isinstance(events[-1], (Finished, Failed)):
            return events


def text_of(events: list[Event]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def test_replies_share_a_stream_and_each_gets_its_own_events(pumped: tuple[FakeClient, Pump]) -> None:
    client, pump = pumped

    async def run() -> None:
        held = pump.submit(ask("hold", "h"))
        handles = [pump.submit(ask(f"say {n}", f"r{n}")) for n in (3, 5, 4)]
        for n, events in zip((3, 5, 4), await asyncio.gather(*map(read, handles))):
            assert text_of(events) == "".join(f"w{i} " for i in range(n))
            assert {event.request_id for event in events} == {f"r{n}"}  # type: ignore[union-attr]
        client.gate.set()
        assert text_of(await read(held)) == "done "

    asyncio.run(run())
    assert client.streams == 1
    assert client.at_once == 4
    assert pump.ready == READY
    wait_for(lambda: pump.pools["target"] == PoolBlocks(0, 7, 57, 5))


def test_one_after_the_other(pumped: tuple[FakeClient, Pump]) -> None:
    client, pump = pumped

    async def run() -> None:
        for number in range(20):
            events = await read(pump.submit(ask("say 1", f"r{number}")))
            assert isinstance(events[-1], Finished)

    asyncio.run(run())
    assert 1 <= client.streams <= 20


def test_a_reply_is_cancelled_alone(pumped: tuple[FakeClient, Pump]) -> None:
    _, pump = pumped

    async def run() -> None:
        one, two = pump.submit(ask("forever", "a")), pump.submit(ask("forever", "b"))
        while not isinstance(await one.next(), TextDelta):
            pass
        one.cancel()
        last = (await read(one))[-1]
        assert isinstance(last, Finished)
        assert last.reason == "cancelled"
        assert not two.ended.is_set()
        two.cancel()
        await read(two)
        await until(two.ended.is_set)

    asyncio.run(run())


@pytest.mark.parametrize(("order", "code"), [("break", "engine_died"), ("raise", "internal")])
def test_a_stream_that_ends_early_fails_all_of_its_replies(
    pumped: tuple[FakeClient, Pump], order: str, code: str
) -> None:
    _, pump = pumped

    async def run() -> None:
        slow = pump.submit(ask("forever", "slow"))
        while not isinstance(await slow.next(), TextDelta):
            pass
        breaking = pump.submit(ask(order, "breaking"))
        for handle in (slow, breaking):
            last = (await read(handle))[-1]
            assert isinstance(last, Failed)
            assert (last.code, last.request_id) == (code, handle.request.request_id)
        assert isinstance((await read(pump.submit(ask("say 2", "after"))))[-1], Finished)

    asyncio.run(run())


def test_an_id_is_used_once_at_a_time(pumped: tuple[FakeClient, Pump]) -> None:
    client, pump = pumped

    async def run() -> None:
        held = pump.submit(ask("hold", "same"))
        with pytest.raises(ValueError, match="same"):
            pump.submit(ask("say 1", "same"))
        client.gate.set()
        await read(held)
        await read(pump.submit(ask("say 1", "same")))

    asyncio.run(run())


def test_closing_ends_what_is_written_and_refuses_the_rest(pumped: tuple[FakeClient, Pump]) -> None:
    client, pump = pumped

    async def run() -> None:
        held = pump.submit(ask("forever", "a"))
        while not isinstance(await held.next(), TextDelta):
            pass
        await asyncio.to_thread(pump.close)
        assert isinstance((await read(held))[-1], Finished)
        last = (await read(pump.submit(ask("say 1", "b"))))[-1]
        assert isinstance(last, Failed)
        assert last.code == "engine_died"

    asyncio.run(run())
    assert client.closed


def test_whoever_watches_sees_every_event(pumped: tuple[FakeClient, Pump]) -> None:
    _, pump = pumped
    seen: list[Event] = []

    async def run() -> list[Event]:
        return await read(pump.submit(ask("say 3", "r"), seen.append))

    assert asyncio.run(run()) == seen
