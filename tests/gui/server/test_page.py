"""The page of the local API: what a person sets up, and what is told."""

from __future__ import annotations

import pytest
from PySide6.QtGui import QGuiApplication

from helix_app.gui.server.page import HERE, NETWORK
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.serving import (
    ServedReplies,
    ServedReply,
    ServedRequest,
    ServingBegun,
    ServingEnded,
    StartServing,
    StopServed,
    StopServing,
)
from tests.gui.fake import record

URL = "http://127.0.0.1:8765"
WRITING = ServedReply("a", 1_764_000_000.0, "Why is the sky blue?", "writing", 12, 0.8, 31.5, 0.62)
DONE = ServedReply("b", 1_763_999_990.0, "Say hello", "done", 3, 0.2)


def test_start_stop_and_the_address(window: MainWindow) -> None:
    page, asked = window.server, record(window.serving_requested)
    page.toggle.click()
    assert asked == [StartServing(HERE, 8765, "")]
    assert not page.toggle.isEnabled()
    assert not page.port.isEnabled()
    assert page.url.text() == "Starting…"
    window.on_event(ServingBegun(URL))
    assert page.url.text() == f"{URL}/v1"
    assert page.toggle.text() == "Stop"
    page.copy.click()
    assert QGuiApplication.clipboard().text() == f"{URL}/v1"
    page.toggle.click()
    assert asked[1:] == [StopServing()]
    window.on_event(ServingEnded())
    assert (page.toggle.text(), page.url.text()) == ("Start", "")
    assert page.port.isEnabled()
    assert not page.error.isVisible()


def test_what_is_set_up_is_kept(window: MainWindow) -> None:
    page, asked = window.server, record(window.serving_requested)
    page.port.setValue(9000)
    page.reach.picked.emit(NETWORK)
    key = page.key.text()
    assert key.startswith("helix-")
    page.toggle.click()
    assert asked == [StartServing(NETWORK, 9000, key)]
    s = window.settings
    assert (s.serve_port, s.serve_network, s.serve_key) == (9000, True, key)
    page.new_key.setEnabled(True)
    page.new_key.click()
    assert page.key.text() != key


def test_what_is_typed_stays_whatever_else_changes(make_window) -> None:
    window = make_window(serve_port=9001, serve_key="mine")
    page = window.server
    assert (page.port.value(), page.key.text(), window.settings.serve_key) == (9001, "mine", "mine")
    page.reach.picked.emit(NETWORK)
    page.new_key.click()
    key = page.key.text()
    window.state.change(last_chat="another")
    assert (page.reach.value, page.key.text()) == (NETWORK, key)
    assert window.settings.serve_key == key


def test_why_it_could_not_begin_is_shown(window: MainWindow) -> None:
    page = window.server
    window.pages.show_page("server")
    window.show()
    page.toggle.click()
    fields = (("host", "127.0.0.1"), ("port", "8765"))
    window.on_event(ServingEnded(Failed("server_port_taken", "", fields)))
    assert page.error.isVisible()
    assert "8765" in page.error.sentence.text()
    page.toggle.click()
    assert not page.error.isVisible()


@pytest.mark.parametrize(("taken", "instead"), [(8765, 8766), (65_535, 0)])
def test_a_port_that_is_taken_is_left_for_the_next_one(make_window, taken: int, instead: int) -> None:
    window = make_window(serve_port=taken)
    page, asked = window.server, record(window.serving_requested)
    window.pages.show_page("server")
    page.toggle.click()
    fields = (("host", "127.0.0.1"), ("port", str(taken)))
    window.on_event(ServingEnded(Failed("server_port_taken", "", fields)))
    assert page.error.action.text() == f"Use port {instead}"
    page.error.action.click()
    assert [start.port for start in asked] == [taken, instead]
    assert window.settings.serve_port == instead
    assert not page.error.isVisible()
    window.on_event(ServingEnded(Failed("server_key_needed", "", (("host", "0.0.0.0"),))))
    assert page.error.action.isHidden()


def test_a_reply_is_listed_and_stopped(window: MainWindow) -> None:
    page, asked = window.server, record(window.serving_requested)
    window.on_event(ServedReplies((WRITING, DONE)))
    assert page.replies.count() == 2
    assert not page.stop.isEnabled()
    page.replies.setCurrentRow(1)
    assert not page.stop.isEnabled()  # it is over
    page.replies.setCurrentRow(0)
    page.stop.click()
    assert asked == [StopServed("a")]
    newer = ServedReply("c", 1_764_000_010.0, "And?", "writing")
    window.on_event(ServedReplies((newer, WRITING, DONE)))
    chosen = page.replies.chosen()
    assert chosen is not None
    assert chosen.request_id == "a"
    window.on_event(ServedReplies((newer,)))
    assert page.replies.count() == 1


def test_requests_are_listed(window: MainWindow) -> None:
    page = window.server
    window.on_event(ServedRequest(1_764_000_000.0, "POST", "/v1/chat/completions", 200, 1.25))
    window.on_event(ServedRequest(1_764_000_001.0, "GET", "/", 0, 0.01))
    first, second = page.log.toPlainText().splitlines()
    assert first[8:] == "  200  POST /v1/chat/completions  1.25 s"
    assert "–  GET /" in second
