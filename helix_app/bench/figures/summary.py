"""Figures and verdicts of a run, computed once for every report."""

from __future__ import annotations

import json
import math
import statistics as plain_statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from helix_app.base import typed
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.statistics import Estimate, Sample, kind_seed, overall, ratios
from helix_app.bench.records import BenchResult, RunRecord

SHORT = 16  # a reply of fewer tokens is dominated by its first steps; such replies are counted and told

Value = Callable[[RunRecord], "float | None"]


def decode_speed(run: RunRecord) -> float | None:
    return run.decode_tokens_per_second


def total_speed(run: RunRecord) -> float | None:
    return run.tokens_per_second


def first_token(run: RunRecord) -> float | None:
    return run.time_to_first_token


@dataclass(frozen=True)
class ArmFigures:
    """Medians over an arm's replies; rates are pooled over all of them.

    Attributes:
        acceptance_by_position: share accepted of those reached, per draft position from 0.
        reached_by_position: how often each position was reached.
        k_counts: (k, rounds), rising.
        short_replies: of fewer than ``SHORT`` tokens.
        finish_reasons: (reason, replies).
    """

    arm: str
    replies: int
    tokens: int
    time_to_first_token: float | None
    decode_tokens_per_second: float | None
    tokens_per_second: float | None
    acceptance_rate: float | None
    mean_accepted_length: float | None
    draft_ms: float | None
    verify_ms: float | None
    plain_ms: float | None
    k_mean: float | None
    k_counts: tuple[tuple[int, int], ...]
    acceptance_by_position: tuple[float, ...]
    reached_by_position: tuple[int, ...]
    peak_memory_bytes: int | None
    short_replies: int
    finish_reasons: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class Comparison:
    """An arm against another on the same replies; ``first_token`` above 1 means sooner, speeds above 1 faster."""

    arm: str
    against: str
    decode: Estimate
    end_to_end: Estimate
    first_token: Estimate


@dataclass(frozen=True)
class KindSummary:
    """One kind of prompts."""

    kind: str
    prompts: int
    arms: tuple[ArmFigures, ...]
    comparisons: tuple[Comparison, ...]

    def arm(self, name: str) -> ArmFigures | None:
        """The figures of an arm that ran."""
        return next((figures for figures in self.arms if figures.arm == name), None)

    def comparison(self, arm: str, against: str = BASELINE) -> Comparison | None:
        """An arm against another, where both ran."""
        return next((c for c in self.comparisons if (c.arm, c.against) == (arm, against)), None)


@dataclass(frozen=True)
class Summary:
    """All of a run; ``overall`` weighs every kind the same."""

    kinds: tuple[KindSummary, ...]
    overall: KindSummary


def summarise(result: BenchResult) -> Summary:
    """Compute everything that the reports show. The bootstrap's seed is that of the run."""
    seed = int(result.settings.get("seed", 0))
    pairs = _pairs(result.arms)
    samples = {
        (kind, pair): _samples(result, kind, *pair, kind_seed(seed, kind)) for kind in result.kinds for pair in pairs
    }

    def over_kinds(pair: tuple[str, str]) -> Comparison:
        three = ([samples[kind, pair][number] for kind in result.kinds] for number in range(3))
        return Comparison(*pair, *map(overall, three))

    def of_kind(kind: str) -> KindSummary:
        runs = [run for run in result.runs if run.kind == kind]
        return KindSummary(
            kind=kind,
            prompts=len({run.prompt_id for run in runs}),
            arms=tuple(figures(arm, [run for run in runs if run.arm == arm]) for arm in result.arms),
            comparisons=tuple(
                Comparison(*pair, *(sample.estimate() for sample in samples[kind, pair])) for pair in pairs
            ),
        )

    kinds = tuple(map(of_kind, result.kinds))
    everything = KindSummary(
        kind="overall",
        prompts=sum(kind.prompts for kind in kinds),
        arms=tuple(_overall_figures(result, arm, kinds) for arm in result.arms),
        comparisons=tuple(map(over_kinds, pairs)),
    )
    return Summary(kinds, everything)


def summary_in(document: str, result: BenchResult) -> Summary:
    """The summary that this Helix wrote beside a result into its JSON document; computed where it has none."""
    try:
        return typed.read(Summary, json.loads(document)["summary"])
    except (ValueError, KeyError):
        return summarise(result)


def paired(result: BenchResult, kind: str, arm: str, against: str, value: Value) -> dict[str, list[float]]:
    """Ratios of two arms by prompt, one a repeat."""
    return ratios(_by_prompt(result, kind, arm, value), _by_prompt(result, kind, against, value))


def speeds(result: BenchResult, kind: str, arm: str, value: Value = decode_speed) -> dict[str, list[float]]:
    """An arm's values by prompt, one a repeat."""
    return {prompt: list(values.values()) for prompt, values in _by_prompt(result, kind, arm, value).items()}


