"""Programs of the pool as its native half reads them."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from helix_app.engine.kernels.packed.program import JOB_WORDS, Job, Program, address, floats, rotation, words


def at(place: int, count: int) -> list[int]:
    """So many words of memory."""
    return list((ctypes.c_int64 * count).from_address(place))


def test_phases_lie_in_memory_as_the_pool_reads_them() -> None:
    count = words(7)
    jobs = [Job(function, words(function + 1), 3, address(count), 2) for function in (10, 20, 30)]
    program = Program([jobs[:1], jobs[1:]])
    assert at(program.place, 2) == program.phases.tolist()
    for place, phase in zip(at(program.place, 2), (jobs[:1], jobs[1:])):
        assert at(place, 1) == [len(phase)]
        for i, job in enumerate(phase):
            told = at(place + 8 + 8 * JOB_WORDS * i, JOB_WORDS)
            assert told == [job.function, address(job.words), job.unit, job.count, job.piece]


def test_arguments_may_be_changed_between_runs() -> None:
    job = Job(1, words(5, 6), 1, 0, 1)
    program = Program([[job]])
    where = at(int(program.phases[0]), 1 + JOB_WORDS)[2]
    job.words[1] = 9
    assert at(where, 2) == [5, 9]


@pytest.mark.parametrize("value", [0.0, 1.0, -2.5, float(np.float32(0.1))])
def test_a_number_is_the_low_half_of_a_word(value: float) -> None:
    word = words(floats(value))
    assert word.view("<f4").tolist() == [value, 0.0]


def test_names_of_rotations() -> None:
    assert rotation(True, False) == "rotate_pairs"
    assert rotation(False, True, True) == "rotate_halves_normed_partial"
