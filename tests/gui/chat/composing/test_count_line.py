"""What is said of a prompt below the message field."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from helix_app.gui.chat.composing.count_line import details, sentence
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.prompts import PARTS, PromptCounted
from helix_app.protocol.events import Failed
from tests.gui.chat.made_prompts import FakeCounter, ready
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

COUNTS = {"system": 20, "history": 900, "message": 12, "reply": 0, "template": 68}


def counted(**values: object) -> PromptCounted:
    counts = tuple(COUNTS[part] for part in PARTS)
    return PromptCounted(1, **{"counts": counts, "room": 7192, **values})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({}, "12 tokens · prompt 1,000 of 8,192 · up to 1,024 for the reply"),
        ({"room": 300}, "12 tokens · prompt 1,000 of 8,192 · up to 300 for the reply"),
        (
            {"left_out": 6},
            "12 tokens · prompt 1,000 of 8,192 · up to 1,024 for the reply · 6 oldest messages are not sent",
        ),
        (
            {"raw": True, "cut": True},
            "12 tokens · prompt 1,000 of 8,192 · up to 1,024 for the reply · its beginning is not sent",
        ),
        (
            {"raw": True, "left_out": 2},
            "12 tokens · prompt 1,000 of 8,192 · up to 1,024 for the reply · its beginning is not sent",
        ),
        ({"room": 0}, "12 tokens · the prompt is too long: 1,000 of 8,192"),
    ],
)
def test_the_sentence(values: dict[str, object], text: str) -> None:
    assert sentence(counted(**values), 8192, 1024) == text


def test_what_is_wrong_is_said_in_place_of_a_number() -> None:
    failed = Failed("template_own_failed", "", (("reason", "a loop"),))
    assert "a loop" in sentence(counted(failed=failed), 8192, 1024)
    assert details(counted(failed=failed)) == []


def test_the_parts_are_told_one_a_line() -> None:
    lines = details(counted(left_out=2))
    assert lines[:2] == ["System prompt: 20", "History: 900"]
    assert lines[-1] == "Not sent: the 2 oldest messages"
    for values in ({"left_out": 2}, {"cut": True}):
        assert details(counted(raw=True, **values))[-1] == "Not sent: the beginning of the text"


def test_it_stands_below_the_field_and_moves_nothing(window: MainWindow) -> None:
    window.on_event(ready())
    FakeCounter(window)
    settle()
    composer, line = window.chat.composer, window.count_line
    before = composer.geometry()
    composer.editor.setPlainText("Hello")
    window.counting.ask_now()
    QApplication.processEvents()
    assert line.isVisible()
    assert composer.geometry() == before
    assert line.geometry().top() > composer.geometry().bottom()
    assert line.geometry().bottom() <= line.parentWidget().height()
    assert line.geometry().right() <= composer.geometry().right()
    assert line.accessibleName().startswith("Tokens of the message: 1 token")
    composer.clear()
    assert line.isHidden()


def test_a_prompt_that_is_too_long_stands_out(window: MainWindow) -> None:
    window.on_event(ready(context_length=64))
    FakeCounter(window)
    window.chat.composer.editor.setPlainText("word " * 100)
    window.counting.ask_now()
    assert window.count_line.property("tone") == "danger"
    window.chat.composer.editor.setPlainText("word")
    window.counting.ask_now()
    assert window.count_line.property("tone") == "muted"
