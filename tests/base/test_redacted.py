"""What is sent to others names neither the person nor what was written in conversations."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base import redacted
from helix_app.base.failures import kind_of

SECRET = "Why does my neighbour Hans\nplay the tuba at night?"


def trace(message: str) -> str:
    return (
        "Traceback (most recent call last):\n"
        '  File "/home/ann/Helix/helix_app/gui/page.py", line 12, in on_event\n'
        "    self.show(event)\n"
        f"ValueError: {message}\n"
        "\nDuring handling of the above exception, another exception occurred:\n\n"
        "Traceback (most recent call last):\n"
        '  File "/home/ann/Helix/helix_app/gui/view.py", line 7, in show\n'
        "    raise KeyError\n"
        f"KeyError: {message!r}\n"
    )


@pytest.fixture(autouse=True)
def ann(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))
    monkeypatch.setattr("getpass.getuser", lambda: "ann")


def test_paths_do_not_name_the_person() -> None:
    text = "models in /home/ann/models, /mnt/d/Users/ann/x.gguf, D:\\Users\\ann\\x; joann; /home/anna; ann\n"
    assert redacted.without_person(text) == (
        "models in ~/models, /mnt/d/Users/person/x.gguf, D:\\Users\\person\\x; joann; /home/anna; ann\n"
    )


@pytest.mark.parametrize("message", [SECRET, 'one\n  File "x", line 3\n    Hans\n  tuba', "a\n\nTraceback: Hans tuba"])
def test_a_bare_trace_keeps_types_and_lines_and_nothing_that_was_said(message: str) -> None:
    bare = redacted.bare_trace(trace(message))
    assert "Hans" not in bare
    assert "tuba" not in bare
    assert 'File "page.py", line 12, in on_event' in bare
    assert "    raise KeyError" in bare
    assert [line for line in bare.splitlines() if line in ("ValueError", "KeyError")] == ["ValueError", "KeyError"]


def test_lines_that_quote_a_conversation_are_left_out() -> None:
    lines = ["loaded in 1.2 s", "refused: 'my neighbour Hans\\nplay the'", "KeyError: Hans", "sent: Hi there"]
    kept = redacted.without_texts(lines, [SECRET, "Hi there", "Hans"])
    assert kept == ["loaded in 1.2 s", redacted.LEFT_OUT, "KeyError: Hans", redacted.LEFT_OUT]
    assert redacted.without_texts(lines, []) == lines


def test_the_kind_of_an_error_is_its_type_and_lines() -> None:
    assert kind_of(trace("one")) == kind_of(trace(SECRET))
    assert kind_of(trace("one")) != kind_of(trace("one").replace("line 7", "line 8"))
    assert kind_of(trace("one")) != kind_of(trace("one").replace("KeyError:", "TypeError:"))
