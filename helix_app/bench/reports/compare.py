"""Two runs against each other: did the speedup of a kind change, or is it noise?

For every kind the ratio of the two speedups, paired by prompt, with an interval that is widened for the number of
kinds looked at (Bonferroni), so that the whole table is wrong at most one time in twenty. What a run's own baseline
does against itself gives the noise band. A verdict needs the interval and the band to be disjoint.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from helix_app.base.errors import InputError
from helix_app.base.language import mark, say
from helix_app.base.sizes import percent_text
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.statistics import LEVEL, Estimate, kind_seed, noise_band, ratio_of_ratios
from helix_app.bench.figures.summary import decode_speed, paired, speeds
from helix_app.bench.records import BenchResult
from helix_app.bench.reports.tables import Table
from helix_app.bench.reports.wording import DASH, NO_DIFFERENCE, TOO_FEW, interval_text, kind_label, ratio_text, table

Change = Literal["faster", "slower", "same", "few"]
_VERDICTS = {"faster": mark("B is faster"), "slower": mark("B is slower")}
_DIFFERENCES = (  # named in the person's language; others, such as versions, are names themselves
    mark("target"),
    mark("draft"),
    mark("device"),
    mark("dtype"),
    mark("max_tokens"),
    mark("temperature"),
    mark("device in use"),
    mark("dtype in use"),
    mark("cpu"),
    mark("threads"),
    mark("system"),
)
_WATCHED = ("target", "draft", "k", "device", "dtype", "max_tokens", "temperature")


@dataclass(frozen=True)
class KindChange:
    """How one kind changed from A to B.

    Attributes:
        speedup_a, speedup_b: Helix over baseline on the shared prompts.
        change: the second over the first.
        noise: half width of the noise band, as a log ratio.
    """

    kind: str
    prompts: int
    speedup_a: float | None
    speedup_b: float | None
    change: Estimate
    noise: float

    @property
    def verdict(self) -> Change:
        """``same`` unless the interval of the change lies outside the noise band."""
        if self.change.low is None or self.change.high is None:
            return "few"
        if np.log(self.change.low) > self.noise:
            return "faster"
        return "slower" if np.log(self.change.high) < -self.noise else "same"


@dataclass(frozen=True)
class ResultChange:
    """How a result changed.

    Attributes:
        differences: (what, in A, in B) of settings, model and machine that differ.
    """

    name_a: str
    name_b: str
    kinds: tuple[KindChange, ...]
    differences: tuple[tuple[str, str, str], ...]


def compare(a: BenchResult, b: BenchResult) -> ResultChange:
    """Compare on the prompts that both runs hold, with the same text.

    Raises:
        InputError: they share no prompt.
    """
    shared = {p.id for p in a.prompts} & {p.id for p in b.prompts}
    texts_a, texts_b = ({p.id: p.sha256 for p in r.prompts} for r in (a, b))
    shared = {prompt for prompt in shared if texts_a[prompt] == texts_b[prompt]}
    in_a, in_b = ({run.kind for run in r.runs if run.prompt_id in shared} for r in (a, b))
    kinds = [kind for kind in a.kinds if kind in in_a & in_b]
    level = 1 - (1 - LEVEL) / max(len(kinds), 1)
    found = [_kind(a, b, kind, shared, level) for kind in kinds]
    changes = tuple(change for change in found if change is not None)
    if not changes:
        raise InputError("bench_not_comparable", a=a.name, b=b.name)
    return ResultChange(a.name or "A", b.name or "B", changes, tuple(_differences(a, b)))


def _kind(a: BenchResult, b: BenchResult, kind: str, shared: set[str], level: float) -> KindChange | None:
    before = paired(a, kind, HELIX, BASELINE, decode_speed)
    after = paired(b, kind, HELIX, BASELINE, decode_speed)
    prompts = sorted(shared & set(before) & set(after))
    if not prompts:
        return None
    first, second = [before[p] for p in prompts], [after[p] for p in prompts]
    seed = kind_seed(int(a.settings.get("seed", 0)), kind)
    noise = 0.0
    for result in (a, b):
        own = speeds(result, kind, BASELINE)
        noise = max(noise, noise_band([own[p] for p in prompts if p in own], seed, level))
    return KindChange(
        kind=kind,
        prompts=len(prompts),
        speedup_a=_typical(first),
        speedup_b=_typical(second),
        change=ratio_of_ratios(first, second, seed, level),
        noise=noise,
    )


def _typical(groups: list[list[float]]) -> float:
    return float(np.exp(np.median([np.median(np.log(group)) for group in groups])))


def _differences(a: BenchResult, b: BenchResult) -> list[tuple[str, str, str]]:
    def facts(result: BenchResult) -> dict[str, str]:
        model, machine = result.model, result.machine
        told = {name: result.settings.get(name) for name in _WATCHED}
        told |= {"device in use": model.get("device_name"), "dtype in use": model.get("dtype")}
        told |= {name: machine.get(name) for name in ("cpu", "threads", "system")}
        found = {name: DASH if value is None else str(value) for name, value in told.items()}
        found |= {name: str(value) for name, value in dict(result.machine.get("environment") or {}).items()}
        found |= {f"{name} version": version for name, version in result.versions.items()}
        for role, model in result.models.items():
            found[f"{role} files"] = " ".join(str(file.get("sha256", ""))[:12] for file in model.get("files", ()))
        return found

    left, right = facts(a), facts(b)
    names = dict.fromkeys((*left, *right))
    differing = [n for n in names if left.get(n) != right.get(n)]
    none = say("none")
    return [(say(n) if n in _DIFFERENCES else n, left.get(n, none), right.get(n, none)) for n in differing]


def verdict_text(change: KindChange) -> str:
    """What may be said of a kind."""
    if change.verdict == "few":
        return say(TOO_FEW)
    return say(NO_DIFFERENCE) if change.verdict == "same" else say(_VERDICTS[change.verdict])


def change_table(changed: ResultChange) -> Table:
    """Both speedups, their ratio and what may be said, by kind."""
    rows = [
        (
            kind_label(kind.kind),
            str(kind.prompts),
            ratio_text(kind.speedup_a),
            ratio_text(kind.speedup_b),
            interval_text(kind.change),
            f"±{percent_text(np.expm1(kind.noise), 1)}",
            verdict_text(kind),
        )
        for kind in changed.kinds
    ]
    head = (say("Kind"), say("Prompts"), say("Speedup A"), say("Speedup B"), "B / A", say("Noise"), say("Verdict"))
    return Table(head, tuple(rows), (1, 2, 3, 5))


def compare_report(changed: ResultChange) -> str:
    """The comparison as text."""
    shown = change_table(changed)
    text = f"A: {changed.name_a}\nB: {changed.name_b}\n\n" + table([shown.head, *shown.rows], right=shown.right) + "\n"
    if changed.differences:
        lines = "\n".join(f"- {name}: {first} / {second}" for name, first, second in changed.differences)
        text += f"\nThe runs differ in these points too, so a verdict may come from them (A / B)\n{lines}\n"
    return text
