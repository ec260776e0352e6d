"""Stop texts, however the text is cut into pieces."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.engine.sampling.stopping import StopMatcher


def run(stops: list[str], pieces: list[str]) -> tuple[str, bool]:
    matcher, shown = StopMatcher(stops), ""
    for piece in pieces:
        text, stopped = matcher.push(piece)
        shown += text
        if stopped:
            return shown, True
    return shown + matcher.flush(), False


@given(
    text=st.text("ab", max_size=30),
    stops=st.lists(st.text("ab", max_size=4), max_size=3),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_one_character_at_a_time_ends_where_the_first_stop_is_complete(text: str, stops: list[str]) -> None:
    shown, stopped = run(stops, list(text))
    ends = [(text.find(s) + len(s), text.find(s)) for s in stops if s and s in text]
    if not ends:
        assert (shown, stopped) == (text, False)
        return
    complete = min(ends)[0]
    assert stopped
    assert shown == text[: min(start for end, start in ends if end == complete)]


@given(
    pieces=st.lists(st.text("ab", max_size=5), max_size=10),
    stops=st.lists(st.text("abc", min_size=1, max_size=4), max_size=3),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_what_is_shown_never_holds_a_stop_text(pieces: list[str], stops: list[str]) -> None:
    text = "".join(pieces)
    shown, stopped = run(stops, pieces)
    assert not any(stop in shown for stop in stops)
    assert stopped == any(stop in text for stop in stops)
    assert text.startswith(shown)
    assert stopped or shown == text


@pytest.mark.parametrize("stops", [[], [""]])
def test_without_stop_texts_nothing_is_held_back(stops: list[str]) -> None:
    assert StopMatcher(stops).push("abc") == ("abc", False)


def test_only_what_may_become_a_stop_is_held_back() -> None:
    matcher = StopMatcher(["END"])
    assert matcher.push("the E") == ("the ", False)
    assert matcher.push("N") == ("", False)
    assert matcher.push("d") == ("ENd", False)
    assert matcher.push(" EN") == (" ", False)
    assert matcher.push("D.") == ("", True)


def test_which_stop_text_it_was_is_told() -> None:
    matcher = StopMatcher(["never", "bc", "cd"])
    assert matcher.found == ""
    assert matcher.push("abcd") == ("a", True)
    assert matcher.found == "bc"
