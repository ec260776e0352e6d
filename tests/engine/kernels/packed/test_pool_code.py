"""Native code of the pool: each piece once, whoever takes it, and phases in their order."""

from __future__ import annotations

import ctypes
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import (
    CONTROL_BYTES,
    INSIDE,
    LAST,
    OPEN,
    Job,
    Program,
    address,
    words,
)
from tests.engine.kernels.packed.instruments.turned import Turned

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


# --------------------------------------------------------------------------- without a pool around it

NAP = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_int32)


class Control:
    """A control block, and the two functions over it."""

    def __init__(self, library: Library) -> None:
        self._memory = np.zeros(CONTROL_BYTES + 64, dtype=np.uint8)
        self.at = -(-self._memory.ctypes.data // 64) * 64
        self._run = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(library.address("run"))
        self._work = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_int64] * 5)(library.address("work"))

    def word(self, place: int) -> ctypes.c_int64:
        return ctypes.c_int64.from_address(self.at + place)

    def run(self, program: Program) -> None:
        """With this thread alone."""
        self._run(self.at, address(program.phases), len(program.phases))

    def work(self, seen: int, naps: int = 3) -> tuple[int, int]:
        """What a worker returns that saw this phase last, and how often it napped."""
        count = [0]

        def nap(microseconds: int) -> int:
            count[0] += 1
            return 0

        callback = NAP(nap)
        place = ctypes.cast(callback, ctypes.c_void_p).value or 0
        return self._work(self.at, seen, 2, place, naps), count[0]


@pytest.fixture
def control(library: Library) -> Control:
    return Control(library)


@contextmanager
def noted() -> Iterator[tuple[int, list[tuple[int, int, int]]]]:
    """A kernel that notes its first argument and its items, and what it noted."""
    seen: list[tuple[int, int, int]] = []

    def note(place: int, begin: int, end: int) -> None:
        seen.append((ctypes.c_int64.from_address(place).value, begin, end))

    callback: Callable[..., None] = ITEM(note)
    yield ctypes.cast(callback, ctypes.c_void_p).value or 0, seen  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("unit", "count", "piece", "pieces"),
    [
        (7, 1, 3, [(0, 3), (3, 6), (6, 7)]),
        (2, 3, 6, [(0, 6)]),
        (2, 3, 100, [(0, 6)]),
        (1, 3, 1, [(0, 1), (1, 2), (2, 3)]),
        (5, 0, 2, []),
        (0, 5, 2, []),
    ],
)
def test_items_come_in_pieces_and_the_last_may_be_shorter(
    control: Control, unit: int, count: int, piece: int, pieces: list[tuple[int, int]]
) -> None:
    number = np.array([count], dtype=np.int64)
    with noted() as (function, seen):
        control.run(Program([[Job(function, words(9), unit, address(number), piece)]]))
    assert seen == [(9, *ends) for ends in pieces]


def test_jobs_of_a_phase_follow_each_other_and_empty_ones_are_passed_over(control: Control) -> None:
    one, none = np.array([1], dtype=np.int64), np.array([0], dtype=np.int64)
    with noted() as (function, seen):
        jobs = [
            Job(function, words(n), 2, address(count), 1) for n, count in enumerate((none, one, none, one), start=1)
        ]
        control.run(Program([jobs, [], jobs[:2]]))
    assert seen == [(2, 0, 1), (2, 1, 2), (4, 0, 1), (4, 1, 2), (2, 0, 1), (2, 1, 2)]


def test_a_count_and_arguments_are_read_when_a_program_runs(control: Control) -> None:
    count, arguments = np.array([1], dtype=np.int64), words(5)
    with noted() as (function, seen):
        program = Program([[Job(function, arguments, 1, address(count), 8)]])
        control.run(program)
        count[0], arguments[0] = 3, 6
        control.run(program)
    assert seen == [(5, 0, 1), (6, 0, 3)]


def test_only_phases_of_more_than_a_piece_are_opened_to_others(control: Control) -> None:
    one = np.array([1], dtype=np.int64)
    with noted() as (function, _):
        small, large = (Job(function, words(0), unit, address(one), 1) for unit in (1, 4))
        control.run(Program([[small]] * 3))
        assert control.word(LAST).value == 0
        control.run(Program([[large], [small], [large]]))
    assert control.word(LAST).value == 2
    assert (control.word(OPEN).value, control.word(INSIDE).value) == (0, 0)


def test_a_worker_without_work_naps_and_gives_up(control: Control) -> None:
    assert control.work(seen=0, naps=3) == (0, 3)
    control.word(OPEN).value = 7  # open, but it was there before
    assert control.work(seen=7, naps=1) == (7, 1)


def test_a_worker_goes_at_the_end_at_once(control: Control) -> None:
    control.word(OPEN).value = -1
    assert control.work(seen=4) == (-1, 0)
