"""What a model has written before, as a table: after these tokens it went on with that one.

A file of fixed size, mapped into memory: buckets of four entries, found by a hash of the last one to four tokens. An
entry holds the continuation seen most and how often it was right and wrong. Newer text pushes out what was seen least.
Nothing of the text itself is kept in readable order, and a wrong entry costs a rejected draft token, never a wrong
reply; so neither hashes that collide nor two programs writing at once need care.

File: a header of 32 bytes, then ``buckets * 4`` entries of two little-endian 32-bit words: the hash's upper half
(0 is empty), and token (20 bits), right (6 bits), wrong (6 bits).
"""

from __future__ import annotations

import contextlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from helix_app.base.files import replacing

ORDERS = (4, 3, 2, 1)  # tokens of context, the longest first
SIZE = 2**20 * 8  # bytes of a table that learns
_MAGIC, _VERSION = b"HELIXNGM", 1
_HEADER = struct.Struct("<8sIIQ8x")  # magic, version, vocabulary, fingerprint of the tokenizer
_WAYS = 4
_MAX_TOKENS = 1 << 20
_COUNT = 63
_MASK = (1 << 64) - 1


class NgramTable:
    """A table on disk.

    Attributes:
        path: of its file.
        writable: whether ``learn`` changes it.
    """

    def __init__(self, path: Path, vocab: int, fingerprint: int, *, writable: bool = False, size: int = SIZE) -> None:
        """Map the file; a writable one is made, of ``size`` bytes, if it is not there or not for this tokenizer.

        Raises:
            OSError: it cannot be read or made.
            ValueError: it is no table for this tokenizer, or the vocabulary is too large for one.
        """
        if vocab > _MAX_TOKENS:
            raise ValueError(f"{vocab} tokens are too many for a table")
        self.path, self.writable, self._vocab = path, writable, vocab
        header = _HEADER.pack(_MAGIC, _VERSION, vocab, fingerprint & _MASK)
        if writable:
            _prepare(path, header, size)
        with path.open("rb") as file:
            found = file.read(_HEADER.size)
        words = (path.stat().st_size - _HEADER.size) // (8 * _WAYS) * _WAYS * 2
        if found != header or words <= 0:
            raise ValueError(f"{path.name} is not a table for this tokenizer")
        mapped = np.memmap(path, dtype="<u4", mode="r+" if writable else "r", offset=_HEADER.size, shape=(words,))
        self._rows = mapped.reshape(-1, 2 * _WAYS)
        self._buckets = len(self._rows)

    def find(self, tokens: Sequence[int]) -> tuple[int, int, bool] | None:
        """What follows ``tokens``, on how many of them that rests, and whether it was right often; None if unknown."""
        for order in ORDERS:
            if order <= len(tokens):
                bucket, mark = self._place(tokens[-order:])
                row = self._rows[bucket].tolist()
                for way in range(0, 2 * _WAYS, 2):
                    if row[way] == mark:
                        token, right, wrong = _unpack(row[way + 1])
                        if token < self._vocab and right > wrong:
                            return token, order, right >= 3 and right >= 4 * wrong
        return None

    def learn(self, tokens: Sequence[int], start: int) -> None:
        """The model wrote ``tokens[start:]`` after ``tokens[:start]``. Does nothing to a table that only reads."""
        if not self.writable:
            return
        for i in range(max(start, 1), len(tokens)):
            for order in ORDERS:
                if order <= i:
                    self._count(tokens[i - order : i], tokens[i])

    def clear(self) -> None:
        """Forget everything, for whoever has the file mapped too."""
        self._rows[:] = 0

    @property
    def used(self) -> int:
        """Entries in use."""
        return int(np.count_nonzero(self._rows[:, ::2]))

    def _place(self, context: Sequence[int]) -> tuple[int, int]:
        """Bucket and mark of a context."""
        key = len(context)
        for token in context:
            key = (key * 0x9E3779B97F4A7C15 + token + 1) & _MASK
            key ^= key >> 29
        key = (key * 0xBF58476D1CE4E5B9) & _MASK
        key ^= key >> 32
        return key % self._buckets, (key * 0x94D049BB133111EB & _MASK) >> 32 or 1

    def _count(self, context: Sequence[int], token: int) -> None:
        bucket, mark = self._place(context)
        row = self._rows[bucket]
        words = row.tolist()
        marks = words[::2]
        if mark in marks:
            at = 2 * marks.index(mark) + 1
            row[at] = _counted(words[at], token)
            return
        right = [_unpack(word)[1] if word_mark else -1 for word_mark, word in zip(marks, words[1::2])]
        least = min(range(_WAYS), key=right.__getitem__)
        if right[least] > 1:  # what was right often is not pushed out at once
            old, hits, misses = _unpack(words[2 * least + 1])
            row[2 * least + 1] = _pack(old, hits - 1, misses)
        else:
            row[2 * least : 2 * least + 2] = (mark, _pack(token, 1, 0))


def _prepare(path: Path, header: bytes, size: int) -> None:
    """Make the file, zeros after its header, unless it is there and right."""
    with contextlib.suppress(OSError), path.open("rb") as file:
        if file.read(len(header)) == header and path.stat().st_size == len(header) + size:
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            os.chmod(part, 0o600)
            file.write(header)
            file.write(bytes(size))  # written, not merely promised: a full disk must show now, not at a page fault
        replacing.replace(part, path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _pack(token: int, right: int, wrong: int) -> int:
    return token | right << 20 | wrong << 26


def _unpack(word: int) -> tuple[int, int, int]:
    return word & (_MAX_TOKENS - 1), word >> 20 & _COUNT, word >> 26


def _counted(word: int, token: int) -> int:
    """The entry after this continuation came once more."""
    known, right, wrong = _unpack(word)
    if token == known:
        right += 1
    else:
        wrong += 1
        if wrong > right:
            known, right, wrong = token, 1, 0
    if right > _COUNT or wrong > _COUNT:
        right, wrong = right // 2, wrong // 2
    return _pack(known, right, wrong)
