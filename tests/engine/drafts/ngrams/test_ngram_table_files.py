"""Files of n-gram tables that are not what they should be: foreign, cut off, full of nonsense, or not to be written."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from helix_app.engine.drafts.ngrams import ngram_table
from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from tests.engine.drafts.ngrams.test_ngram_table import HEADER, ONE, PRINT, SIZE, VOCAB, after, entries, made

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
