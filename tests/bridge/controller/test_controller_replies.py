"""Several replies at once through the controller, and what ends them."""

from __future__ import annotations

import pytest

from helix_app.bridge.controller import SessionController
from helix_app.protocol.events import Failed, Finished, TextDelta
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadChoice
from tests.bridge.fakes import Watcher, ready
from tests.engine.host.fake_engines import ask


def results(watcher: Watcher) -> list[tuple[str, str, str]]:
    return [(event.request_id, event.reason, event.text) for event in watcher.seen if isinstance(event, Finished)]


def test_replies_after_stop_do_not_wait_for_the_stopped_one(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("wait"))
    watcher.wait_for(TextDelta)
    controller.cancel()
    controller.generate(ask("say 2", "r2"))
    controller.generate(ask("say 1", "r3"))
    watcher.wait_for(Finished, 3)
    assert sorted(results(watcher)) == [
        ("r1", "cancelled", "m-0 "), ("r2", "eos", "m-0 m-1 "), ("r3", "eos", "m-0 "),
    ]  # fmt: skip
    assert watcher.busy == [True, False, True, False]


def test_a_reply_is_written_beside_another_and_stopped_alone(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    controller.generate(ask("say 2", "r2"))
    controller.generate(ask("forever", "r3"))
    watcher.wait_for(Finished)
    assert results(watcher) == [("r2", "eos", "m-0 m-1 ")]
    controller.cancel_reply("r1")
    watcher.wait_for(Finished, 2)
    assert controller.busy
    controller.cancel_reply("nobody")
    controller.cancel_reply("r3")
    watcher.wait_for(Finished, 3)
    assert [(name, reason) for name, reason, _ in results(watcher)[1:]] == [("r1", "cancelled"), ("r3", "cancelled")]
    assert watcher.busy == [True, False, True, False]


def test_a_load_and_the_end_stop_all_replies(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    controller.generate(ask("forever", "r2"))
    watcher.wait_for(TextDelta)
    controller.load(LoadChoice("n"))
    controller.generate(ask("say 1", "r3"))
    watcher.wait_for(Failed("engine_busy", request_id="r3"))
    assert ready(watcher.wait_for(ModelReady, 2)) == "n"
    assert sorted(name for name, reason, _ in results(watcher) if reason == "cancelled") == ["r1", "r2"]
    controller.generate(ask("forever", "r4"))
    controller.generate(ask("forever", "r5"))
    controller.shutdown()
    assert {name for name, reason, _ in results(watcher) if reason == "cancelled"} >= {"r4"}


def test_a_reply_that_comes_when_the_other_is_just_over_is_written(
    controller: SessionController, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stream is closed, and the window has not heard of it yet."""
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    monkeypatch.setattr(Intake, "put", lambda *_: False)
    controller.generate(ask("say 1"))
    controller.generate(ask("say 2", "r2"))
    controller.generate(ask("forever", "r3"))
    controller.cancel_reply("r3")
    monkeypatch.undo()
    watcher.wait_for(Finished, 3)
    assert sorted((name, reason) for name, reason, _ in results(watcher)) == [
        ("r1", "eos"), ("r2", "eos"), ("r3", "cancelled"),
    ]  # fmt: skip
    assert not controller.busy


@pytest.mark.parametrize("dropped_by", ["cancel", "load"])
def test_waiting_reply_that_is_dropped_has_a_result(
    controller: SessionController, watcher: Watcher, dropped_by: str
) -> None:
    """Whether the child has begun it by then or not."""
    controller.load(LoadChoice("m"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("wait"))
    watcher.wait_for(TextDelta)
    controller.cancel()
    controller.generate(ask("forever", "r2"))
    if dropped_by == "cancel":
        controller.cancel()
    else:
        controller.load(LoadChoice("n"))
        watcher.wait_for(ModelReady, 2)
    watcher.wait_for(Finished, 2)
    assert sorted((name, reason) for name, reason, _ in results(watcher)) == [("r1", "cancelled"), ("r2", "cancelled")]


def test_load_during_a_reply_stops_it_first(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("one"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    controller.load(LoadChoice("two"))
    assert ready(watcher.wait_for(ModelReady, 2)) == "two"
    result = watcher.wait_for(Finished)
    assert isinstance(result, Finished)
    assert result.reason == "cancelled"
    assert watcher.seen.index(result) < watcher.seen.index(watcher.wait_for(ModelReady, 2))
    assert watcher.busy == [True, False, True, False]  # no gap between the reply and the load


def test_a_load_that_waits_for_a_reply_to_end_is_cancelled(controller: SessionController, watcher: Watcher) -> None:
    controller.load(LoadChoice("one"))
    watcher.wait_for(ModelReady)
    controller.generate(ask("forever"))
    watcher.wait_for(TextDelta)
    controller.load(LoadChoice("two"))
    controller.cancel()
    watcher.wait_for(Failed("load_cancelled", kept=True))
    watcher.wait_for(Finished)
    controller.generate(ask("say 1", "r2"))
    last = watcher.wait_for(Finished, 2)
    assert isinstance(last, Finished)
    assert last.text == "one-0 "
