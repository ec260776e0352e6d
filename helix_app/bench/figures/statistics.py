"""Ratios with intervals, and what may be said about them.

Replies come in a hierarchy: prompts differ from each other, repeats of one prompt differ by noise. The bootstrap
resamples both, prompts first and then repeats within each (Davison and Hinkley, *Bootstrap Methods and Their
Application*, 1997, 3.8), of paired ratios: each reply against the other arm's reply to the same prompt in the same
round. All arithmetic is on logarithms, so that 2x and 0.5x weigh the same and no result depends on which arm is below.
Intervals are percentiles of the draws, widened as Student's t widens the normal: plain percentiles are too narrow for
few replies (Hesterberg, *The American Statistician* 69, 2015, expanded percentile interval).

A verdict rests on the prompts that were run. With three prompts a kind an interval says little about other prompts.
"""

from __future__ import annotations

import statistics
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Verdict = Literal["higher", "lower", "same", "few"]
Groups = Sequence[Sequence[float]]  # one list of values a prompt, one value a repeat
Floats = NDArray[np.float64]

RESAMPLES = 4000
LEVEL = 0.95
MIN_PAIRS = 6  # fewer could all lie on one side by chance: 2 / 2**6 is 3 %
MIN_PAIRS_PER_KIND = 3  # of an overall figure: resampling one or two replies of a kind hides most of their spread
NOISE_FLOOR = 0.02  # what moves between two runs of a program that changed nothing (Mytkowicz et al., ASPLOS 2009)


