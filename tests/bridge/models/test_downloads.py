"""Downloads: a few at once, each once, and stopped one by one or all together."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from helix_app.bridge.models.downloads import Downloads
from helix_app.bridge.worker import thread_for
from helix_app.protocol.events import Event
from helix_app.protocol.models.hub import DownloadDone, DownloadFailed, DownloadProgress


class Fetching:
    """Brings models when it is told to, on the worker's thread."""

    def __init__(self, qtbot: QtBot, at_once: int) -> None:
        self.go, self.asked = threading.Event(), list[str]()
        self.told: list[Event] = []
        self.shown: list[Event] = []
        self.arrivals = 0
        self.downloads = Downloads(self.fetch, self.told.append, self.shown.append, at_once=at_once)
        self.downloads.arrived.connect(self._count)
        self.threads = [thread_for(worker, "downloads") for worker in self.downloads.workers]
        for thread in self.threads:
            thread.start()
        self._qtbot = qtbot

    def fetch(self, model_id: str, cancel: threading.Event) -> Iterator[Event]:
        self.asked.append(model_id)
        while not self.go.wait(0.01):
            if cancel.is_set():
                yield DownloadFailed(model_id, "download_cancelled")
                return
        if model_id == "broken":
            raise OSError("no network")
        yield DownloadDone(model_id, "")

    def wait(self, arrivals: int) -> None:
        self._qtbot.waitUntil(lambda: self.arrivals == arrivals)

    def _count(self) -> None:
        self.arrivals += 1


@pytest.fixture(params=[1])
def fetching(qtbot: QtBot, request: pytest.FixtureRequest) -> Iterator[Fetching]:
    made = Fetching(qtbot, request.param)
    yield made
    made.downloads.stop()
    for thread in made.threads:
        thread.quit()
        assert thread.wait(5000)


def test_each_comes_once_in_the_order_of_asking(fetching: Fetching) -> None:
    for model_id in ("a", "b", "a", "b"):
        fetching.downloads.add(model_id)
    assert fetching.shown == [DownloadProgress(name, "connect", 0, 0) for name in "ab"]
    fetching.go.set()
    fetching.wait(2)
    assert fetching.asked == ["a", "b"]
    assert fetching.told == [DownloadDone("a", ""), DownloadDone("b", "")]
    fetching.downloads.add("a")  # it may have gone meanwhile
    fetching.wait(3)


def test_one_that_waits_is_cancelled_at_once_and_one_that_runs_by_its_worker(fetching: Fetching) -> None:
    for model_id in ("a", "b"):
        fetching.downloads.add(model_id)
    fetching.downloads.cancel("b")
    assert fetching.shown[-1] == DownloadFailed("b", "download_cancelled", fields=(("name", "b"),))
    fetching.downloads.cancel("a")
    fetching.downloads.cancel("unknown")
    fetching.wait(1)
    assert fetching.told == [DownloadFailed("a", "download_cancelled")]
    assert fetching.asked == ["a"]


def test_an_error_nobody_expected_is_a_failed_download(fetching: Fetching) -> None:
    fetching.downloads.add("broken")
    fetching.go.set()
    fetching.wait(1)
    (failed,) = fetching.told
    assert isinstance(failed, DownloadFailed)
    assert failed.model_id == "broken"


def test_stop_ends_all(fetching: Fetching) -> None:
    for model_id in ("a", "b"):
        fetching.downloads.add(model_id)
    fetching.downloads.stop()
    fetching.wait(1)
    assert fetching.asked == ["a"]


@pytest.mark.parametrize("fetching", [2], indirect=True)
def test_a_few_run_beside_each_other_and_the_next_begins_when_one_is_over(fetching: Fetching, qtbot: QtBot) -> None:
    for model_id in ("a", "b", "c"):
        fetching.downloads.add(model_id)
    qtbot.waitUntil(lambda: sorted(fetching.asked) == ["a", "b"])
    fetching.downloads.cancel("b")
    qtbot.waitUntil(lambda: "c" in fetching.asked)
    assert fetching.told == [DownloadFailed("b", "download_cancelled")]
    fetching.downloads.add("b")  # goes on, after those before
    fetching.go.set()
    fetching.wait(4)
    assert sorted(event.model_id for event in fetching.told if isinstance(event, DownloadDone)) == ["a", "b", "c"]
