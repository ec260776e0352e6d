"""What is over goes: notices, figures of another conversation, messages that were never sent."""

from __future__ import annotations

import pytest

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from tests.gui import fake
from tests.gui.driver import Driver

FALLBACK = events.Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter")))
TOO_LONG = (("tokens", "9,000"), ("limit", "8,192"))


def test_notices_go_with_a_new_chat_and_with_a_load(window: MainWindow) -> None:
    bar = window.chat.notices
    for act in (window.actions_.new_chat.trigger, lambda: window.toolbar.dtype.pick("float32")):
        window.on_event(FALLBACK)
        assert bar.isVisible()
        act()
        assert not bar.isVisible()


def test_a_new_chat_has_no_figures_yet(window: MainWindow) -> None:
    chat = Driver(window)
    chat.ask("x")
    name = chat.requests[-1].request_id
    window.on_events([fake.round_done(name, n) for n in range(20)])
    window.live.flush()
    assert not window.live.plots.k_plot.is_empty()
    window.actions_.new_chat.trigger()
    late = [fake.round_done(name, 20), fake.finished(name, reason="cancelled")]
    window.on_events(late)  # of the reply that was given up
    window.live.flush()
    assert all(plot.is_empty() for plot in window.live.plots.plots())
    assert window.status.context.text() == "context 0 / 8,192"
    assert window.status.speculation.text() == "speculation on"


@pytest.mark.parametrize("again", [False, True], ids=["first message", "later message"])
def test_a_message_that_was_refused_is_back_where_it_was_written(chat: Driver, again: bool) -> None:
    page, composer = chat.window.chat, chat.window.chat.composer
    if again:
        chat.ask("hello")
        chat.finish("hi")
    composer.attach("pasted " * 2000)
    request = chat.ask("far too long")
    composer.editor.setPlainText("typed since")
    chat.window.on_event(events.Failed("prompt_too_long", "", TOO_LONG, request.request_id))
    assert composer.text() == "pasted " * 2000 + "\n\nfar too long\n\ntyped since"
    assert page.error.isVisible()
    assert len(page.view.messages()) == (2 if again else 0)
    assert not page.generating
    composer.clear()
    sent = [message.content for message in chat.ask("short").messages]
    assert sent == (["hello", "hi", "short"] if again else ["short"])


def test_a_message_that_is_refused_after_its_conversation_was_deleted_goes_with_it(chat: Driver) -> None:
    book, composer = chat.window.book, chat.window.chat.composer
    request = chat.ask("far too long")
    talk = book.current
    book.delete(talk.id)
    chat.window.on_event(events.Failed("prompt_too_long", "", TOO_LONG, request.request_id))
    assert book.current is not talk
    assert not book.writings
    assert composer.is_empty()
    assert len(talk) == 2


def test_a_reply_that_is_refused_when_written_again_keeps_its_question(chat: Driver) -> None:
    chat.ask("hello")
    chat.finish("hi")
    chat.window.chat.again()
    chat.window.on_event(events.Failed("prompt_too_long", "", TOO_LONG, chat.requests[-1].request_id))
    assert len(chat.window.chat.view.messages()) == 2
    assert "9,000 tokens" in chat.reply.error_sentence()


def test_a_benchmark_is_said_before_one_types(window: MainWindow) -> None:
    window.state.begin("benchmark")
    assert window.chat.hint.isVisible()
    assert window.chat.hint.text().startswith("A benchmark is running")
    window.state.end("benchmark")
    assert not window.chat.hint.isVisible()