@dataclass(frozen=True)
class Estimate:
    """A ratio with its interval.

    Attributes:
        value: the median (geometric mean over kinds for an overall figure); None for no data.
        low, high: ends of the interval, None with fewer than ``MIN_PAIRS`` pairs (or, over kinds, fewer than
            ``MIN_PAIRS_PER_KIND`` of one).
        pairs: paired replies behind it.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    pairs: int = 0

    @property
    def verdict(self) -> Verdict:
        """``higher`` or ``lower`` when the interval leaves 1 out, ``same`` when it does not, ``few`` without one."""
        if self.low is None or self.high is None:
            return "few"
        return "higher" if self.low > 1 else "lower" if self.high < 1 else "same"


def median(values: Sequence[float]) -> float:
    """The median; 0 for nothing."""
    return statistics.median(values) if values else 0.0


def ratios(over: Mapping[str, Mapping[int, float]], under: Mapping[str, Mapping[int, float]]) -> dict[str, list[float]]:
    """Paired ratios by prompt of two mappings prompt -> repeat -> value; what has no partner is left out."""
    paired = {}
    for prompt, values in over.items():
        others = under.get(prompt, {})
        pairs = [values[r] / others[r] for r in sorted(values) if r in others and others[r] > 0 and values[r] > 0]
        if pairs:
            paired[prompt] = pairs
    return paired


class Sample:
    """Ratios by prompt, and what the bootstrap draws of them, once.

    Attributes:
        groups: the ratios of prompts that have any.
        pairs: how many there are.
    """

    def __init__(self, groups: Groups, seed: int) -> None:
        self.groups = [group for group in groups if len(group)]
        self.pairs = sum(map(len, self.groups))
        self._seed = seed

    @cached_property
    def draws(self) -> Floats:
        """See ``resample``."""
        return resample(self.groups, self._seed)

    def estimate(self, level: float = LEVEL) -> Estimate:
        """The median ratio over prompts of their medians over repeats."""
        if not self.pairs:
            return Estimate(None)
        value = float(np.exp(_point(self.groups)))
        if self.pairs < MIN_PAIRS:
            return Estimate(value, pairs=self.pairs)
        return _interval(value, self.draws, level, self.pairs)


def estimate(groups: Groups, seed: int, level: float = LEVEL) -> Estimate:
    """The median ratio over prompts of their medians over repeats."""
    return Sample(groups, seed).estimate(level)


def overall(kinds: Sequence[Sample], level: float = LEVEL) -> Estimate:
    """The geometric mean over kinds of their median ratios, so that each kind weighs the same."""
    kept = [kind for kind in kinds if kind.pairs]
    pairs = sum(kind.pairs for kind in kept)
    if not pairs:
        return Estimate(None)
    value = float(np.exp(np.mean([_point(kind.groups) for kind in kept])))
    if pairs < MIN_PAIRS or min(kind.pairs for kind in kept) < MIN_PAIRS_PER_KIND:
        return Estimate(value, pairs=pairs)
    draws = np.mean([kind.draws for kind in kept], axis=0)
    return _interval(value, draws, level, pairs, len(kept))


def kind_seed(seed: int, kind: str) -> int:
    """A seed of its own for every kind, the same in every run."""
    return zlib.crc32(f"{seed}:{kind}".encode())


def resample(groups: Groups, seed: int, count: int = RESAMPLES) -> Floats:
    """``count`` draws of the log median ratio: prompts with replacement, then repeats within each of them."""
    random = np.random.default_rng(seed)
    logs = [np.log(np.asarray(group, dtype=np.float64)) for group in groups]
    chosen = random.integers(0, len(logs), (count, len(logs)))
    medians = np.empty(chosen.shape)
    for i, values in enumerate(logs):
        here = chosen == i
        draws = values[random.integers(0, len(values), (int(here.sum()), len(values)))]
        medians[here] = np.median(draws, axis=1)
    return np.asarray(np.median(medians, axis=1))


def noise_band(groups: Groups, seed: int, level: float = LEVEL) -> float:
    """How far a comparison of the same thing with itself strays, as a log ratio of at least 0.

    Args:
        groups: speeds of one arm by prompt and repeat. Every repeat is set against every other of its prompt, and
            the same estimate is made of those ratios: an A/A test on data at hand.
    """
    positive = [[speed for speed in group if speed > 0] for group in groups]
    against = [[a / b for i, a in enumerate(g) for j, b in enumerate(g) if i != j] for g in positive]
    floor = float(np.log1p(NOISE_FLOOR))
    kept = [(ratio, len(group)) for ratio, group in zip(against, positive) if ratio]
    if not kept:
        return floor
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(kept), (RESAMPLES, len(kept)))
    medians = np.empty(chosen.shape)
    for i, (values, repeats) in enumerate(kept):
        here = chosen == i
        logs = np.log(np.asarray(values))
        medians[here] = np.median(logs[random.integers(0, len(logs), (int(here.sum()), repeats))], axis=1)
    return max(floor, float(np.quantile(np.abs(np.median(medians, axis=1)), level)))


def ratio_of_ratios(before: Groups, after: Groups, seed: int, level: float) -> Estimate:
    """How a ratio changed between two runs of the same prompts: ``after`` over ``before``, paired by prompt.

    Both lists hold the same prompts in the same order. Prompts are resampled once for both, repeats in each run on
    its own.
    """
    pairs = min(sum(map(len, before)), sum(map(len, after)))
    if not pairs:
        return Estimate(None)
    value = float(np.exp(np.median([_median_log(b) - _median_log(a) for a, b in zip(before, after)])))
    if pairs < MIN_PAIRS:
        return Estimate(value, pairs=pairs)
    random = np.random.default_rng(seed)
    chosen = random.integers(0, len(before), (RESAMPLES, len(before)))
    changes = np.empty(chosen.shape)
    for i, sides in enumerate(zip(before, after)):
        here = chosen == i
        count = int(here.sum())
        first, second = (
            np.median(logs[random.integers(0, len(logs), (count, len(logs)))], axis=1)
            for logs in (np.log(np.asarray(side, dtype=np.float64)) for side in sides)
        )
        changes[here] = second - first
    return _interval(value, np.median(changes, axis=1), level, pairs)


def _median_log(group: Sequence[float]) -> float:
    return float(np.median(np.log(np.asarray(group, dtype=np.float64))))


def _point(groups: Groups) -> float:
    return float(np.median([_median_log(group) for group in groups]))


def _interval(value: float, draws: Floats, level: float, pairs: int, groups: int = 1) -> Estimate:
    ends = np.quantile(draws, [(1 - level) / 2, (1 + level) / 2])
    low, high = value * np.exp((ends - np.log(value)) * _small_sample(level, pairs - groups))
    return Estimate(value, min(float(low), value), max(float(high), value), pairs)


def _small_sample(level: float, freedom: int) -> float:
    """Student's quantile over the normal one (Abramowitz and Stegun 26.7.5), at least 1."""
    z, n = NormalDist().inv_cdf((1 + level) / 2), freedom
    second, third = 5 * z**4 + 16 * z**2 + 3, 3 * z**6 + 19 * z**4 + 17 * z**2 - 15
    return 1 + (z**2 + 1) / (4 * n) + second / (96 * n**2) + third / (384 * n**3)
