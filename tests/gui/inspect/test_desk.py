"""Runs in the window: every reply is recorded, can be looked into, saved and opened."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog

from helix_app.bridge.run_files import RunFiles
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import KeepRun, OpenRun
from helix_app.protocol.events import Failed, RoundDone
from helix_app.protocol.models.loading import ModelReady
from helix_app.runs import run as runs
from helix_app.runs.run import Run
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, answer, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.fake import record
from tests.runs.made_runs import made_run


def play(window: MainWindow, chat: Driver, text: str = "Why?", rounds: int = 25) -> Run:
    """Ask, and answer with a made run."""
    request = chat.ask(text)
    run = made_run(rounds, name=request.request_id, seed=rounds)
    for item in run.items[2:]:
        window.on_event(item.event)
    window.chat.flush()
    return run


# ------------------------------------------------------------------------------ the book


def test_every_event_of_a_reply_is_recorded_in_order(window: MainWindow, chat: Driver) -> None:
    made = play(window, chat)
    window.on_event(fake.round_done("of another reply", 1))  # between replies nothing is recorded
    run = window.desk.book.run(chat.requests[-1].request_id)
    assert run is not None
    assert run.complete
    assert run.request == chat.requests[-1]
    assert isinstance(run.items[1].event, ModelReady)
    assert [item.event for item in run.items[2:]] == [item.event for item in made.items[2:]]
    assert [item.seconds for item in run.items] == sorted(item.seconds for item in run.items)


# ------------------------------------------------------------------------------ looking into one


def test_the_page_shows_the_last_reply_and_goes_on_with_the_next(window: MainWindow, chat: Driver) -> None:
    window.pages.show_page("inspect")
    page = window.desk.page
    assert page.empty
    window.pages.show_page("chat")
    play(window, chat, rounds=25)
    window.pages.show_page("inspect")
    assert page.timeline.count == 25
    play(window, chat, "And then?", rounds=12)
    assert page.timeline.count == 12
    assert page.title.whole().startswith("And then?")


def test_a_reply_that_is_written_can_be_watched(window: MainWindow, chat: Driver) -> None:
    request = chat.ask("x")
    run = made_run(30, name=request.request_id)
    for item in run.items[2:40]:
        window.on_event(item.event)
    window.actions_.inspect.trigger()
    page = window.desk.page
    page.refresh()
    before = page.timeline.count
    assert 0 < before < 30
    for item in run.items[40:]:
        window.on_event(item.event)
    assert page.timeline.count == 30  # its end is shown at once
    assert page.trace.end is not None


def test_an_earlier_reply_stays_on_the_page(window: MainWindow, chat: Driver) -> None:
    play(window, chat, rounds=25)
    first = chat.reply
    play(window, chat, rounds=12)
    first._footer.inspect.trigger()  # type: ignore[union-attr]
    page = window.desk.page
    assert page.isVisible()
    assert page.timeline.count == 25
    play_hidden = made_run(9, name=chat.ask("third").request_id)
    for item in play_hidden.items[2:]:
        window.on_event(item.event)
    assert page.timeline.count == 25


def test_looking_costs_nothing_while_nobody_looks(window: MainWindow, chat: Driver) -> None:
    play(window, chat)
    assert len(window.desk._traces) == 0
    window.actions_.origins.setChecked(True)
    assert len(window.desk._traces) == 1
    window.actions_.origins.setChecked(False)


def test_a_reply_whose_run_is_gone_offers_nothing_dead(window: MainWindow, chat: Driver) -> None:
    play(window, chat)
    footer = chat.reply._footer
    assert footer is not None
    assert all(action.isVisible() for action in footer.of_run)
    window.desk.book.dropped.emit(chat.reply.request_id)
    assert not any(action.isVisible() for action in footer.of_run)


def test_actions_wait_for_a_run(window: MainWindow, chat: Driver) -> None:
    assert not window.actions_.save_run.isEnabled()
    assert not window.actions_.inspect.isEnabled()
    assert window.actions_.open_run.isEnabled()
    play(window, chat)
    assert window.actions_.save_run.isEnabled()
    assert window.actions_.inspect.isEnabled()


# ------------------------------------------------------------------------------ files


@pytest.fixture
def files(window: MainWindow):
    """Wired as in app.py."""
    made, desk = RunFiles(), window.desk
    desk.open_requested.connect(made.open)
    desk.save_requested.connect(made.save)
    made.begun.connect(desk.on_file_begun)
    made.batch.connect(desk.on_file_batch)
    made.opened.connect(desk.on_file_opened)
    made.saved.connect(desk.on_file_saved)
    made.failed.connect(desk.on_file_failed)
    yield made
    made.shutdown()


def test_a_saved_run_opens_as_it_was(
    window: MainWindow, chat: Driver, files: RunFiles, qtbot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "mine"
    play(window, chat, rounds=40)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(files.saved):
        window.actions_.save_run.trigger()
    path = path.with_name("mine" + runs.SUFFIX)
    assert str(path) in window.status.currentMessage()
    recorded = window.desk.book.run(chat.requests[-1].request_id)
    assert runs.load(path) == recorded
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    with qtbot.waitSignal(files.opened):
        window.actions_.open_run.trigger()
    page = window.desk.page
    assert page.isVisible()
    assert recorded is not None
    assert page.trace.rounds == [item.event for item in recorded.items if isinstance(item.event, RoundDone)]
    assert page.number == 0
    play(window, chat, rounds=5)
    assert page.timeline.count == 40  # what was opened stays
    with qtbot.waitSignal(files.saved):
        page.save.click()
    assert runs.load(path) == recorded


def test_what_is_no_run_is_said_on_the_page(
    window: MainWindow, chat: Driver, files: RunFiles, qtbot, tmp_path: Path
) -> None:
    play(window, chat, rounds=7)
    path = tmp_path / "broken.helixrun"
    path.write_bytes(b"no run")
    with qtbot.waitSignal(files.failed):
        window.desk.open_requested.emit(str(path))
    page = window.desk.page
    assert page.isVisible()
    assert page.error.isVisible()
    assert "no run that this Helix can read" in page.error.sentence.text()
    assert page.timeline.count == 7  # the last reply is shown as before
    window.desk.open_requested.emit(str(path))


def test_a_run_that_cannot_be_saved_says_so(
    window: MainWindow, chat: Driver, files: RunFiles, qtbot, tmp_path: Path
) -> None:
    play(window, chat, rounds=7)
    run = window.desk.book.run(window.desk.book.latest)
    with qtbot.waitSignal(files.failed):
        window.desk.save_requested.emit(str(tmp_path / "no" / "x.helixrun"), run)
    assert "could not be saved" in window.desk.page.error.sentence.text()


# --------------------------------------------------------------------------- runs of another day


def yesterday(window: MainWindow, rounds: int = 12) -> FakeStore:
    """A conversation of the store whose reply has a kept run."""
    talk = made_chat("c", question("q", "", "Why?"), answer("a", "q", "So."))
    store = FakeStore(window, replace(talk, runs=("a",)))
    store.runs["a"] = tuple((item.seconds, item.event) for item in made_run(rounds, name="r").items)
    window.book.open("c")
    return store


def test_yesterdays_reply_is_inspected(window: MainWindow, chat: Driver) -> None:
    store = yesterday(window)
    footer = chat.reply._footer
    assert footer is not None
    assert footer.inspect.isVisible()
    assert store.of(OpenRun) == []  # it is not read before somebody looks
    footer.inspect.trigger()
    page = window.desk.page
    assert page.isVisible()
    assert page.timeline.count == 12
    window.pages.show_page("chat")
    footer.inspect.trigger()
    assert store.of(OpenRun) == [OpenRun("a")]  # once is enough


def test_yesterdays_reply_is_shown_as_tokens(window: MainWindow, chat: Driver) -> None:
    yesterday(window)
    assert chat.reply._footer is not None
    chat.reply._footer.tokens.trigger()
    assert chat.reply.tokens is not None
    assert len(chat.reply.tokens.view.trace.rounds) == 12


def test_a_run_that_is_not_kept_any_more(window: MainWindow, chat: Driver) -> None:
    store = yesterday(window)
    store.runs.clear()
    told = record(window.desk.told)
    window.desk.inspect("a")
    assert told == ["The run of this reply is not kept any more"]
    assert not window.desk.page.isVisible()


def test_a_complete_run_goes_to_the_store_unless_the_person_said_no(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window)
    play(window, chat, rounds=9)
    (kept,) = store.of(KeepRun)
    assert isinstance(kept, KeepRun)
    assert kept.id == chat.reply.message_id
    assert len(kept.items) > 9
    assert kept.id in window.book.current.runs
    window.state.change(keep_runs=False)
    play(window, chat, rounds=9)
    assert len(store.of(KeepRun)) == 1
    chat.ask("fails")
    window.on_event(Failed("nan_logits", "", (), chat.requests[-1].request_id))
    assert len(store.of(KeepRun)) == 1
