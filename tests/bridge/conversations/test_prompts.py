"""Questions about prompts: of those that wait the latest counts, and the end does not wait for an answer."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.conversations.prompts import Prompts
from helix_app.protocol.conversations.prompts import PromptAsked, PromptCounted
from helix_app.protocol.requests import ChatMessage

HELLO = (ChatMessage("system", "Be short."), ChatMessage("user", "Hello there"))


class Slow:
    """Answers when it is allowed to."""

    def __init__(self) -> None:
        self.looked: list[int] = []
        self.began, self.go, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.stopped = False

    def __call__(self, asked: PromptAsked) -> PromptCounted:
        self.looked.append(asked.number)
        self.began.set()
        while not self.go.wait(0.01) and not self.stopped:
            pass
        return PromptCounted(asked.number)

    def stop(self) -> None:
        self.stopped = True

    def close(self) -> None:
        self.closed.set()


def asked(number: int, target: str = "m", **values: object) -> PromptAsked:
    return PromptAsked(number, target, 8192, HELLO, 100, **values)  # type: ignore[arg-type]


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def prompts(slow: Slow) -> Iterator[Prompts]:
    made = Prompts(lambda: slow)
    yield made
    made.shutdown()


def test_of_questions_that_wait_the_latest_of_each_kind_is_answered(qtbot: QtBot, prompts: Prompts, slow: Slow) -> None:
    told: list[int] = []
    prompts.news.connect(lambda batch: told.extend(news.number for news in batch))
    prompts.ask(asked(1))
    assert slow.began.wait(10)
    for number in (2, 3, 4):
        prompts.ask(asked(number))
    prompts.ask(asked(5, tokens=True))
    slow.go.set()
    qtbot.waitUntil(lambda: len(told) == 3)
    assert sorted(told) == [1, 4, 5]
    assert sorted(slow.looked) == [1, 4, 5]


def test_the_end_does_not_wait_for_an_answer(prompts: Prompts, slow: Slow) -> None:
    prompts.ask(asked(1))
    assert slow.began.wait(10)
    prompts.shutdown()
    assert slow.closed.is_set()
    assert not prompts.thread_.isRunning()
    prompts.ask(asked(2))
    assert slow.looked == [1]
