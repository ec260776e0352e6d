"""How figures read, the same in every report."""

from __future__ import annotations

from collections.abc import Sequence

from helix_app.base import sizes
from helix_app.base.language import mark, number, say
from helix_app.base.messages import fill
from helix_app.bench.config import ARM_LABELS, BASELINE
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.figures.summary import KindSummary
from helix_app.bench.records import BenchResult, Divergence

DASH = "–"
NO_DIFFERENCE = mark("no significant difference")
TOO_FEW = mark("too few replies for a verdict")
KIND_LABELS = {
    "chat": mark("Chat"),
    "story": mark("Story"),
    "code": mark("Code"),
    "list": mark("List"),
    "rewrite": mark("Rewrite"),
    "summarise": mark("Summarise"),
    "long_context": mark("Long context"),
    "adversarial": mark("Adversarial"),
    "own": mark("Own prompts"),
    "overall": mark("All kinds"),
}


def kind_label(kind: str) -> str:
    """A kind for people."""
    return say(KIND_LABELS.get(kind, kind))


def arm_label(arm: str) -> str:
    """An arm for people."""
    return say(ARM_LABELS.get(arm, arm))


def ratio_text(value: float | None) -> str:
    """``1.42x``"""
    return DASH if value is None else number(f"{value:.2f}x")


def interval_text(estimate: Estimate) -> str:
    """``1.42x [1.38, 1.47]``"""
    if estimate.low is None or estimate.high is None:
        return ratio_text(estimate.value)
    return f"{ratio_text(estimate.value)} {bounds_text(estimate.low, estimate.high)}"


def bounds_text(low: float, high: float) -> str:
    """``[1.38, 1.47]``"""
    between = ", " if number(".") == "." else "; "
    return f"[{number(f'{low:.2f}')}{between}{number(f'{high:.2f}')}]"


def verdict_text(estimate: Estimate) -> str:
    """The ratio with its interval, and in words when it says nothing."""
    if estimate.value is None:
        return DASH
    words = {"few": f", {say(TOO_FEW)}", "same": f", {say(NO_DIFFERENCE)}"}
    return interval_text(estimate) + words.get(estimate.verdict, "")


def seconds_text(value: float | None) -> str:
    """A time with three digits."""
    if value is None:
        return DASH
    return f"{value * 1000:.0f} ms" if value < 0.9995 else number(f"{value:.2f} s")


def number_text(value: float | None, digits: int = 1) -> str:
    """A number with so many decimals."""
    return DASH if value is None else number(f"{value:,.{digits}f}")


def percent_text(value: float | None) -> str:
    """A share."""
    return DASH if value is None else sizes.percent_text(value)


def bytes_text(value: float | None) -> str:
    """Memory."""
    if value is None:
        return DASH
    return number(f"{value / 2**30:.2f} GiB") if value >= 2**30 else f"{value / 2**20:.0f} MiB"


def duration_text(seconds: float) -> str:
    """A time of day's length."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


_DRAFTS = {"ngram": mark("n-gram"), "none": mark("none")}


def title(result: BenchResult) -> str:
    """What ran."""
    return str(result.model.get("target_name", "model"))


def subtitle(result: BenchResult) -> str:
    """On what, and how, on one line."""
    model, settings = result.model, result.settings
    draft = str(model.get("draft_name") or model.get("draft", "none"))
    temperature = float(settings.get("temperature", 0))
    parts = (
        str(model.get("device_name") or model.get("device", "")),
        str(model.get("dtype", "")),
        say("draft {draft}").format(draft=say(_DRAFTS.get(draft, draft))),
        f"k {settings.get('k')}",
        say("greedy") if temperature == 0 else say("temperature {t}").format(t=number(f"{temperature:g}")),
        fill(say("up to {n:token|tokens} a reply"), n=settings.get("max_tokens")),
        "" if result.complete else fill(say("only {n} of {all:reply|replies}"), n=len(result.runs), all=result.planned),
    )
    return " · ".join(part for part in parts if part)


def headline(overall: KindSummary, helix: str) -> list[tuple[str, str, str, str]]:
    """The rows of the headline table: what, plain decoding, Helix, speedup."""
    base, arm, compared = overall.arm(BASELINE), overall.arm(helix), overall.comparison(helix)
    if base is None or arm is None or compared is None:
        return []
    return [
        (
            say("Time to first token"),
            seconds_text(base.time_to_first_token),
            seconds_text(arm.time_to_first_token),
            verdict_text(compared.first_token),
        ),
        (
            say("Decode speed, tok/s"),
            number_text(base.decode_tokens_per_second),
            number_text(arm.decode_tokens_per_second),
            verdict_text(compared.decode),
        ),
        (say("Acceptance rate"), DASH, percent_text(arm.acceptance_rate), DASH),
    ]


def divergence_text(found: Divergence) -> str:
    """Where two arms differ, and whether rounding explains it."""
    a = say("end of reply") if found.token_a is None else repr(found.text_a)
    b = say("end of reply") if found.token_b is None else repr(found.text_b)
    arms = pair(found.arm_a, found.arm_b)
    text = say("{prompt}: {arms} differ from token {n} ({a} / {b})").format(
        prompt=found.prompt_id, arms=arms, n=number(f"{found.position + 1}"), a=a, b=b
    )
    if found.logit_gap is not None:
        text += say(", logit gap {gap}").format(gap=number(f"{abs(found.logit_gap):.3g}"))
    return text


def pair(a: str, b: str) -> str:
    """The names of two arms."""
    return say("{a} and {b}").format(a=arm_label(a), b=arm_label(b))


def agreement(result: BenchResult) -> list[tuple[str, int, int]]:
    """For each pair of arms: its name, prompts whose greedy tokens agree, prompts compared."""
    rows = []
    replied = {arm: {run.prompt_id for run in result.runs if run.arm == arm} for arm in result.arms}
    for i, a in enumerate(result.arms):
        for b in result.arms[i + 1 :]:
            both = replied[a] & replied[b]
            differ = {d.prompt_id for d in result.divergences if {d.arm_a, d.arm_b} == {a, b}}
            rows.append((pair(a, b), len(both - differ), len(both)))
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
