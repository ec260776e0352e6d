"""The pool does each piece once, whoever takes it, and sleeps when there is nothing to do."""

from __future__ import annotations

import ctypes
import os
import random
import sys
import threading

import numpy as np
import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Job, Program, address, words

ITEM = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64)


class Turned:
    """Rows that a job negates; ``value`` of each is ``start`` times -1 for every time that it was worked on."""

    def __init__(self, library: Library, rows: int, piece: int) -> None:
        self.x = np.ones((rows, 1, 16), dtype=np.float32)
        self._cos, self._sin = np.full((1, 8), -1.0, dtype=np.float32), np.zeros((1, 8), dtype=np.float32)
        self._zeros, self._count = np.zeros(rows, dtype=np.int64), np.array([rows], dtype=np.int64)
        cos, sin, zeros = address(self._cos), address(self._sin), address(self._zeros)
        args = words(address(self.x), 64, 1, 0, 16, cos, sin, zeros, zeros, 0, 0, 0)
        self.job = Job(library.address("rotate_halves"), args, 1, address(self._count), piece)


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


def test_several_callers_take_turns(library: Library) -> None:
    pool = Pool(library, 2)
    jobs = [Turned(library, 20, 3) for _ in range(4)]

    def call(turned: Turned) -> None:
        program = Program([[turned.job]] * 3)
        for _ in range(50):
            pool.run(program)

    threads = [threading.Thread(target=call, args=(turned,)) for turned in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pool.close()
    assert all((turned.x == 1.0).all() for turned in jobs)


def test_a_pool_that_slept_goes_on(library: Library) -> None:
    pool, turned = Pool(library, 2), Turned(library, 200, 1)
    program = Program([[turned.job]])
    pool.run(program)
    for _ in range(3):
        woken = threading.Event()
        while not all(pool._asleep):  # it goes to sleep by itself
            woken.wait(0.01)
        pool.run(program)
    pool.close()
    assert (turned.x == 1.0).all()


def test_its_threads_end(library: Library) -> None:
    before = set(threading.enumerate())
    pool, turned = Pool(library, 3), Turned(library, 200, 1)
    pool.run(Program([[turned.job]]))
    mine = set(threading.enumerate()) - before
    assert len(mine) == 2
    pool.close()
    for thread in mine:
        thread.join(30)
        assert not thread.is_alive()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="forking beside threads is warned of")
def test_the_child_of_a_fork_has_threads_of_its_own(library: Library) -> None:
    pool, turned = Pool(library, 2), Turned(library, 64, 1)
    program = Program([[turned.job]])
    pool.run(program)
    child = os.fork()
    if child == 0:
        pool.run(program)
        os._exit(0 if (turned.x == 1.0).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
    pool.run(program)
    pool.close()
    assert (turned.x == 1.0).all()


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
