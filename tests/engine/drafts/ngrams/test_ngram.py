"""The n-gram draft against a search of the whole sequence."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings, strategies as st

from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.proposal import DraftRequest
from helix_app.protocol.requests import SamplingParams

PARAMS = SamplingParams()


def propose(draft: NgramDraft, tokens: Sequence[int], k: int = 4) -> tuple[int, ...]:
    proposal = draft.propose(DraftRequest(tokens, k, PARAMS, lambda: 0.5))
    assert proposal.probs is None  # one-hot
    return proposal.ids


def fresh(tokens: Sequence[int], k: int = 4, longest: int = 5, shortest: int = 2) -> tuple[int, ...]:
    draft = NgramDraft(longest, shortest)
    draft.begin("s")
    return propose(draft, tokens, k)


def searched(tokens: list[int], k: int, longest: int, shortest: int) -> tuple[int, ...]:
    """The definition: longest match, latest place, going on in circles at the end."""
    for n in range(longest, shortest - 1, -1):
        for start in range(len(tokens) - n - 1, -1, -1):
            if tokens[start : start + n] == tokens[-n:]:
                text = list(tokens[start + n :])
                while len(text) < k:
                    text.append(text[len(text) - (len(tokens) - start - n)])
                return tuple(text[:k])
    return ()


@given(
    steps=st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=12),
    k=st.integers(0, 9),
    longest=st.integers(2, 5),
    shortest=st.integers(1, 2),
)
@settings(max_examples=200, deadline=None, derandomize=True)
def test_a_growing_index_finds_what_a_search_finds(steps: list[list[int]], k: int, longest: int, shortest: int) -> None:
    draft = NgramDraft(longest, shortest)
    draft.begin("s")
    tokens: list[int] = []
    for step in steps:
        tokens += step
        assert propose(draft, tokens, k) == (searched(tokens, k, longest, shortest) if k else ())
        draft.settle(tokens)


def test_the_longest_match_wins() -> None:
    #          longer match, then 50; later a shorter one, then 60
    tokens = [1, 2, 3, 4, 50, 9, 9, 3, 4, 60, 8, 1, 2, 3, 4]
    assert fresh(tokens, 1) == (50,)


def test_the_latest_place_wins_among_equals() -> None:
    assert fresh([1, 2, 50, 1, 2, 60, 1, 2], 1) == (60,)


def test_a_repetition_goes_on_repeating() -> None:
    assert fresh([7, 1, 2, 3, 1, 2, 3, 1, 2], 8) == (3, 1, 2, 3, 1, 2, 3, 1)
    assert fresh([5, 5, 5], 4) == (5, 5, 5, 5)


@pytest.mark.parametrize("tokens", [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 2]])
def test_nothing_to_say_without_a_match(tokens: list[int]) -> None:
    assert fresh(tokens) == ()


def test_a_match_needs_its_shortest_length() -> None:
    assert fresh([1, 2, 9, 2], 1, shortest=2) == ()
    assert fresh([1, 2, 9, 2], 1, shortest=1) == (9,)


def test_the_length_of_the_match_is_known() -> None:
    draft = NgramDraft()
    draft.begin("s")
    for tokens, length in (([1, 2, 3, 9, 1, 2, 3], 3), ([1, 2, 3, 9, 1, 2, 3, 0], 0)):
        propose(draft, tokens)
        assert draft.match_length == length


@pytest.mark.parametrize("between", [NgramDraft.end, lambda draft: None], ids=["ended", "begun again"])
def test_a_new_sequence_knows_nothing_of_the_last(between: object) -> None:
    draft = NgramDraft()
    draft.begin("a")
    assert propose(draft, [1, 2, 3, 1, 2], 1) == (3,)
    between(draft)  # type: ignore[operator]
    draft.begin("b")
    assert propose(draft, [4, 5, 6, 1, 2], 1) == ()
