"""What is made of a vocabulary: markers that are found whole, and unused tokens written as what they came from."""

from __future__ import annotations

import pytest
import tokenizers
from tokenizers import models

from helix_app.engine.text.vocabulary.built import add_markers, ids_by_text, split_unused
from helix_app.modelfiles.tokens.special_tokens import CONTROL, NORMAL, UNKNOWN, USER_DEFINED

LETTERS = list("abcdehty")


def test_of_equal_tokens_the_first_counts() -> None:
    assert ids_by_text(["a", "b", "a", "c"]) == {"a": 0, "b": 1, "c": 3}


def test_markers_are_found_whole_and_only_control_and_unknown_are_special() -> None:
    words = [*LETTERS, "<s>", "<unk>", "<tool>", "<no>"]
    backend = tokenizers.Tokenizer(models.BPE(vocab=ids_by_text(words), merges=[]))
    add_markers(backend, words, [*[NORMAL] * 8, CONTROL, UNKNOWN, USER_DEFINED, NORMAL])
    assert backend.encode("a<s>b<tool><unk>").tokens == ["a", "<s>", "b", "<tool>", "<unk>"]
    assert backend.decode([0, 8, 10, 9]).replace(" ", "") == "a<tool>"
    assert "<no>" not in backend.encode("a<no>b").tokens


def test_a_marker_without_text_is_left_out() -> None:
    words = ["a", ""]
    backend = tokenizers.Tokenizer(models.BPE(vocab=ids_by_text(words), merges=[]))
    add_markers(backend, words, [NORMAL, CONTROL])
    assert backend.encode("aa").tokens == ["a", "a"]


PIECES = [*LETTERS, "th", "the", "they", "ab", "abc"]
MERGES = [("t", "h"), ("th", "e"), ("the", "y"), ("a", "b"), ("ab", "c")]


@pytest.mark.parametrize(
    ("unused", "parts"),
    [
        ((), {}),
        (("th",), {"th": ["t", "h"]}),
        (("the",), {"the": ["th", "e"]}),
        (("th", "the"), {"th": ["t", "h"], "the": ["t", "h", "e"]}),  # a part that is unused itself is split on
        (("th", "the", "they"), {"th": [*"th"], "the": [*"the"], "they": [*"they"]}),
        (("abc",), {"abc": ["ab", "c"]}),
    ],
)
def test_an_unused_token_is_written_as_what_it_was_merged_from(
    unused: tuple[str, ...], parts: dict[str, list[str]]
) -> None:
    found = split_unused([PIECES.index(text) for text in unused], PIECES, MERGES)
    assert {PIECES[i]: [PIECES[part] for part in split] for i, split in found.items()} == parts


def test_an_unused_token_that_nothing_leads_to_stays() -> None:
    pieces = [*PIECES, "bed"]
    assert split_unused([len(pieces) - 1], pieces, MERGES) == {}
    assert split_unused([len(pieces) - 1], pieces, MERGES, reached=lambda text: text == "bed") == {
        len(pieces) - 1: [pieces.index(letter) for letter in "bed"]
    }


def test_an_unused_token_of_letters_that_are_no_tokens_stays() -> None:
    pieces = ["x", "xy"]
    assert split_unused([1], pieces, [("x", "y")]) == {}
