"""Prompts are counted in a process of their own, as the engine counts them, and under the rate limit."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import httpx
import pytest

from helix_app.engine.text.prompt_child import Examiner, PromptChild
from helix_app.protocol.conversations.prompts import PARTS, PromptAsked, PromptCounted
from helix_app.protocol.events import Failed
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.server.counting import PromptCounter
from helix_app.server.desk import Caller
from helix_app.server.http.errors import ApiError
from helix_app.server.options import Limits
from tests.engine.conftest import zoo as zoo
from tests.engine.made.tiny import Zoo
from tests.server.fakes import serving

BODY: Any = {"model": "fake", "messages": [{"role": "user", "content": "x"}]}
ASKED = GenerateRequest("count", (ChatMessage("user", "the cat"),))


class Child:
    """Answers in this process."""

    def __init__(self, look: Callable[[PromptAsked], PromptCounted]) -> None:
        self._look = look
        self.stopped = self.closed = False

    def __call__(self, asked: PromptAsked) -> PromptCounted:
        return self._look(asked)

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed = True


def counter_of(child: Child) -> PromptCounter:
    return PromptCounter(lambda: cast(PromptChild, child))


def test_the_sum_is_that_of_the_prompt_and_knows_no_context(zoo: Zoo) -> None:
    child, target = Child(Examiner()), str(zoo.gguf("llama-loopy"))
    counter = counter_of(child)
    short = counter.count(target, ASKED)
    assert short > 2
    long = GenerateRequest("count", (ChatMessage("user", "the cat " * 2000),))
    assert counter.count(target, long) > 2000
    counter.close()
    assert child.stopped
    assert child.closed


class Busy(Child):
    """Answers nothing until it is stopped."""

    def __init__(self) -> None:
        self.asked, self._over = threading.Semaphore(0), threading.Event()
        super().__init__(self._wait)

    def _wait(self, asked: PromptAsked) -> PromptCounted:
        self.asked.release()
        assert self._over.wait(60)
        return PromptCounted(asked.number, failed=Failed("prompt_uncounted"))

    def stop(self) -> None:
        super().stop()
        self._over.set()


def test_the_end_refuses_whoever_is_counted_waits_or_comes() -> None:
    child = Busy()
    counter = counter_of(child)

    def refused() -> str:
        with pytest.raises(ApiError) as caught:
            counter.count("x", ASKED)
        return caught.value.code

    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(refused) for _ in range(4)]
        assert child.asked.acquire(timeout=60)
        counter.close()
        assert [one.result(60) for one in asked] == ["api_stopping"] * 4
    assert refused() == "api_stopping"
    assert child.closed
    assert not child.asked.acquire(blocking=False)


def test_many_that_wait_to_be_counted_do_not_hold_the_end_of_the_server_up() -> None:
    child = Busy()
    with serving() as (_, server):
        desk = server.desk
        desk._counter = counter_of(child)

        async def run() -> list[object]:
            asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))  # all of whose threads wait
            asked = [asyncio.create_task(desk.count(Caller(), ASKED)) for _ in range(3)]
            while not child.asked.acquire(blocking=False):
                await asyncio.sleep(0)
            try:
                await asyncio.wait_for(desk.drain(0), 30)
            finally:
                child.stop()
            return await asyncio.gather(*asked, return_exceptions=True)

        told = asyncio.run(run())
        assert [isinstance(one, ApiError) and one.code for one in told] == ["api_stopping"] * 3
        assert child.closed


@pytest.mark.parametrize(("code", "status"), [("prompt_uncounted", 503), ("template_refused", 400)])
def test_what_goes_wrong_is_an_error_of_the_api(code: str, status: int) -> None:
    counter = counter_of(Child(lambda asked: PromptCounted(asked.number, failed=Failed(code))))
    with pytest.raises(ApiError) as caught:
        counter.count("x", ASKED)
    assert caught.value.status == status


def test_counting_is_under_the_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = (0,) * (len(PARTS) - 1) + (7,)
    monkeypatch.setattr(PromptCounter, "count", lambda *_: sum(counts))
    with serving(limits=Limits(requests_per_minute=2)) as (_, server):
        answers = [server.http.post("/v1/messages/count_tokens", json=BODY) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[0].json() == {"input_tokens": 7}
        assert answers[2].headers["retry-after"]


def test_no_more_wait_to_be_counted_than_may_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    go = threading.Event()
    monkeypatch.setattr(PromptCounter, "count", lambda *_: go.wait(60) and 7)
    with serving(limits=Limits(waiting=1)) as (_, server):

        async def run() -> list[int]:
            refused = asyncio.Event()

            async def ask(http: httpx.AsyncClient) -> int:
                answer = await http.post("/v1/messages/count_tokens", json=BODY)
                if answer.status_code == 429:
                    assert answer.json()["error"]["type"] == "rate_limit_error"
                    refused.set()
                return answer.status_code

            async with httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as http:
                asked = [asyncio.create_task(ask(http)) for _ in range(3)]
                await asyncio.wait_for(refused.wait(), 60)
                go.set()
                return await asyncio.gather(*asked)

        assert sorted(asyncio.run(run())) == [200, 200, 429]
        assert server.http.post("/v1/messages/count_tokens", json=BODY).status_code == 200
        server.desk.stopping = True
        assert server.http.post("/v1/messages/count_tokens", json=BODY).status_code == 503
