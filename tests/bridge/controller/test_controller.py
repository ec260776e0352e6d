"""What the window may ask for, in any order, of an engine in a child process or in this one."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator

import pytest
from pytestqt.qtbot import QtBot

from helix_app.base.errors import HelixError
from helix_app.bridge.controller import SessionController
from helix_app.engine.host.parent import HostClient
from helix_app.protocol.events import Event, Failed, Finished, Forgotten, Notice, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadChoice
from tests.bridge.fakes import FAKE, Client, FakeHub, Watcher, ready
from tests.engine.host.fake_engines import ask


def test_load_and_reply(controller: SessionController, watcher: Watcher, hub: FakeHub) -> None:
    controller.load(LoadChoice("m"))
    assert controller.busy
    watcher.wait_for(ModelReady)
    assert not controller.busy
    controller.generate(ask("say 30"))
    result = watcher.wait_for(Finished)
    assert isinstance(result, Finished)
    assert watcher.text() == result.text == "".join(f"m-{n} " for n in range(30))
    assert [event for event in watcher.seen if not isinstance(event, CatalogChanged)][-1] == result
    assert watcher.busy == [True, False, True, False]
    assert hub.threads == {"helix-engine", "helix-catalog"}


def test_engine_is_free_when_the_result_arrives(controller: SessionController, watcher: Watcher) -> None:
    """A window that sends the next request from within its handler is not told that the engine is busy."""

    def on_events(batch: list[Event]) -> None:
        if isinstance(batch[-1], ModelReady) or (isinstance(batch[-1], Finished) and batch[-1].request_id == "r1"):
            controller.generate(ask("say 3", "r1" if isinstance(batch[-1], ModelReady) else "r2"))

    controller.events.connect(on_events)
    controller.load(LoadChoice("m"))
    last = watcher.wait_for(Finished, 2)
    assert isinstance(last, Finished)
    assert last.request_id == "r2"
    assert not [event for event in watcher.seen if isinstance(event, Failed)]
    assert watcher.busy == [True, False]


def test_cancel(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    controller.cancel()
    result = watcher.wait_for(Finished)
    assert isinstance(result, Finished)
    assert (result.reason, result.text) == ("cancelled", watcher.text())
    controller.cancel()  # nothing to stop


def test_generate_while_busy_is_refused(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("slow"))
    controller.generate(ask("say 1", "r2"))
    watcher.wait_for(Failed("engine_busy", request_id="r2"))
    controller.cancel()
    watcher.wait_for(Unloaded)


def test_last_load_wins(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("slow"))
    controller.load(LoadChoice("unknown"))
    controller.load(LoadChoice("last"))
    assert ready(watcher.wait_for(ModelReady)) == "last"
    assert not [event for event in watcher.seen if isinstance(event, (Failed, Unloaded))]


def test_stopping_a_load_drops_the_waiting_one(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("slow"))
    controller.load(LoadChoice("other"))
    controller.cancel()
    watcher.wait_for(Unloaded)
    assert not controller.busy
    assert not [event for event in watcher.seen if isinstance(event, ModelReady)]


def test_unload(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    controller.unload()
    watcher.wait_for(Unloaded)
    controller.generate(ask("say 1", "r2"))
    watcher.wait_for(Failed("no_model_loaded", request_id="r2"))


def test_name_that_does_not_resolve(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("unknown"))
    watcher.wait_for(Failed("model_unknown", fields=(("name", "unknown"),)))
    assert not controller.busy


def test_catalog_is_listed_at_start_and_knows_what_was_opened(
    controller: SessionController, watcher: Watcher, hub: FakeHub
) -> None:
    watcher.wait_for(CatalogChanged)
    controller.load(LoadChoice("/some/file.gguf", draft="none"))
    watcher.wait_for(CatalogChanged, 2)
    assert hub.asked == [(), ("/some/file.gguf", "none")]


def test_download_during_a_reply(controller: SessionController, watcher: Watcher, hub: FakeHub) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("wait"))
    controller.download("a")
    controller.download("a")
    controller.download("b")
    watcher.wait_for(DownloadProgress("a", "download", 1, 2))
    assert controller.busy
    hub.gates["a"].set()
    watcher.wait_for(DownloadDone("a", "/models/a"))
    watcher.wait_for(DownloadProgress("b", "download", 1, 2))
    watcher.wait_for(CatalogChanged, 3)  # at start, after the load, and now
    controller.cancel_download("b")
    watcher.wait_for(DownloadFailed("b", "download_cancelled"))
    controller.cancel()
    watcher.wait_for(Finished)
    assert len([event for event in watcher.seen if isinstance(event, DownloadDone)]) == 1


def test_waiting_download_is_cancelled_at_once(controller: SessionController, watcher: Watcher, hub: FakeHub) -> None:
    for model_id in "abcd":  # three run beside each other
        controller.download(model_id)
    controller.cancel_download("d")
    assert DownloadFailed("d", "download_cancelled", fields=(("name", "d"),)) in watcher.seen
    controller.cancel_download("nothing")
    watcher.wait_for(DownloadProgress("a", "download", 1, 2))
    hub.gates["a"].set()
    watcher.wait_for(DownloadDone)
    assert "d" not in hub.gates


def test_fault_in_a_download_is_a_failed_download(controller: SessionController, watcher: Watcher) -> None:
    controller.download("faulty")
    failed = watcher.wait_for(DownloadFailed)
    assert isinstance(failed, DownloadFailed)
    assert (failed.model_id, failed.code) == ("faulty", "internal")
    controller.download("a")  # the worker lives
    watcher.wait_for(DownloadProgress("a", "download", 1, 2))


def test_forgetting_during_a_reply(controller: SessionController, watcher: Watcher, hub: FakeHub) -> None:
    watcher.wait_for(CatalogChanged)
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    watcher.wait_for(CatalogChanged, 2)
    controller.generate(ask("wait"))
    hub.threads.clear()
    controller.forget()
    watcher.wait_for(Forgotten(2))
    assert hub.threads == {"helix-catalog"}
    assert controller.busy
    controller.cancel()
    watcher.wait_for(Finished)


def test_forgetting_that_fails_is_no_failure_of_the_engine(
    controller: SessionController, watcher: Watcher, hub: FakeHub
) -> None:
    hub.forgetting = HelixError("forget_failed", folder="/data/ngram", detail="read-only")
    controller.forget()
    watcher.wait_for(Forgotten(0, Failed("forget_failed", "read-only", (("folder", "/data/ngram"),))))
    hub.forgetting = ZeroDivisionError("on purpose")
    controller.forget()
    told = watcher.wait_for(Forgotten, 2)
    assert isinstance(told, Forgotten)
    assert told.failed is not None
    assert told.failed.code == "internal"
    assert not [event for event in watcher.seen if isinstance(event, Failed)]
    hub.forgetting = 0
    controller.forget()  # the worker lives
    watcher.wait_for(Forgotten(0))


def test_event_from_another_thread(controller: SessionController, watcher: Watcher) -> None:
    thread = threading.Thread(target=lambda: controller.post(Notice("forced_cpu")))
    thread.start()
    watcher.wait_for(Notice("forced_cpu"))
    thread.join()


def test_shutdown_in_mid_reply_delivers_the_partial_reply(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.download("a")
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    assert controller.shutdown()
    (result,) = [event for event in watcher.seen if isinstance(event, Finished)]
    assert (result.reason, result.text) == ("cancelled", watcher.text())
    assert not multiprocessing.active_children()
    controller.load(LoadChoice("n"))  # too late, and harmless
    controller.download("b")
    assert not controller.busy


def test_shutdown_before_anything_is_ready(client: Client, hub: FakeHub, qtbot: QtBot) -> None:
    never_started = SessionController(client, hub.hub())
    assert never_started.shutdown()
    started = SessionController(type(client)("tests.engine.host.fake_engines:Scripted"), hub.hub())
    started.start()
    started.load(LoadChoice("m"))
    assert started.shutdown()
    assert not multiprocessing.active_children()


# ----------------------------------------------------------------- only with a child


@pytest.fixture
def host(hub: FakeHub, qtbot: QtBot) -> Iterator[tuple[HostClient, SessionController, Watcher]]:
    client = HostClient(FAKE, grace_seconds=0.3)
    controller = SessionController(client, hub.hub(), stop_ms=200)
    watcher = Watcher(controller, qtbot)
    controller.start()
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    yield client, controller, watcher
    assert controller.shutdown()
    assert not multiprocessing.active_children()


def test_reply_outlives_a_killed_engine(host: tuple[HostClient, SessionController, Watcher]) -> None:
    client, controller, watcher = host
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    assert client.pid is not None
    os.kill(client.pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    watcher.wait_for(Notice)
    watcher.wait_for(ModelReady, 2)
    before = sum(isinstance(event, TextDelta) for event in watcher.seen)
    watcher.wait_for(TextDelta, before + 2)
    controller.cancel()
    finished = watcher.wait_for(Finished)
    assert isinstance(finished, Finished)
    assert finished.reason == "cancelled"
    words = "".join(event.text for event in watcher.seen if isinstance(event, TextDelta))
    assert finished.text == words == "".join(f"m-{i} " for i in range(len(words.split())))
    assert [event.code for event in watcher.seen if isinstance(event, Notice)] == ["engine_restarted"]
    assert LoadProgress("weights", 0.5) in watcher.seen


def test_shutdown_frees_a_worker_from_an_engine_that_hangs(
    host: tuple[HostClient, SessionController, Watcher],
) -> None:
    _, controller, watcher = host
    controller.generate(ask("hang"))
    watcher.wait_for(TextDelta)
    assert controller.shutdown()
    failed = watcher.seen[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "engine_died"


def test_thread_that_cannot_be_stopped_is_reported(hub: FakeHub, qtbot: QtBot) -> None:
    entered, freed = threading.Event(), threading.Event()

    class Deaf:
        def stream(self, request: object, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
            entered.set()
            freed.wait()
            yield Unloaded()

        def close(self) -> None:
            pass

    controller = SessionController(Deaf(), hub.hub(), stop_ms=50)
    controller.start()
    controller.unload()
    assert entered.wait(20)
    assert not controller.shutdown()
    freed.set()
    assert all(thread.wait(20_000) for thread in controller.threads)
