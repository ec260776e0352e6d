"""The pool takes turns, sleeps when there is nothing to do, wakes, ends, and outlives a fork."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.pool import Pool
from helix_app.engine.kernels.packed.program import Program
from tests.engine.kernels.packed.instruments.turned import Turned


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
