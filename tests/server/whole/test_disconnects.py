"""Clients that go in the middle: their replies end within a round, the others' do not."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx

from tests.server.fakes import FakeClient, Running, until
from tests.waiting import wait_for

FOREVER = {"prompt": "forever", "max_tokens": 10**6}


def chat(text: str) -> dict[str, Any]:
    return {"model": "fake", "messages": [{"role": "user", "content": text}], "stream": True, "max_tokens": 10**6}


def test_half_of_many_clients_go(server: Running, fake: FakeClient) -> None:
    async def stays(http: httpx.AsyncClient, words: int) -> str:
        answer = await http.post("/generate/stream", json={"prompt": f"say {words}"})
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line.startswith("data: ")]
        return "".join(event["text"] for event in events)

    async def goes(http: httpx.AsyncClient, number: int) -> None:
        path, body = (("/generate/stream", FOREVER), ("/v1/chat/completions", chat("forever")))[number % 2]
        async with http.stream("POST", path, json=body) as answer:
            async for line in answer.aiter_lines():
                if "on " in line:
                    return

    async def run() -> list[Any]:
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False, limits=limits) as http:
            asked = [stays(http, 20 + n) if n % 2 else goes(http, n // 2) for n in range(32)]
            return await asyncio.gather(*asked)

    texts = asyncio.run(run())
    assert texts[1::2] == ["".join(f"w{i} " for i in range(20 + n)) for n in range(1, 32, 2)]
    wait_for(lambda: (server.desk.queue.running, server.desk.queue.waiting, fake.open) == (0, 0, 0))
    wait_for(lambda: server.pump.pools["target"].used == 0)


def test_who_goes_before_the_answer_is_there(server: Running, fake: FakeClient) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http:
            for path, body in (
                ("/generate", FOREVER),
                ("/generate/batch", {"prompts": ["forever"] * 12, "max_tokens": 10**6}),
            ):
                asked = asyncio.ensure_future(http.post(path, json=body))
                await until(lambda: fake.open > 0)
                asked.cancel()
                await until(lambda: (server.desk.queue.running, server.desk.queue.waiting, fake.open) == (0, 0, 0))

    asyncio.run(run())


def test_who_goes_while_waiting_is_never_begun(server: Running, fake: FakeClient) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http:
            most = server.desk.options.limits.running
            held = [asyncio.ensure_future(http.post("/generate", json=FOREVER)) for _ in range(most)]
            await until(lambda: server.desk.queue.running == most)
            waiting = asyncio.ensure_future(http.post("/generate/stream", json={"prompt": "echo never"}))
            await until(lambda: server.desk.queue.waiting == 1)
            waiting.cancel()
            await until(lambda: server.desk.queue.waiting == 0)
            for asked in held:
                asked.cancel()
            await until(lambda: server.desk.queue.running == 0)

    asyncio.run(run())
    assert "echo never" not in fake.orders


def test_a_slow_reader_holds_nobody_up(server: Running) -> None:
    with server.http.stream("POST", "/generate/stream", json={"prompt": "say 50000", "max_tokens": 50000}) as slow:
        next(slow.iter_lines())  # and then nothing more
        for _ in range(5):
            assert server.http.post("/generate", json={"prompt": "say 3"}).json()["tokens_generated"] == 3
        wait_for(lambda: server.desk.queue.running == 0)  # it was written to its end all the same
