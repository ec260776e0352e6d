"""A run as the window shows it, from the very figures and words of the other reports."""

from __future__ import annotations

from helix_app.bench.config import HELIX
from helix_app.bench.figures.statistics import Estimate
from helix_app.bench.figures.summary import Summary
from helix_app.bench.records import BenchResult
from helix_app.bench.reports import tables
from helix_app.bench.reports.compare import ResultChange, change_table
from helix_app.bench.reports.wording import (
    DASH,
    bounds_text,
    divergence_text,
    interval_text,
    kind_label,
    percent_text,
    ratio_text,
    subtitle,
    title,
    verdict_text,
)
from helix_app.protocol.bench_views import BenchBar, BenchChange, BenchEntry, BenchRatio, BenchTable, BenchView, Verdict

_CHANGES: dict[str, Verdict] = {"faster": "higher", "slower": "lower", "same": "same", "few": "few"}


def overall_speedup(summary: Summary) -> Estimate:
    """Helix over plain decoding, all kinds alike."""
    compared = summary.overall.comparison(HELIX)
    return compared.decode if compared is not None else Estimate(None)


def run_title(result: BenchResult) -> str:
    """Target, number format and device."""
    model = result.model
    parts = (title(result), str(model.get("dtype", "")), str(model.get("device_name") or model.get("device", "")))
    return " · ".join(part for part in parts if part)


def entry(
    run_id: int,
    created: str,
    name: str,
    replies: int,
    complete: bool,
    speedup: Estimate,
) -> BenchEntry:
    """A line of the list."""
    low, high = speedup.low, speedup.high
    interval = bounds_text(low, high) if low is not None and high is not None else ""
    return BenchEntry(run_id, created, name, replies, complete, ratio_text(speedup.value), interval)


def view(result: BenchResult, summary: Summary, shown: BenchEntry) -> BenchView:
    """The whole run."""
    headline, peers = tables.headline_table(summary), tables.peers_table(result, summary)
    helix = summary.overall.arm(HELIX)
    shares = tables.k_shares(helix.k_counts) if helix is not None else []
    positions = helix.acceptance_by_position if helix is not None else ()
    return BenchView(
        entry=shown,
        title=title(result),
        subtitle=subtitle(result),
        headline=_table(headline) if headline is not None else None,
        kinds=_table(tables.kinds_table(summary)),
        details=_table(tables.details_table(summary)),
        peers=_table(peers) if peers is not None else None,
        ratios=tuple(_ratio(label, found) for label, found in tables.speedups(summary)),
        positions=tuple(BenchBar(str(j), share, percent_text(share)) for j, share in enumerate(positions, 1)),
        rounds=tuple(BenchBar(str(k), share, percent_text(share)) for k, share in shares),
        agreement=tuple(tables.agreement_lines(result)),
        divergences=tuple(divergence_text(found) for found in result.divergences),
        notes=tuple(tables.notes(result, summary)),
        facts=tuple(tables.facts(result)),
        replies=tables.replies_text(result),
        command=result.command,
    )


def change(changed: ResultChange, a: BenchEntry, b: BenchEntry) -> BenchChange:
    """Two runs against each other."""
    table = change_table(changed)
    changes = tuple(
        BenchRatio(
            kind_label(kind.kind),
            kind.change.value,
            kind.change.low,
            kind.change.high,
            _CHANGES[kind.verdict],
            f"{interval_text(kind.change)}, {row[-1]}" if kind.change.value is not None else DASH,
        )
        for kind, row in zip(changed.kinds, table.rows)
    )
    return BenchChange(a, b, _table(table), changes, changed.differences)


def _table(made: tables.Table) -> BenchTable:
    return BenchTable(made.head, made.rows, made.right)


def _ratio(label: str, found: Estimate) -> BenchRatio:
    return BenchRatio(label, found.value, found.low, found.high, found.verdict, verdict_text(found))