def representative(result: BenchResult) -> tuple[RunRecord, ...]:
    """Replies of all arms to one prompt, the one whose speedup is nearest to the median, in the first repeat."""
    speedup: dict[str, float] = {}
    for kind in result.kinds:
        for prompt, values in paired(result, kind, HELIX, BASELINE, decode_speed).items():
            speedup[prompt] = plain_statistics.median(values)
    shown = {run.prompt_id for run in result.runs if run.timeline and run.tokens >= SHORT} & set(speedup)
    if not shown:
        return ()
    middle = plain_statistics.median(speedup[p] for p in shown)
    prompt = min(sorted(shown), key=lambda p: abs(math.log(speedup[p] / middle)))
    first = {run.arm: run for run in result.runs if run.prompt_id == prompt and run.timeline}
    return tuple(first[arm] for arm in result.arms if arm in first)


def _pairs(arms: Sequence[str]) -> list[tuple[str, str]]:
    """Which arms are set against which: all against the baseline, and Helix against each peer."""
    others = [arm for arm in arms if arm != BASELINE]
    found = [(arm, BASELINE) for arm in others] if BASELINE in arms else []
    return found + [(HELIX, arm) for arm in others if arm != HELIX and HELIX in arms]


def _by_prompt(result: BenchResult, kind: str, arm: str, value: Value) -> dict[str, dict[int, float]]:
    found: dict[str, dict[int, float]] = {}
    for run in result.runs:
        number = value(run)
        if run.kind == kind and run.arm == arm and number is not None:
            found.setdefault(run.prompt_id, {})[run.repeat] = number
    return found


def _samples(result: BenchResult, kind: str, arm: str, against: str, seed: int) -> tuple[Sample, ...]:
    """Ratios of decode speed, of speed from end to end, and of the time to the first token, which is sooner if less."""
    decode = paired(result, kind, arm, against, decode_speed)
    end_to_end = paired(result, kind, arm, against, total_speed)
    sooner = paired(result, kind, against, arm, first_token)
    return tuple(Sample(list(groups.values()), seed) for groups in (decode, end_to_end, sooner))


def _overall_figures(result: BenchResult, arm: str, kinds: Sequence[KindSummary]) -> ArmFigures:
    """Pooled counts; speeds and times are geometric means over kinds of their medians."""
    pooled = figures(arm, [run for run in result.runs if run.arm == arm])
    of_kinds = [found for kind in kinds if (found := kind.arm(arm)) is not None]
    return ArmFigures(
        **{
            **vars(pooled),
            "time_to_first_token": _geometric(f.time_to_first_token for f in of_kinds),
            "decode_tokens_per_second": _geometric(f.decode_tokens_per_second for f in of_kinds),
            "tokens_per_second": _geometric(f.tokens_per_second for f in of_kinds),
        }
    )


def figures(arm: str, runs: Sequence[RunRecord]) -> ArmFigures:
    """The figures of an arm over some of its replies."""
    drafted, passes = sum(run.drafted_tokens for run in runs), sum(run.target_passes for run in runs)
    decoded = sum((run.mean_accepted_length or 0.0) * run.target_passes for run in runs)
    counts: Counter[int] = Counter()
    for run in runs:
        counts.update(dict(run.k_counts))
    reached = _added(run.reached_by_position for run in runs)
    accepted = _added(run.accepted_by_position for run in runs)
    rounds = sum(counts.values())
    return ArmFigures(
        arm=arm,
        replies=len(runs),
        tokens=sum(run.tokens for run in runs),
        time_to_first_token=_median(run.time_to_first_token for run in runs),
        decode_tokens_per_second=_median(run.decode_tokens_per_second for run in runs),
        tokens_per_second=_median(run.tokens_per_second for run in runs),
        acceptance_rate=sum(run.accepted_tokens for run in runs) / drafted if drafted else None,
        mean_accepted_length=decoded / passes if passes else None,
        draft_ms=_median(run.draft_ms for run in runs),
        verify_ms=_median(run.verify_ms for run in runs),
        plain_ms=_median(run.plain_ms for run in runs),
        k_mean=sum(k * n for k, n in counts.items()) / rounds if rounds else None,
        k_counts=tuple(sorted(counts.items())),
        acceptance_by_position=tuple(a / r for a, r in zip(accepted, reached) if r),
        reached_by_position=tuple(r for r in reached if r),
        peak_memory_bytes=max(
            (run.peak_memory_bytes for run in runs if run.peak_memory_bytes is not None), default=None
        ),
        short_replies=sum(run.tokens < SHORT for run in runs),
        finish_reasons=tuple(Counter(run.finish_reason for run in runs).most_common()),
    )


def _added(rows: Iterable[Sequence[int]]) -> list[int]:
    total: list[int] = []
    for row in rows:
        total += [0] * (len(row) - len(total))
        for i, count in enumerate(row):
            total[i] += count
    return total


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return plain_statistics.median(known) if known else None


def _geometric(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value]
    return plain_statistics.geometric_mean(known) if known else None
