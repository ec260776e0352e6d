"""A process that answers: one that starts, one that does not, one that ends by itself, and one after another."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.context import BaseContext, SpawnProcess
from multiprocessing.process import BaseProcess
from typing import Any

import pytest

from helix_app.base.process.answering import AnsweringProcess, answer_all

NAME = "helix-answering"
SECONDS = 60.0  # a busy computer may take so long to start a process


def serve(pipe: Connection) -> None:
    """Twice what is asked, who says it, how it is scheduled and whether Ctrl-C ends it."""
    answer_all(pipe, lambda asked: (2 * asked, os.getpid(), _niceness(), signal.getsignal(signal.SIGINT)))


def _niceness() -> int:
    return os.nice(0) if hasattr(os, "nice") else 0


def serve_nothing(_pipe: Connection) -> None:
    """A process that ends before it was asked."""


def serve_forever(pipe: Connection) -> None:
    """A process that is at work on what never ends."""
    pipe.send("begun")
    threading.Event().wait()


@pytest.fixture
def answering() -> Iterator[AnsweringProcess]:
    process = AnsweringProcess(serve, NAME)
    yield process
    process.close()


def children() -> list[BaseProcess]:
    return [child for child in multiprocessing.active_children() if child.name == NAME]


def told(pipe: Connection) -> Any:
    assert pipe.poll(SECONDS)
    return pipe.recv()


def test_it_answers_until_it_is_closed_and_starts_again(answering: AnsweringProcess) -> None:
    answering.close()  # before there was any
    assert not children()
    pids = set()
    for _ in range(2):
        pipe = answering.pipe()
        for number in (1, 21):
            pipe.send(number)
            double, pid, niceness, interrupted = told(pipe)
            assert double == 2 * number
            pids.add(pid)
        assert answering.pipe() is pipe
        assert [child.pid for child in children()] == [pid]
        assert interrupted is signal.SIG_IGN
        if hasattr(os, "nice"):
            assert niceness == min(_niceness() + 5, 19)
        answering.close()
        answering.close()
        assert pipe.closed
        assert not children()
    assert len(pids) == 2
    assert os.getpid() not in pids


def test_it_ends_by_itself_with_its_pipe(answering: AnsweringProcess) -> None:
    pipe = answering.pipe()
    pipe.send(1)
    assert told(pipe)[0] == 2
    (child,) = children()
    pipe.close()
    child.join(SECONDS)
    assert child.exitcode == 0


def test_a_process_that_ended_is_the_end_of_the_pipe() -> None:
    process = AnsweringProcess(serve_nothing, NAME)
    try:
        with pytest.raises(EOFError):
            told(process.pipe())
    finally:
        process.close()


def test_one_that_never_answers_is_ended() -> None:
    process = AnsweringProcess(serve_forever, NAME)
    try:
        assert told(process.pipe()) == "begun"
    finally:
        process.close()
    assert not children()


def test_one_that_cannot_be_started_leaves_nothing(
    answering: AnsweringProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    pipes: list[Connection] = []
    make = BaseContext.Pipe

    def kept(context: BaseContext, duplex: bool = True) -> Any:
        pipes.extend(ends := make(context, duplex))
        return ends

    def refused(_process: SpawnProcess) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    with monkeypatch.context() as patch:
        patch.setattr(BaseContext, "Pipe", kept)
        patch.setattr(SpawnProcess, "start", refused)
        for _ in range(2):
            with pytest.raises(BlockingIOError):
                answering.pipe()
            answering.close()
    assert [pipe.closed for pipe in pipes] == [True] * 4
    pipe = answering.pipe()
    pipe.send(4)
    assert told(pipe)[0] == 8
