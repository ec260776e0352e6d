"""Sentences and numbers in another language, and where they stay English."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from helix_app.base import messages
from helix_app.base.language import ENGLISH, Language, english, figure, mark, number, say, speak, spoken
from helix_app.base.sizes import size_text

WORDS = {
    ("messages", "stop text"): "Stopptext",
    ("messages", "Identical: {n:token|tokens}"): "Identisch: {n:Token|Token}",
    ("settings", "Theme"): "Design",
}
GERMAN = Language("de", lambda context, text: WORDS.get((context, text), text), comma=True)


@pytest.fixture
def german() -> Iterator[None]:
    speak(GERMAN)
    yield
    speak(ENGLISH)


def test_english_without_a_window() -> None:
    assert spoken() is ENGLISH
    assert (say("stop text"), number("1,234.5"), figure("1.5 GB"), mark("x")) == ("stop text", "1,234.5", "1.5 GB", "x")


def test_a_text_is_looked_up_in_its_context(german: None) -> None:
    assert (say("Theme", "settings"), say("Theme"), say("")) == ("Design", "Theme", "")
    assert messages.finish_reason_text("stop") == "Stopptext"


def test_numbers_have_a_comma_and_counts_their_nouns(german: None) -> None:
    assert number("1,234.5") == "1.234,5"
    assert size_text(1_600_000_000) == "1,6 GB"
    assert messages.comparison_text("identical", {"n": "1,234"}) == "Identisch: 1.234 Token"
    assert messages.fill("{n:word|words}", n=12345) == "12.345 words"
    assert messages.fill("{n:word|words}", n="12.345") == "12.345 words"  # as the window wrote it
    assert messages.context_full_text("default", 8192, 131072).startswith("The context is full at 8.192 tokens,")
    assert messages.notice_text("attachment_cut", {"name": "a", "taken": "1,234", "left": "9"}).split(", ")[1:2] == [
        "the first 1.234 characters were taken"
    ]


@pytest.mark.parametrize("text", ["8,192", "98.4 MB", "73 %", "-1.5", "2.06x", "1.5 ms"])
def test_a_field_that_is_a_number_is_written_anew(german: None, text: str) -> None:
    assert figure(text) == text.translate(str.maketrans(",.", ".,"))


@pytest.mark.parametrize("text", ["SmolLM2 1.7B", "/models/a.b,c.gguf", "3.12.1", "1,2 and 3", ""])
def test_a_field_that_is_a_name_stays(german: None, text: str) -> None:
    assert figure(text) == text


def test_what_is_for_others_is_english_in_this_thread_alone(german: None) -> None:
    elsewhere: list[str] = []
    with english():
        assert (say("stop text"), number("1.5")) == ("stop text", "1.5")
        thread = threading.Thread(target=lambda: elsewhere.append(say("stop text")))
        thread.start()
        thread.join()
    assert elsewhere == ["Stopptext"]
    assert say("stop text") == "Stopptext"


def test_a_share_has_a_space_before_its_sign_also_in_old_records() -> None:
    assert [figure(text) for text in ("36%", "36 %", "1.5%", "x%", "%")] == ["36 %", "36 %", "1.5 %", "x%", "%"]
