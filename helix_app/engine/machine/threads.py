"""How many CPU threads decode fastest: reading weights saturates the memory before all cores are busy."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

import torch

log = logging.getLogger(__name__)
_MIN = 4  # threads under which there is nothing to choose
_ROUNDS = 5
_lent: list[int] = []  # PyTorch's threads, once for each of those that compute in another pool
_chosen: dict[int, int] = {}  # the usual number by that which was chosen last in its place
_BETTER = 0.97  # of the usual time that another number must stay under


def leave_to_another_pool() -> int:
    """One thread for PyTorch: those of two pools stand in each other's way, three to five times slower on two cores.

    Returns:
        how many it had, for the other pool; the usual number where fewer were chosen for a model of PyTorch's own.
    """
    _lent.append(_lent[0] if _lent else _usual())
    torch.set_num_threads(1)
    return _lent[-1]


def take_back() -> None:
    """One of those is over; after the last PyTorch computes again, with the threads that were lent."""
    if _lent:
        before = _lent.pop()
        if not _lent:
            torch.set_num_threads(before)


def in_use() -> int:
    """Threads that compute, whichever pool they are of."""
    return _lent[0] if _lent else torch.get_num_threads()


def _usual() -> int:
    """PyTorch's threads, but for a number that ``choose_threads`` gave it."""
    now = torch.get_num_threads()
    return _chosen.get(now, now)


def choose_threads(step: Callable[[], object], usual: int) -> int:
    """Time ``step`` with the ``usual`` threads, three quarters and half of them, in turn; keep the fastest number.

    Mutates: PyTorch's number of threads in this process.

    Returns:
        that number.
    """
    if usual < _MIN:
        return usual
    counts = (usual, usual * 3 // 4, usual // 2)
    best = dict.fromkeys(counts, float("inf"))
    for _ in range(_ROUNDS):
        for count in counts:
            torch.set_num_threads(count)
            begin = time.perf_counter()
            step()
            best[count] = min(best[count], time.perf_counter() - begin)
    fastest = min(counts, key=lambda count: best[count])
    chosen = fastest if best[fastest] < _BETTER * best[usual] else usual
    torch.set_num_threads(chosen)
    _chosen.clear()
    _chosen[chosen] = usual
    log.info("threads: %d of %d; seconds a step: %s", chosen, usual, best)
    return chosen
