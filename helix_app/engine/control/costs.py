"""What a round costs, as measured on this device: by rows of the target's pass, and by context.

Samples are kept in units of a common "drift" that follows how fast the machine happens to be right now, so that
a slow minute seen with one row count is not held against another, and a stale plain cost stays comparable.
"""

from __future__ import annotations

from collections import deque

_KEPT = 15  # samples a cell; their median is the cost
_KNOWN = 2  # samples before a cell has a say in the drift
_DRIFT_ROUNDS = 9  # latest rounds whose median is the drift: a mean would follow every hiccup of the machine
_DRIFT_RETURN = 0.99  # power of it that is kept: what lasts belongs into the cells, and nothing may wander off
_DRIFT_BOUND = 4.0  # a single sample counts as at most this much faster or slower
_BUCKET_TOKENS = 512


def context_bucket(context: int) -> int:
    """0 under 512 tokens, then one more at each doubling."""
    return (context // _BUCKET_TOKENS).bit_length()


class CostTable:
    """Seconds of a pass over ``rows`` rows at a context of so many tokens."""

    def __init__(self) -> None:
        self._cells: dict[int, dict[int, deque[float]]] = {}  # bucket -> rows -> samples / drift
        self._proportions: dict[int, float] = {}  # rows -> times a single row, where there is no sample
        # What follows from the cells, which are asked for far more often than they change:
        self._medians: dict[int, dict[int, float]] = {}
        self._curves: dict[int, dict[int, float]] = {}  # bucket -> rows -> cost, from other buckets where need be
        self._asked: dict[tuple[int, int], float] = {}  # bucket, rows -> cost
        self._drift = 1.0
        self._latest = deque([1.0] * _DRIFT_ROUNDS, maxlen=_DRIFT_ROUNDS)

    def add(self, rows: int, context: int, seconds: float) -> None:
        """A pass took this long."""
        if seconds <= 0:
            return
        bucket = context_bucket(context)
        # only a cell that knows itself can tell a slow moment from a costly one
        if self.samples(rows, context) >= _KNOWN:
            ratio = seconds / self._medians[bucket][rows]
            self._latest.append(min(max(ratio, self._drift / _DRIFT_BOUND), self._drift * _DRIFT_BOUND))
            self._drift = _median(self._latest) ** _DRIFT_RETURN
        self._put(bucket, rows, seconds / self._drift)

    def expect(self, rows: int, context: int) -> float | None:
        """Expected seconds; None while nothing was measured.

        Row counts between measured ones are interpolated; beyond them the last slope goes on, and from a single
        measurement each row is taken to cost as much as the first (never taken to be free). A row count measured
        only at another context is taken in the same proportion.
        """
        nominal = self._nominal(rows, context)
        return None if nominal is None else nominal * self._drift

    def at_most(self, rows: int, context: int) -> float | None:
        """Seconds at worst: from what was measured at this context alone, unknown rows like their neighbours."""
        if not self._medians:
            return None
        known = self._by_distance(context)[0]
        if context_bucket(context) == 0:
            known = self._related(known)
        return _interpolate(known, rows) * self._drift

    def relate(self, proportions: dict[int, float]) -> None:
        """What passes over so many rows cost as multiples of a single row's, at short contexts, until they are
        measured themselves: while only single rows run, all costs follow theirs."""
        self._proportions = dict(proportions)
        self._forget_curves()

    def replace(self, rows: int, seconds: float) -> None:
        """Forget what so many rows or more cost, at any context, and begin again with this pass at a short one."""
        kept = {bucket: {r: c for r, c in cells.items() if r < rows} for bucket, cells in self._cells.items()}
        self._cells = {bucket: cells for bucket, cells in kept.items() if cells}
        self._medians = {b: {r: _median(cell) for r, cell in cells.items()} for b, cells in self._cells.items()}
        self._proportions = {r: times for r, times in self._proportions.items() if r < rows}
        self._put(0, rows, seconds / self._drift)

    def begin_with(self, other: CostTable) -> None:
        """Take another table's costs as a first guess: one sample of each cell, soon outweighed."""
        for bucket, medians in other._medians.items():
            for rows, median in medians.items():
                self._put(bucket, rows, median * other._drift)
        self.relate({**self._proportions, **other._proportions})

    def samples(self, rows: int, context: int) -> int:
        """How often this very cell was measured."""
        return len(self._cells.get(context_bucket(context), {}).get(rows, ()))

    def _nominal(self, rows: int, context: int) -> float | None:
        if not self._medians:
            return None
        key = context_bucket(context), rows
        if key not in self._asked:
            self._asked[key] = _interpolate(self._curve(context), rows)
        return self._asked[key]

    def _curve(self, context: int) -> dict[int, float]:
        bucket = context_bucket(context)
        if bucket not in self._curves:
            own, *others = self._by_distance(context)
            points = self._curves[bucket] = dict(own)
            for known in others:  # row counts only known elsewhere: as they compare with what is known at both
                shared = [r for r in own if r in known]
                for r in known if shared else ():
                    anchor = min(shared, key=lambda at: (abs(at - r), at))
                    points.setdefault(r, own[anchor] * known[r] / known[anchor])
            self._curves[bucket] = self._related(points)
        return self._curves[bucket]

    def _related(self, points: dict[int, float]) -> dict[int, float]:
        """Costs by rows, with those that are only known as multiples of a single row's."""
        if 1 not in points or not self._proportions:
            return points
        return {**{rows: times * points[1] for rows, times in self._proportions.items()}, **points}

    def _by_distance(self, context: int) -> list[dict[int, float]]:
        """Costs by rows of every bucket, the nearest to this context first."""
        bucket = context_bucket(context)
        return [self._medians[near] for near in sorted(self._medians, key=lambda other: (abs(other - bucket), other))]

    def _put(self, bucket: int, rows: int, sample: float) -> None:
        cell = self._cells.setdefault(bucket, {}).setdefault(rows, deque(maxlen=_KEPT))
        cell.append(sample)
        self._medians.setdefault(bucket, {})[rows] = _median(cell)
        self._forget_curves()

    def _forget_curves(self) -> None:
        self._curves.clear()
        self._asked.clear()


def _interpolate(points: dict[int, float], rows: int) -> float:
    if rows in points:
        return points[rows]
    below = [r for r in points if r < rows]
    above = [r for r in points if r > rows]
    if below and above:
        low, high = max(below), min(above)
        share = (rows - low) / (high - low)
        return points[low] + share * (points[high] - points[low])
    if above:
        return points[min(above)]
    ordered = sorted(points)
    last = ordered[-1]
    if len(ordered) == 1:
        return points[last] * rows / last
    before = ordered[-2]
    slope = max(0.0, (points[last] - points[before]) / (last - before))
    return points[last] + slope * (rows - last)


def _median(values: deque[float]) -> float:
    """Of two the lower: another program's work only ever adds to a time."""
    ordered = sorted(values)
    if len(ordered) == 2:
        return ordered[0]
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
