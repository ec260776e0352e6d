"""The table of what a model wrote: what it learns and what it forgets."""

from __future__ import annotations

import random
import struct
from pathlib import Path

import pytest

from helix_app.engine.drafts.ngrams.ngram_table import ORDERS, NgramTable

VOCAB, PRINT, HEADER = 300, 0x1234_5678_9ABC_DEF0, 32
SIZE = 1 << 14  # 512 buckets
ONE = 32  # bytes of a single bucket of four entries


def made(path: Path, size: int = SIZE, vocab: int = VOCAB) -> NgramTable:
    """A table that learns."""
    return NgramTable(path, vocab, PRINT, writable=True, size=size)


def after(table: NgramTable, *tokens: int) -> int | None:
    """The continuation of these tokens."""
    found = table.find(tokens)
    return None if found is None else found[0]


def entries(table: NgramTable) -> list[tuple[int, int, int]]:
    """token, right and wrong of every entry in use, read from the file as its description says."""
    raw = table.path.read_bytes()[HEADER:]
    words = [struct.unpack_from("<II", raw, at) for at in range(0, len(raw), 8)]
    return [(word & 0xFFFFF, word >> 20 & 63, word >> 26) for mark, word in words if mark]


# --------------------------------------------------------------------------- learning


def test_a_new_table_knows_nothing(table: NgramTable) -> None:
    assert table.used == 0
    assert table.find([1, 2, 3, 4, 5]) is None
    assert table.find([]) is None


def test_what_was_learnt_is_found_again(path: Path) -> None:
    text = [random.Random(1).randrange(VOCAB) for _ in range(60)]
    first = made(path)
    first.learn(text, 0)
    del first
    for table in (made(path), NgramTable(path, VOCAB, PRINT)):  # opened again, to learn or to read
        for i in range(4, 60):
            found = table.find(text[:i])
            assert found is not None
            assert found[:2] == (text[i], 4)


def test_the_prompt_is_not_learnt_but_is_context(table: NgramTable) -> None:
    table.learn([1, 2, 3, 4, 5, 6], 4)
    assert after(table, 1, 2, 3) is None
    assert table.find([1, 2, 3, 4]) == (5, 4, False)
    assert table.find([9, 9, 4]) == (5, 1, False)
    assert table.find([1, 2, 3, 4, 5]) == (6, 4, False)
    assert table.used == 8  # two tokens, after one to four tokens each
    table.learn([], 0)
    table.learn([7], 0)
    table.learn([7, 8], 2)
    assert table.used == 8


def test_the_first_token_of_a_text_has_no_context(table: NgramTable) -> None:
    table.learn([5, 6], 0)
    assert table.used == 1
    assert after(table, 5) == 6


def test_the_longest_context_answers(table: NgramTable) -> None:
    table.learn([1, 2, 3, 4, 50], 4)
    table.learn([9, 2, 3, 4, 60], 4)
    table.learn([8, 2, 3, 4, 60], 4)
    assert table.find([1, 2, 3, 4]) == (50, 4, False)
    assert table.find([7, 2, 3, 4]) == (60, 3, False)
    assert table.find([2, 3, 4]) == (60, 3, False)
    assert ORDERS == (4, 3, 2, 1)


def test_a_longer_context_in_doubt_leaves_the_word_to_a_shorter_one(table: NgramTable) -> None:
    for token in (50, 60):  # once each after 1 2 3 4: neither is offered
        table.learn([1, 2, 3, 4, token], 4)
    for _ in range(3):
        table.learn([3, 4, 70], 2)
    assert table.find([1, 2, 3, 4]) == (70, 2, True)  # 50 and 60 were seen there too, 70 more often


def test_the_majority_wins(table: NgramTable) -> None:
    for token in (5, 5, 6, 5, 6):
        table.learn([1, token], 1)
    assert table.find([1]) == (5, 1, False)
    assert entries(table) == [(5, 3, 2)]


def test_who_is_wrong_more_often_than_right_is_replaced(table: NgramTable) -> None:
    for token, held, said in ((5, (5, 1, 0), 5), (6, (5, 1, 1), None), (6, (6, 1, 0), 6), (6, (6, 2, 0), 6)):
        table.learn([1, token], 1)
        assert entries(table) == [held]
        assert after(table, 1) == said


@pytest.mark.parametrize(
    ("right", "wrong", "often"), [(2, 0, False), (3, 0, True), (4, 1, True), (7, 2, False), (8, 2, True)]
)
def test_right_often_is_three_times_and_four_of_five(table: NgramTable, right: int, wrong: int, often: bool) -> None:
    for token in [5] * right + [6] * wrong:
        table.learn([1, token], 1)
    assert table.find([1]) == (5, 1, often)


