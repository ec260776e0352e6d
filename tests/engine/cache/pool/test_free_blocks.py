"""Blocks that nobody uses, and which of them is given next."""

from __future__ import annotations

from helix_app.engine.cache.pool.free_blocks import FreeBlocks


def test_blank_ones_go_first_then_what_fell_out_of_a_window_then_the_least_recently_used() -> None:
    free = FreeBlocks(4, order=[3, 0, 1, 2])
    assert [free.take(None, last=False) for _ in range(4)] == [3, 0, 1, 2]
    free.add_cached(1)
    free.add_cached(2, passed=True)
    free.add_cached(3, passed=True)
    free.add_blank(0)
    assert (len(free), free.cached, free.all_cached()) == (4, 3, [2, 3, 1])
    assert [free.is_passed(block) for block in range(4)] == [False, False, True, True]
    assert [free.take(7, last=False) for _ in range(4)] == [0, 2, 3, 1]


def test_layers_with_a_window_take_blocks_from_the_end_of_the_pool() -> None:
    """Those that keep all tokens then find a long run of blocks side by side."""
    free = FreeBlocks(64, None)
    assert free.take(None, last=False) == 0
    assert free.take(None, last=True) == 60, "the start of the last of 16 regions"
    assert free.take(61, last=True) == 61
    assert free.take(1, last=False) == 1
    assert free.take(64, last=True) == 56, "behind the end: the last region that is empty"


def test_a_run_goes_on_over_what_fell_out_of_a_window() -> None:
    free = FreeBlocks(2, None)
    assert [free.take(None, last=False), free.take(1, last=False)] == [0, 1]
    free.add_cached(0, passed=True)
    free.add_cached(1, passed=True)
    assert free.take(1, last=False) == 1
