"""Responses of several replicas: each finds and forgets what another one gave. None of it needs Ray."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable
from typing import Any

import pytest

from helix_app.server.app import make_app
from helix_app.server.cluster import responses
from helix_app.server.cluster.replica import asked
from helix_app.server.cluster.responses import SharedMemory
from helix_app.server.openai.responses.memory import Memory
from tests.server.cluster.calls import call, read
from tests.server.fakes import Running

PATH = "/v1/responses"


class Lost(Exception):
    """The process is gone."""


class Broken(Exception):
    """What nobody has thought of."""


class Handle:
    """That of a process which keeps responses, or of one that does not answer."""

    def __init__(
        self, memory: Memory | None, *, silent: bool = False, fault: type[Exception] = Lost, at_once: bool = False
    ) -> None:
        self.keep, self.find, self.forget = (
            _Method(memory, name, silent=silent, fault=fault, at_once=at_once) for name in ("keep", "find", "forget")
        )


class _Method:
    def __init__(
        self, memory: Memory | None, name: str, *, silent: bool, fault: type[Exception], at_once: bool
    ) -> None:
        self._memory, self._name, self._silent, self._fault, self._at_once = memory, name, silent, fault, at_once

    def remote(self, *args: Any) -> Awaitable[Any]:
        if self._at_once:
            raise self._fault

        async def answer() -> Any:
            if self._silent:
                await asyncio.Event().wait()
            if self._memory is None:
                raise self._fault
            return await getattr(self._memory, self._name)(*args)

        return answer()


@pytest.fixture(autouse=True)
def _no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(responses, "_lost", lambda: (Lost, asyncio.TimeoutError))
    monkeypatch.setattr(responses, "_SECONDS", 0.01)
    monkeypatch.setattr(responses, "_KEEP_SECONDS", 0.01)


async def answered(app: Any, path: str = PATH, body: object = None, method: str = "POST") -> tuple[int, Any]:
    head, told = await read(asked(app, call(path, body, method)))
    return head.status, json.loads(told)


def test_a_response_of_one_replica_is_known_to_the_others(server: Running) -> None:
    memory = Memory(4, 1 << 20)

    async def run() -> None:
        home, other = (make_app(server.desk, SharedMemory(Handle(memory), 4)) for _ in range(2))
        status, first = await answered(other, body={"model": "fake", "input": "say 2"})  # while the home was gone
        assert status == 200
        status, later = await answered(
            home, body={"model": "fake", "input": "say 3", "previous_response_id": first["id"]}
        )
        assert (status, later["previous_response_id"]) == (200, first["id"])
        one = f"{PATH}/{later['id']}"
        assert (await answered(other, one, method="GET"))[1] == later
        assert (await answered(other, one, method="DELETE"))[1]["deleted"] is True
        status, told = await answered(home, one, method="GET")
        assert (status, told["error"]["code"]) == (404, "api_response_unknown")
        assert "the last 4" in told["error"]["message"]

    asyncio.run(run())


@pytest.mark.parametrize(
    "handle",
    [Handle(None), Handle(None, silent=True), Handle(None, at_once=True)],
    ids=["gone", "silent", "not to be asked"],
)
def test_without_what_keeps_them_replies_are_given_and_questions_are_to_be_asked_again(
    server: Running, handle: Handle
) -> None:
    async def run() -> None:
        app = make_app(server.desk, SharedMemory(handle, 4))
        status, told = await answered(app, body={"model": "fake", "input": "say 2"})
        assert (status, told["status"]) == (200, "completed")
        head, body = await read(asked(app, call(f"{PATH}/{told['id']}", method="GET")))
        assert (head.status, dict(head.headers)["retry-after"]) == (503, "5")
        assert json.loads(body)["error"]["code"] == "api_responses_away"

    asyncio.run(run())


def test_whatever_fails_when_a_response_is_kept_the_reply_is_given(
    server: Running, caplog: pytest.LogCaptureFixture
) -> None:
    async def run() -> None:
        app = make_app(server.desk, SharedMemory(Handle(None, fault=Broken), 4))
        status, told = await answered(app, body={"model": "fake", "input": "say 2"})
        assert (status, told["status"]) == (200, "completed")

    with caplog.at_level(logging.WARNING):
        asyncio.run(run())
    assert "a response is not kept for those that follow on it: Broken()" in caplog.text


def test_all_by_which_ray_tells_that_nothing_comes_are_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()  # the real ones
    exceptions = pytest.importorskip("ray.exceptions")
    serve = pytest.importorskip("ray.serve.exceptions")
    known = (
        exceptions.RayActorError, exceptions.ActorUnavailableError, exceptions.ObjectLostError,
        exceptions.OwnerDiedError, exceptions.GetTimeoutError, serve.DeploymentUnavailableError,
        serve.BackPressureError, asyncio.TimeoutError,
    )  # fmt: skip
    assert [one for one in known if not issubclass(one, responses._lost())] == []
    assert not issubclass(ValueError, responses._lost())
