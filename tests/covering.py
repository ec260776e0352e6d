"""Fewer of a test's many combinations: in the suite each few of their values meet once, behind ``-m soak`` all do.

A test with the mark ``covering(strength=2)`` keeps a choice of its cases in which every pair (or single value, or
triple) of values of different parameters occurs. The choice is the same in every run. (Pairwise testing: D. R. Kuhn and
others, NIST SP 800-142.)
"""

from __future__ import annotations

import itertools
import zlib
from collections import defaultdict
from collections.abc import Mapping, Sequence

import pytest

Case = tuple[tuple[str, int], ...]  # of each parameter the index of its value


def choose(cases: Sequence[Case], strength: int) -> set[int]:
    """Which of the cases are enough for every combination of ``strength`` values to occur."""
    wanted = [set(itertools.combinations(case, min(strength, len(case)))) for case in cases]
    missing = set().union(*wanted)
    order = sorted(range(len(cases)), key=lambda i: zlib.crc32(repr(cases[i]).encode()))
    chosen: set[int] = set()
    while missing:
        best = max(order, key=lambda i: len(wanted[i] & missing))
        chosen.add(best)
        missing -= wanted[best]
    return chosen


def case_of(params: Mapping[str, object], values: dict[str, list[object]]) -> Case:
    """The indices of a case's values among those that were seen; pytest's own count cases, not values."""
    case = []
    for name, value in sorted(params.items()):
        seen = values[name]
        if not any(value is other for other in seen):
            seen.append(value)
        case.append((name, next(i for i, other in enumerate(seen) if value is other)))
    return tuple(case)


def leave_to_soak(items: Sequence[pytest.Item]) -> None:
    """Mark the cases that were not chosen; those that the long form has anyway do not count."""
    tests: dict[str, list[pytest.Function]] = defaultdict(list)
    for item in items:
        marked = item.get_closest_marker("covering") and not item.get_closest_marker("soak")
        if marked and isinstance(item, pytest.Function) and hasattr(item, "callspec"):
            tests[item.nodeid.split("[")[0]].append(item)
    for found in tests.values():
        values: dict[str, list[object]] = defaultdict(list)
        mark = found[0].get_closest_marker("covering")
        assert mark is not None
        cases = [case_of(item.callspec.params, values) for item in found]
        chosen = choose(cases, mark.kwargs.get("strength", 2))
        for i, item in enumerate(found):
            if i not in chosen:
                item.add_marker(pytest.mark.soak)
