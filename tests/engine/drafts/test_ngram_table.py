"""The table of what a model wrote: what it learns, what it forgets, and files that are not what they should be."""

from __future__ import annotations

import os
import random
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from helix_app.engine.drafts import ngram_table
from helix_app.engine.drafts.ngram_table import ORDERS, NgramTable

VOCAB, PRINT, HEADER = 300, 0x1234_5678_9ABC_DEF0, 32
SIZE = 1 << 14  # 512 buckets
ONE = 32  # bytes of a single bucket of four entries


def made(path: Path, size: int = SIZE, vocab: int = VOCAB) -> NgramTable:
    """A table that learns."""
    return NgramTable(path, vocab, PRINT, writable=True, size=size)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "some folder" / "model.table"


@pytest.fixture
def table(path: Path) -> NgramTable:
    return made(path)


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
    for i in range(2000):
        table.learn([1, 5 if i % 3 else 6], 1)
    token, right, wrong = entries(table)[0]
    assert token == 5
    assert 1.4 < right / wrong < 3
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


# --------------------------------------------------------------------------- files


def test_a_new_file_is_for_its_owner_and_leaves_no_other(path: Path) -> None:
    made(path)
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    if sys.platform != "win32":
        assert path.stat().st_mode & 0o777 == 0o600


def spoil(path: Path, how: str) -> None:
    raw = path.read_bytes()
    path.write_bytes(
        {
            "empty": b"",
            "half a header": raw[:20],
            "header alone": raw[:HEADER],
            "one bucket short": raw[:-ONE],
            "one byte more": raw + b"\0",
            "magic": b"X" + raw[1:],
            "version": raw[:8] + b"\x02" + raw[9:],
            "vocabulary": raw[:12] + b"\x01" + raw[13:],
            "fingerprint": raw[:16] + b"\x00" + raw[17:],
            "reserved": raw[:31] + b"\x01" + raw[32:],
        }[how]
    )


FOREIGN = ["empty", "half a header", "header alone", "magic", "version", "vocabulary", "fingerprint", "reserved"]


@pytest.mark.parametrize("how", [*FOREIGN, "one bucket short", "one byte more"])
def test_a_wrong_file_is_made_anew_to_learn(path: Path, how: str) -> None:
    made(path).learn([1, 2], 0)
    spoil(path, how)
    table = made(path)
    assert (table.used, path.stat().st_size) == (0, HEADER + SIZE)
    table.learn([1, 2], 0)
    assert after(made(path), 1) == 2


@pytest.mark.parametrize("how", FOREIGN)
def test_a_wrong_file_is_refused_to_read_and_left_alone(path: Path, how: str) -> None:
    made(path).learn([1, 2], 0)
    spoil(path, how)
    before = path.read_bytes()
    with pytest.raises(ValueError, match=path.name):
        NgramTable(path, VOCAB, PRINT)
    assert path.read_bytes() == before


def test_another_tokenizer_or_size_begins_anew(path: Path) -> None:
    made(path).learn([1, 2], 0)
    assert made(path).used == 1
    for vocab, fingerprint, size in ((VOCAB + 1, PRINT, SIZE), (VOCAB, PRINT + 1, SIZE), (VOCAB, PRINT, SIZE * 2)):
        table = NgramTable(path, vocab, fingerprint, writable=True, size=size)
        assert (table.used, path.stat().st_size) == (0, HEADER + size)
        table.learn([1, 2], 0)


def test_a_fingerprint_of_more_than_64_bits_is_cut(path: Path) -> None:
    NgramTable(path, VOCAB, 1 << 70 | 5, writable=True, size=SIZE).learn([1, 2], 0)
    assert after(NgramTable(path, VOCAB, 5), 1) == 2


def test_too_many_tokens_for_a_table(path: Path) -> None:
    with pytest.raises(ValueError, match="too many"):
        made(path, vocab=(1 << 20) + 1)
    assert not path.exists()


def test_a_file_that_is_not_there_cannot_be_read(path: Path) -> None:
    with pytest.raises(OSError):
        NgramTable(path, VOCAB, PRINT)
    assert not path.parent.exists()


@pytest.mark.parametrize("where", ["below a file", "a folder"])
def test_a_place_that_cannot_be_written(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.table").mkdir()
    with pytest.raises(OSError):
        made(tmp_path / "file" / "model.table" if where == "below a file" else tmp_path / "folder.table")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["file", "folder.table"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir(mode=0o500)
    with pytest.raises(PermissionError):
        made(folder / "model.table")


@pytest.mark.parametrize("step", ["chmod", "replace"])
def test_a_disk_that_fails_leaves_no_half_file(path: Path, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def refuse(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(ngram_table.os, step, refuse)
    with pytest.raises(OSError, match="No space"):
        made(path)
    assert list(path.parent.iterdir()) == []


# --------------------------------------------------------------------------- damage inside


def test_a_token_beyond_the_vocabulary_is_never_said(table: NgramTable) -> None:
    table.learn([1, 2, 3, 4, 5], 4)
    for way in range(1, table._rows.shape[1], 2):
        words = table._rows[:, way]
        words[table._rows[:, way - 1] != 0] |= 0xFFFFF  # token 1048575
    assert entries(table) == [(0xFFFFF, 1, 0)] * 4
    assert table.find([1, 2, 3, 4]) is None
    assert table.find([4]) is None
    table.learn([3, 4, 5], 2)  # once wrong
    table.learn([3, 4, 5], 2)  # replaced
    assert table.find([1, 2, 3, 4]) == (5, 2, False)


@given(seed=st.integers(0, 2**32), small=st.booleans(), text=st.lists(st.integers(0, VOCAB - 1), max_size=12))
@settings(
    max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_bytes_give_tokens_of_the_vocabulary_and_can_be_learnt_over(
    tmp_path: Path, seed: int, small: bool, text: list[int]
) -> None:
    path = tmp_path / "random.table"
    size = ONE if small else 1 << 12
    table = made(path, size)
    raw = np.random.default_rng(seed).integers(0, 256, size, dtype=np.uint8).reshape(-1, 8)
    chance = random.Random(seed)
    contexts = [text[:i] for i in range(len(text) + 1)] + [[chance.randrange(VOCAB)] for _ in range(20)]
    with path.open("r+b") as file:
        file.seek(HEADER)
        file.write(raw.tobytes())
    _mark_some(table, [c for c in contexts if c], chance)
    for reader in (table, NgramTable(path, VOCAB, PRINT)):
        for context in contexts:
            found = reader.find(context)
            if found is not None:
                token, order, often = found
                assert 0 <= token < VOCAB
                assert 1 <= order <= min(4, len(context))
                assert often in (True, False)
    table.learn(text, 0)
    assert path.stat().st_size == HEADER + size
    for token, right, wrong in entries(table):
        assert (token < 1 << 20, right < 64, wrong < 64) == (True, True, True)


def _mark_some(table: NgramTable, contexts: list[list[int]], chance: random.Random) -> None:
    """Random bytes hardly ever hit a context's mark: put some marks before the random counts."""
    for context in contexts:
        bucket, mark = table._place(context[-4:])
        table._rows[bucket][2 * chance.randrange(4)] = mark
