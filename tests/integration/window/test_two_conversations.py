"""Two conversations answered at once by the real engine: each as if it were alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import build, make_client
from helix_app.base.settings import Settings
from helix_app.protocol.events import CacheSnapshot, Finished, RoundDone
from tests.integration.window.test_window import SECONDS, Person, Recorder

pytestmark = pytest.mark.model

QUESTIONS = ("Write a long story about a fox and a bear.", "List the days of the week.")
LENGTHS = (200, 30)  # the first is still being written, however fast the machine, when the second has been sent


def test_two_conversations_at_once(forked_children: None, default_model: Path, qtbot: QtBot) -> None:
    settings = Settings(target=str(default_model), context_length=1024, max_tokens=LENGTHS[0], temperature=0.0)
    recorder = Recorder(make_client(settings))
    app = build(settings, lambda _: recorder)
    qtbot.addWidget(app.window)
    app.start()
    window, book = app.window, app.window.book
    person = Person(app, recorder, qtbot)
    person.wait_until_ready()

    first, talk = person.send(QUESTIONS[0]), book.current.id
    person.wait_for_text()
    window.actions_.new_chat.trigger()
    person.limit(LENGTHS[1])
    second = person.send(QUESTIONS[1])
    assert len(book.writings) == 2
    qtbot.waitUntil(lambda: not book.writings, timeout=SECONDS)
    together = {event.request_id: event for event in recorder.events if isinstance(event, Finished)}
    assert set(together) == {first, second}
    rounds = [event.request_id for event in recorder.events if isinstance(event, RoundDone)]
    assert second in rounds[: len(rounds) - rounds[::-1].index(first)], "both were written at once"
    shown = [event for event in recorder.events if isinstance(event, CacheSnapshot)]
    assert any({first, second} <= set(event.owners) for event in shown), "the block map showed both"
    reply = window.chat.last_reply()
    assert reply is not None
    assert reply.source() == together[second].text
    for name in (first, second):
        run = window.desk.book.run(name)
        assert run is not None
        assert run.complete
        assert sum(isinstance(item.event, RoundDone) for item in run.items) == together[name].metrics.target_passes

    book.open(talk)
    qtbot.waitUntil(lambda: book.current.id == talk, timeout=SECONDS)
    for question, length, name in zip(QUESTIONS, LENGTHS, (first, second)):  # and the same alone
        person.limit(length)
        window.actions_.new_chat.trigger()
        alone = person.send(question)
        qtbot.waitUntil(lambda: not book.writings, timeout=SECONDS)
        result = next(e for e in recorder.events if isinstance(e, Finished) and e.request_id == alone)
        assert result.token_ids == together[name].token_ids
    window.close()
