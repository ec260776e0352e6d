"""The window's engine as the server knows it."""

from __future__ import annotations

import asyncio

import pytest

from helix_app.bridge.api.served import KEPT, Served
from helix_app.protocol.events import Failed, Finished, TextDelta
from helix_app.protocol.intake import Joining
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import GenerateRequest
from tests.engine.host.fake_engines import ask, finished, model_ready, round_done, snapshot

pytest.importorskip("fastapi")


class Asked:
    """What the controller was asked."""

    def __init__(self) -> None:
        self.joinings: list[Joining] = []
        self.served = Served(self.joinings.append)
        self.served.open()

    def submit(self, name: str = "r1", text: str = "say  \n 1") -> object:
        async def inside() -> object:
            return self.served.submit(ask(text, name))

        return asyncio.run(inside())


@pytest.fixture
def asked() -> Asked:
    return Asked()


def states(asked: Asked) -> dict[str, str]:
    return {reply.request_id: reply.state for reply in asked.served.replies()}


def test_events_of_its_replies_are_its_own_and_all_others_are_the_windows(asked: Asked) -> None:
    handle = asked.submit()
    assert [joining.request.request_id for joining in asked.joinings] == ["r1"]
    assert asked.joinings[0].cancel is handle.stop  # type: ignore[attr-defined]
    assert not asked.served.take(TextDelta("of the window", "x"))
    assert asked.served.take(TextDelta("r1", "x"))
    assert asked.served.take(finished("r1", "eos", "x"))
    assert not asked.served.take(TextDelta("r1", "too late"))
    assert states(asked) == {"r1": "done"}


def test_the_model_and_the_pools_are_as_last_told(asked: Asked) -> None:
    assert asked.served.ready is None
    assert not asked.served.take(model_ready("m"))
    assert not asked.served.take(snapshot(8))
    assert asked.served.ready == model_ready("m")
    assert asked.served.pools["target"].free == 8
    asked.served.take(Unloaded())
    assert asked.served.ready is None
    assert asked.served.pools == {}


def test_a_load_that_failed_and_kept_nothing_leaves_no_model(asked: Asked) -> None:
    asked.served.take(model_ready("m"))
    asked.served.take(Failed("model_corrupt", kept=True))
    assert asked.served.ready is not None
    asked.served.take(Failed("model_corrupt"))
    assert asked.served.ready is None


def test_what_is_listed(asked: Asked) -> None:
    asked.submit()
    asked.served.take(round_done("r1", 4, "word"))
    (shown,) = asked.served.replies()
    assert (shown.prompt, shown.state, shown.tokens) == ("say 1", "writing", 5)
    asked.served.take(finished("r1", "cancelled", "word"))
    asked.submit("r2")
    asked.served.take(Failed("nan_logits", request_id="r2"))
    assert [(reply.request_id, reply.state) for reply in asked.served.replies()] == [
        ("r2", "failed"), ("r1", "stopped"),
    ]  # fmt: skip
    for number in range(KEPT):
        asked.submit(f"n{number}")
        asked.served.take(finished(f"n{number}", "eos", ""))
    assert len(asked.served.replies()) == KEPT
    assert "r1" not in states(asked)


def test_one_or_all_are_stopped(asked: Asked) -> None:
    first, second = asked.submit("r1"), asked.submit("r2")
    asked.served.cancel("r2")
    assert (first.stop.is_set(), second.stop.is_set()) == (False, True)  # type: ignore[attr-defined]
    asked.served.cancel()
    assert first.stop.is_set()  # type: ignore[attr-defined]


def test_the_end_answers_every_reply_and_refuses_more(asked: Asked) -> None:
    async def inside() -> list[object]:
        handle = asked.served.submit(ask("x", "r1"))
        asked.served.close()
        late = asked.served.submit(ask("x", "r2"))
        return [await handle.next(), await late.next()]

    assert asyncio.run(inside()) == [Failed("engine_died", "closed", request_id=name) for name in ("r1", "r2")]
    assert len(asked.joinings) == 1
    assert not asked.served.take(Finished("r1", "eos", "", (), finished("r1", "eos", "").metrics))


def test_an_id_in_use_is_refused(asked: Asked) -> None:
    asked.submit()
    with pytest.raises(ValueError, match="already"):
        asked.submit()


def test_a_prompt_of_any_length_is_shown_by_its_beginning(asked: Asked) -> None:
    async def inside() -> None:
        asked.served.submit(GenerateRequest("raw", prompt="word " * 100_000, raw=True))

    asyncio.run(inside())
    (shown,) = asked.served.replies()
    assert len(shown.prompt) <= 120
