"""Which turns are left out: as few as need be, whole ones, and never the system prompt nor the last."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, strategies as st

from helix_app.engine.text.fitting import Fitted, fitted, fitted_text, room_for
from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage


def encode(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
    """A token for each word, and two around each message."""
    return [0] * sum(2 + len(message.content.split()) for message in messages), None


def talk(*lengths: int, system: int = 0) -> tuple[ChatMessage, ...]:
    """Questions and answers of so many words, by turns."""
    first = [ChatMessage("system", "s " * system)] if system else []
    roles = ("user", "assistant")
    return (*first, *(ChatMessage(roles[i % 2], "w " * n) for i, n in enumerate(lengths)))  # type: ignore[arg-type]


def fit(messages: Sequence[ChatMessage], limit: int, max_tokens: int = 10, *, drop: bool = True) -> Fitted:
    return fitted(encode, messages, limit, max_tokens, drop=drop)


def test_what_fits_is_whole() -> None:
    messages = talk(5, 5, 5)
    found = fit(messages, 100)
    assert found.messages == messages
    assert found.left_out == 0


def test_without_the_policy_nothing_is_left_out() -> None:
    found = fit(talk(40, 40, 40), 64, drop=False)
    assert found.left_out == 0
    assert found.ids is not None
    assert len(found.ids) == 126


def test_as_few_turns_go_as_leave_room_for_the_reply() -> None:
    messages = talk(10, 10, 10, 10, 10, 10, 10, system=4)  # 12 tokens each, and 6
    found = fit(messages, 80, max_tokens=10)
    assert found.left_out == 2
    assert found.messages == (messages[0], *messages[3:])
    assert fit(messages, 100, max_tokens=10).left_out == 0
    assert fit(messages, 80, max_tokens=1000).left_out == 4  # a quarter of the context is kept for it at most
    assert fit(messages, 60, max_tokens=1000).left_out == 4


def test_the_last_turn_stays_even_where_it_is_too_long() -> None:
    messages = talk(5, 5, 200, system=4)
    found = fit(messages, 64)
    assert found.messages == (messages[0], messages[3])
    assert found.left_out == 2
    assert found.ids is not None
    assert len(found.ids) > 64


def test_a_reply_that_is_continued_stays_with_its_question() -> None:
    messages = talk(20, 20, 5, 30)
    assert fit(messages, 50, max_tokens=5).messages == messages[2:]


def test_answers_of_tools_go_with_their_turn() -> None:
    messages = (
        ChatMessage("user", "w " * 20),
        ChatMessage("assistant", "w " * 20, tool_calls="[]"),
        ChatMessage("tool", "w " * 20, tool_call_id="1"),
        ChatMessage("assistant", "w " * 20),
        ChatMessage("user", "w"),
    )
    assert fit(messages, 60).messages == messages[4:]
    assert fit(messages, 60).left_out == 4


def test_a_text_that_cannot_fit_is_not_tokenised() -> None:
    told: list[int] = []

    def counting(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        told.append(sum(len(message.content) for message in messages))
        return encode(messages)

    huge = (ChatMessage("user", "x" * 100_000), ChatMessage("assistant", "w"), ChatMessage("user", "w"))
    assert fitted(counting, huge, 64, 8, drop=True).left_out == 2
    assert max(told) < 64 * 64
    assert fitted(counting, huge[:1], 64, 8, drop=False).ids is None


def test_the_notice_is_that_of_the_prompt_that_is_taken() -> None:
    folded = Notice("system_folded")

    def telling(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        return encode(messages)[0], folded if len(messages) < 3 else None

    assert fitted(telling, talk(40, 40, 5), 64, 8, drop=True).notice is folded


@pytest.mark.parametrize(("max_tokens", "limit", "room"), [(10, 100, 10), (1000, 100, 25), (1, 2, 1), (5, 3, 1)])
def test_room_for_the_reply(max_tokens: int, limit: int, room: int) -> None:
    assert room_for(max_tokens, limit) == room


@given(st.lists(st.integers(0, 30), min_size=1, max_size=15), st.integers(8, 200), st.integers(1, 300))
def test_no_turn_goes_that_could_stay(lengths: list[int], limit: int, max_tokens: int) -> None:
    messages = talk(*lengths, system=2)
    found = fit(messages, limit, max_tokens)
    room = room_for(max_tokens, limit)

    def size(start: int) -> int:
        return len(encode((messages[0], *messages[1 + start :]))[0])

    starts = list(range(0, len(messages) - 1, 2))
    fitting = [start for start in starts if size(start) + room <= limit]
    assert found.left_out == (fitting[0] if fitting else starts[-1])


def spelled(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
    """A token for each character, and one that begins the text."""
    return [0, *(ord(letter) for message in messages for letter in message.content)], None


def text(*pieces: str) -> tuple[ChatMessage, ...]:
    return tuple(ChatMessage("user", piece) for piece in pieces)


def test_a_text_loses_its_beginning_to_the_token() -> None:
    pieces = text("abcd", "efgh", "ijkl")
    found = fitted_text(spelled, pieces, 9, 2, drop=True)
    assert found.ids == [0, *map(ord, "ghijkl")]
    assert (found.left_out, found.messages, found.skipped) == (1, pieces[1:], (1, 3))
    assert found.notice == Notice("text_begin_left_out")
    whole = fitted_text(spelled, pieces, 6, 1, drop=True)  # a piece just so
    assert (whole.left_out, whole.messages, whole.ids) == (2, pieces[2:], [0, *map(ord, "ijkl")])
    alone = fitted_text(spelled, text("abcdefgh"), 6, 1, drop=True)
    assert (alone.ids, alone.left_out) == ([0, *map(ord, "efgh")], 0)


def test_a_text_that_fits_or_may_not_be_cut_is_whole() -> None:
    pieces = text("abcd", "efgh")
    for limit, drop in ((11, True), (5, False)):
        found = fitted_text(spelled, pieces, limit, 2, drop=drop)
        assert (found.messages, found.notice, found.skipped) == (pieces, None, (0, 0))
        assert found.ids == spelled(pieces)[0]


def test_of_a_text_that_cannot_fit_only_the_end_is_tokenised() -> None:
    told: list[int] = []

    def counting(messages: Sequence[ChatMessage]) -> tuple[list[int], Notice | None]:
        told.append(sum(len(message.content) for message in messages))
        return spelled(messages)

    found = fitted_text(counting, text("a" * 50_000, "b" * 50_000, "c"), 64, 8, drop=True)
    assert found.ids == [0, *map(ord, "b" * 54), ord("c")]
    assert found.left_out == 1
    assert max(told) <= 64 * 64


@given(st.lists(st.integers(0, 30), min_size=1, max_size=9), st.integers(4, 200), st.integers(1, 300))
def test_a_text_keeps_as_much_of_its_end_as_there_is_room_for(lengths: list[int], limit: int, max_tokens: int) -> None:
    pieces = text(*(chr(97 + index) * n for index, n in enumerate(lengths)))
    whole, room = spelled(pieces)[0], room_for(max_tokens, limit)
    found = fitted_text(spelled, pieces, limit, max_tokens, drop=True)
    wanted = min(len(whole) - 1, limit - room - 1)
    assert found.ids == [0, *whole[len(whole) - wanted :]]
    told = spelled(found.messages)[0]
    del told[slice(*found.skipped)]
    assert told == found.ids
    assert len(found.messages) == len(pieces) - found.left_out
