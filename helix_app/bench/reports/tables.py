"""The tables and lines of a report, made once: the terminal, Markdown and the window show the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helix_app.base.language import mark, number, say
from helix_app.base.messages import fill, notice_text
from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.figures.summary import SHORT, KindSummary, Summary
from helix_app.bench.records import BenchResult
from helix_app.bench.reports.wording import (
    agreement,
    arm_label,
    bytes_text,
    duration_text,
    headline,
    interval_text,
    kind_label,
    number_text,
    percent_text,
    ratio_text,
    verdict_text,
)

_FILES = {"target": mark("Target file"), "draft": mark("Draft file")}


@dataclass(frozen=True)
class Table:
    """A head and rows of text; columns numbered in ``right`` are flush right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


def headline_table(summary: Summary) -> Table | None:
    """What a reader wants first; None without both arms."""
    rows = headline(summary.overall, HELIX)
    return Table(("", say("Plain"), "Helix", say("Speedup")), tuple(rows), (1, 2)) if rows else None


def kinds_table(summary: Summary) -> Table:
    """Tokens per second and the verdict by kind of prompt, all kinds last."""
    rows = []
    for kind in (*summary.kinds, summary.overall):
        base, helix, compared = kind.arm(BASELINE), kind.arm(HELIX), kind.comparison(HELIX)
        rows.append(
            (
                kind_label(kind.kind),
                str(kind.prompts),
                number_text(base.decode_tokens_per_second if base else None),
                number_text(helix.decode_tokens_per_second if helix else None),
                verdict_text(compared.decode) if compared else "",
                interval_text(compared.end_to_end) if compared else "",
                percent_text(helix.acceptance_rate if helix else None),
            )
        )
    of_helix = (say("Speedup"), say("End to end"), say("Acceptance rate"))
    return Table((say("Kind"), say("Prompts"), say("Plain"), "Helix", *of_helix), tuple(rows), (1, 2, 3, 6))


def details_table(summary: Summary) -> Table:
    """What the speculative arm did, by kind."""
    rows = []
    for kind in (*summary.kinds, summary.overall):
        helix = kind.arm(HELIX)
        if helix is None:
            continue
        ttft = helix.time_to_first_token
        rows.append(
            (
                kind_label(kind.kind),
                number_text(helix.mean_accepted_length, 2),
                number_text(helix.k_mean, 2),
                number_text(helix.draft_ms, 2),
                number_text(helix.verify_ms),
                number_text(helix.plain_ms),
                number_text(None if ttft is None else ttft * 1000, 0),
                number(f"{helix.tokens:,}"),
                bytes_text(helix.peak_memory_bytes),
            )
        )
    times = (say("Draft ms"), say("Verify ms"), say("Plain ms"), say("TTFT ms"))
    head = (say("Kind"), say("Tokens per pass"), say("Mean k"), *times, say("Tokens"), say("Peak memory"))
    return Table(head, tuple(rows), tuple(range(1, 9)))


def peers(result: BenchResult) -> list[str]:
    """The other programs that ran."""
    return [arm for arm in result.arms if arm not in (BASELINE, HELIX)]


def peers_table(result: BenchResult, summary: Summary) -> Table | None:
    """Other programs on the same weights; None where none ran."""
    names = peers(result)
    if not names:
        return None

    def row(kind: KindSummary) -> tuple[str, ...]:
        speeds, against = [], []
        for peer in names:
            figures, compared = kind.arm(peer), kind.comparison(HELIX, peer)
            speeds.append(number_text(figures.decode_tokens_per_second if figures else None))
            against.append(verdict_text(compared.decode) if compared else ratio_text(None))
        return (kind_label(kind.kind), *speeds, *against)

    head = (say("Kind"), *(arm_label(peer) for peer in names), *(f"Helix / {arm_label(peer)}" for peer in names))
    rows = tuple(row(kind) for kind in (*summary.kinds, summary.overall))
    return Table(head, rows, tuple(range(1, 1 + len(names))))


def speedups(summary: Summary) -> list[tuple[str, Estimate]]:
    """Helix over plain decoding by kind, all kinds last; what a plot shows."""
    found = ((kind.kind, kind.comparison(HELIX)) for kind in (*summary.kinds, summary.overall))
    return [(kind_label(kind), compared.decode) for kind, compared in found if compared is not None]


def k_shares(counts: Sequence[tuple[int, int]]) -> list[tuple[int, float]]:
    """For each k that was used, its share of the rounds."""
    total = sum(count for _, count in counts)
    return [(k, count / total) for k, count in counts] if total else []


def agreement_lines(result: BenchResult) -> list[str]:
    """For each pair of greedy arms, on how many prompts their tokens agree."""
    if not result.greedy or len(result.arms) < 2:
        return []
    return [
        fill(say("{name}: {n} of {all:prompt agrees|prompts agree}"), name=name, n=same, all=compared)
        for name, same, compared in agreement(result)
    ]


def notes(result: BenchResult, summary: Summary) -> list[str]:
    """What a reader must know."""
    found = [notice_text(notice.code, notice.fields) for notice in result.notices]
    short = sum(arm.short_replies for arm in summary.overall.arms)
    if short:
        few = say("{n} of {all:reply|replies} ended before {least} tokens; their speeds are rough.")
        found.append(fill(few, n=short, all=len(result.runs), least=SHORT))
    return found


def replies_text(result: BenchResult) -> str:
    """``36 replies in 1 min 40 s``"""
    return fill(say("{n:reply|replies} in {time}"), n=len(result.runs), time=duration_text(result.seconds))


def facts(result: BenchResult) -> list[tuple[str, str]]:
    """Settings and machine as (what, value); what is not known is left out."""
    machine, settings = result.machine, result.settings
    environment = " ".join(f"{k}={v}" for k, v in dict(machine.get("environment") or {}).items())
    replies = fill(say("{n:reply|replies}"), n=len(result.runs))
    found: list[tuple[str, Any]] = [
        (say("Run"), f"{result.created}, {duration_text(result.seconds)}, {replies}"),
        (
            say("Processor"),
            fill(say("{cpu}, {cores:core|cores}, threads used: {threads}"), **machine),
        ),
        (say("Device"), machine.get("device_name")),
        (say("Memory"), bytes_text(machine.get("memory_bytes"))),
        (say("System"), machine.get("system")),
        (say("Environment"), environment),
        (say("Versions"), ", ".join(f"{name} {version}" for name, version in result.versions.items())),
        (say("Kinds"), ", ".join(kind_label(kind) for kind in result.kinds)),
        (say("Repeats"), settings.get("repeats")),
        (say("Seed"), settings.get("seed")),
        (say("Context"), fill(say("{n:token|tokens}"), n=result.model.get("context_length"))),
    ]
    for role, model in result.models.items():
        files = "; ".join(f"{f['name']}, sha256 {f['sha256']}" for f in model.get("files", ()))
        found.append((say(_FILES.get(role, role)), files))
    return [(what, str(value)) for what, value in found if value not in (None, "")]
