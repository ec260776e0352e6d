"""Native code of the pool: each piece once, whoever takes it, and phases in their order."""

from __future__ import annotations

import ctypes
import random
import threading

import numpy as np
import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, address, words
from tests.engine.kernels.packed.turned import Turned

ITEM = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


@pytest.mark.parametrize("threads", [1, 2, 3, 5])
def test_each_piece_once(library: Library, threads: int) -> None:
    pool, seed = Pool(library, threads), random.Random(threads)
    for _ in range(60):
        jobs = [
            Turned(library, seed.choice((0, 1, 2, 7, 40)), seed.choice((1, 2, 3, 64)))
            for _ in range(seed.randint(1, 4))
        ]
        count = seed.randint(1, 12)
        pool.run(Program([[turned.job for turned in jobs]] * count))
        assert all((turned.x == (-1.0) ** count).all() for turned in jobs)
    pool.close()


def test_phases_run_in_their_order(library: Library) -> None:
    """Each phase sees what all pieces of the one before wrote."""
    pool, turned, one = Pool(library, 2), Turned(library, 32, 1), np.array([1], dtype=np.int64)
    seen: list[tuple[int, bool]] = []

    def look(place: int, begin: int, end: int) -> None:
        number = ctypes.c_int64.from_address(place).value
        seen.append((number, bool((turned.x == (-1.0) ** number).all())))

    callback = ITEM(look)
    function = ctypes.cast(callback, ctypes.c_void_p).value or 0
    phases: list[list[Job]] = []
    for number in range(40):
        phases += [[Job(function, words(number), 1, address(one), 1)], [turned.job]]
    pool.run(Program(phases))
    pool.close()
    assert seen == [(number, True) for number in range(40)]


@pytest.mark.soak
def test_ten_thousand_steps(library: Library) -> None:
    """Random rows, random naps between them, several callers."""
    pool, seed = Pool(library, 3), random.Random(1)
    nap = threading.Event()
    for _ in range(10_000):
        turned = Turned(library, seed.randint(1, 64), seed.randint(1, 8))
        count = seed.randint(1, 30)
        pool.run(Program([[turned.job]] * count))
        assert (turned.x == (-1.0) ** count).all()
        if seed.random() < 0.05:
            nap.wait(seed.random() * 0.3)
    pool.close()
