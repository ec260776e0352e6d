"""What a window asks about this computer."""

from __future__ import annotations

from helix_app.protocol.inquiries import RedactAsked


def test_a_log_that_names_the_question_tells_nothing_of_a_conversation() -> None:
    asked = RedactAsked(7, ("refused: my neighbour Hans",), ("Why does my neighbour Hans play the tuba?",))
    assert repr(asked) == "RedactAsked(number=7)"
    assert asked == RedactAsked(7, asked.lines, asked.texts)
    assert asked != RedactAsked(7, asked.lines, ("another",))
