"""How figures read, the same in every report."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.base.messages import fill
from helix_app.bench.config import ARM_LABELS, BASELINE
from helix_app.bench.records import BenchResult, Divergence
from helix_app.bench.statistics import Estimate
from helix_app.bench.summary import KindSummary

DASH = "–"
NO_DIFFERENCE = "no significant difference"
TOO_FEW = "too few replies for a verdict"
KIND_LABELS = {
    "chat": "Chat",
    "story": "Story",
    "code": "Code",
    "list": "List",
    "rewrite": "Rewrite",
    "summarise": "Summarise",
    "long_context": "Long context",
    "adversarial": "Adversarial",
    "own": "Own prompts",
    "overall": "All kinds",
}


def kind_label(kind: str) -> str:
    """A kind for people."""
    return KIND_LABELS.get(kind, kind)


def arm_label(arm: str) -> str:
    """An arm for people."""
    return ARM_LABELS.get(arm, arm)


def ratio_text(value: float | None) -> str:
    """``1.42x``"""
    return DASH if value is None else f"{value:.2f}x"


def interval_text(estimate: Estimate) -> str:
    """``1.42x [1.38, 1.47]``"""
    if estimate.low is None or estimate.high is None:
        return ratio_text(estimate.value)
    return f"{ratio_text(estimate.value)} [{estimate.low:.2f}, {estimate.high:.2f}]"


def verdict_text(estimate: Estimate) -> str:
    """The ratio with its interval, and in words when it says nothing."""
    if estimate.value is None:
        return DASH
    words = {"few": f", {TOO_FEW}", "same": f", {NO_DIFFERENCE}"}
    return interval_text(estimate) + words.get(estimate.verdict, "")


def seconds_text(value: float | None) -> str:
    """A time with three digits."""
    if value is None:
        return DASH
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s"


def number_text(value: float | None, digits: int = 1) -> str:
    """A number with so many decimals."""
    return DASH if value is None else f"{value:,.{digits}f}"


def percent_text(value: float | None) -> str:
    """A share."""
    return DASH if value is None else f"{value:.0%}"


def bytes_text(value: float | None) -> str:
    """Memory."""
    if value is None:
        return DASH
    return f"{value / 2**30:.2f} GiB" if value >= 2**30 else f"{value / 2**20:.0f} MiB"


def duration_text(seconds: float) -> str:
    """A time of day's length."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def title(result: BenchResult) -> str:
    """What ran."""
    return str(result.model.get("target_name", "model"))


def subtitle(result: BenchResult) -> str:
    """On what, and how, on one line."""
    model, settings = result.model, result.settings
    draft = model.get("draft_name") or model.get("draft", "none")
    temperature = float(settings.get("temperature", 0))
    parts = (
        str(model.get("device_name") or model.get("device", "")),
        str(model.get("dtype", "")),
        f"draft {draft}",
        f"k {settings.get('k')}",
        "greedy" if temperature == 0 else f"temperature {temperature:g}",
        fill("up to {n:token|tokens} a reply", n=settings.get("max_tokens")),
        "" if result.complete else fill("only {n} of {all:reply|replies}", n=len(result.runs), all=result.planned),
    )
    return " · ".join(part for part in parts if part)


def headline(overall: KindSummary, helix: str) -> list[tuple[str, str, str, str]]:
    """The rows of the headline table: what, plain decoding, Helix, speedup."""
    base, arm, compared = overall.arm(BASELINE), overall.arm(helix), overall.comparison(helix)
    if base is None or arm is None or compared is None:
        return []
    return [
        (
            "Time to first token",
            seconds_text(base.time_to_first_token),
            seconds_text(arm.time_to_first_token),
            verdict_text(compared.first_token),
        ),
        (
            "Decode speed, tok/s",
            number_text(base.decode_tokens_per_second),
            number_text(arm.decode_tokens_per_second),
            verdict_text(compared.decode),
        ),
        ("Acceptance rate", DASH, percent_text(arm.acceptance_rate), DASH),
    ]


def divergence_text(found: Divergence) -> str:
    """Where two arms differ, and whether rounding explains it."""
    a = "end of reply" if found.token_a is None else repr(found.text_a)
    b = "end of reply" if found.token_b is None else repr(found.text_b)
    arms = f"{arm_label(found.arm_a)} and {arm_label(found.arm_b)}"
    text = f"{found.prompt_id}: {arms} differ from token {found.position + 1} ({a} / {b})"
    if found.logit_gap is not None:
        text += f", logit gap {abs(found.logit_gap):.3g}"
    return text


def agreement(result: BenchResult) -> list[tuple[str, int, int]]:
    """For each pair of arms: its name, prompts whose greedy tokens agree, prompts compared."""
    rows = []
    replied = {arm: {run.prompt_id for run in result.runs if run.arm == arm} for arm in result.arms}
    for i, a in enumerate(result.arms):
        for b in result.arms[i + 1 :]:
            both = replied[a] & replied[b]
            differ = {d.prompt_id for d in result.divergences if {d.arm_a, d.arm_b} == {a, b}}
            rows.append((f"{arm_label(a)} and {arm_label(b)}", len(both - differ), len(both)))
    return rows


def table(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> str:
    """Columns of text; those numbered in ``right`` are flush right. The first row is the head."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]

    def line(row: Sequence[str]) -> str:
        cells = (
            cell.rjust(width) if i in right else cell.ljust(width) for i, (cell, width) in enumerate(zip(row, widths))
        )
        return "  ".join(cells).rstrip()

    return "\n".join([line(rows[0]), "  ".join("-" * width for width in widths), *(line(row) for row in rows[1:])])