def test_counts_stay_in_their_bits_and_keep_their_proportion(table: NgramTable) -> None:
    for _ in range(500):
        table.learn([1, 5], 1)
        assert entries(table)[0][0] == 5
        assert 1 <= entries(table)[0][1] <= 63
    assert table.find([1]) == (5, 1, True)
    for i in range(900):
        table.learn([1, 5 if i % 3 else 6], 1)
        token, right, wrong = entries(table)[0]
        assert token == 5
        assert i < 300 or 1.4 < right / wrong < 3
        assert after(table, 1) == 5


@pytest.mark.parametrize("vocab", [VOCAB, 1 << 20])
def test_the_greatest_token_fits(path: Path, vocab: int) -> None:
    table = made(path, vocab=vocab)
    for _ in range(100):
        table.learn([vocab - 1] * 6, 0)
    assert table.find([vocab - 1] * 4) == (vocab - 1, 4, True)
    assert {entry[0] for entry in entries(table)} == {vocab - 1}


def test_a_table_that_only_reads_learns_nothing(path: Path) -> None:
    made(path).learn([1, 2], 0)
    before = path.read_bytes()
    reader = NgramTable(path, VOCAB, PRINT)
    assert not reader.writable
    reader.learn([1, 3, 1, 3, 1, 3], 0)
    assert path.read_bytes() == before
    assert after(reader, 1) == 2
    with pytest.raises(ValueError, match="read-only"):
        reader.clear()


# --------------------------------------------------------------------------- forgetting


def test_a_full_bucket_keeps_what_was_right_often(path: Path) -> None:
    """One bucket for all: four contexts that are always right against many that come once."""
    table = made(path, ONE)
    for _ in range(20):
        for context in range(4):
            table.learn([context, 100 + context], 1)
    for context in range(10, 29):
        table.learn([context, 200], 1)
    assert [after(table, context) for context in range(4)] == [100, 101, 102, 103]
    for context in range(29, 200):  # one place changes hands, the others stay
        table.learn([context, 200], 1)
    assert [after(table, context) for context in range(4)].count(None) == 1
    assert table.used == 4


def test_a_full_bucket_gives_way_in_the_end(path: Path) -> None:
    table = made(path, ONE)
    for _ in range(3):
        for context in range(4):
            table.learn([context, 100 + context], 1)
    for _ in range(40):
        table.learn([50, 150], 1)
    assert after(table, 50) == 150
    assert sum(after(table, context) is not None for context in range(4)) == 3  # one made room


def test_what_came_once_is_pushed_out_at_once(path: Path) -> None:
    table = made(path, ONE)
    for context in range(5):
        table.learn([context, 100 + context], 1)
    assert after(table, 4) == 104
    assert [after(table, context) for context in range(4)].count(None) == 1


def test_the_file_never_changes_its_size(path: Path) -> None:
    table = made(path, 1 << 10)
    chance = random.Random(2)
    for _ in range(40):
        table.learn([chance.randrange(VOCAB) for _ in range(50)], 0)
        assert path.stat().st_size == HEADER + (1 << 10)
    assert table.used == 128  # full
    assert len(entries(table)) == 128


def test_entries_spread_over_the_buckets(table: NgramTable) -> None:
    """512 buckets of four, half as many contexts: hardly any is lost."""
    chance = random.Random(3)
    pairs = {(chance.randrange(VOCAB), chance.randrange(VOCAB)): chance.randrange(VOCAB) for _ in range(250)}
    for (a, b), token in pairs.items():
        for _ in range(2):
            table.learn([a, b, token], 2)
    kept = sum(table.find([a, b]) in ((token, 2, False), (token, 2, True)) for (a, b), token in pairs.items())
    assert kept > 0.97 * len(pairs)


def test_clear_forgets_for_everybody(path: Path) -> None:
    mine, other = made(path), NgramTable(path, VOCAB, PRINT)
    mine.learn([1, 2, 3], 0)
    assert after(other, 1, 2) == 3
    mine.clear()
    assert (mine.used, other.used) == (0, 0)
    assert mine.find([1, 2]) is other.find([1, 2]) is None
    assert not any(path.read_bytes()[HEADER:])
    assert after(made(path), 1) is None
    mine.learn([1, 2, 3], 0)
    assert after(other, 1, 2) == 3


def test_two_that_learn_see_each_other(path: Path) -> None:
    one, two = made(path), made(path)
    one.learn([1, 2], 1)
    assert after(two, 1) == 2
    two.learn([1, 2], 1)
    two.learn([3, 4], 1)
    assert after(one, 3) == 4
    assert sorted(entries(one)) == [(2, 2, 0), (4, 1, 0)]
    assert path.stat().st_size == HEADER + SIZE
