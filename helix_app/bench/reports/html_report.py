"""A run as one self-contained HTML file: no script, nothing fetched."""

from __future__ import annotations

from helix_app.base.sizes import percent_text
from helix_app.bench.config import BASELINE, HELIX, PEERS
from helix_app.bench.figures.summary import ArmFigures, Summary, representative
from helix_app.bench.records import BenchResult, RunRecord
from helix_app.bench.reports import tables
from helix_app.bench.reports.charts import Line, columns, line_plot, speedup_bars
from helix_app.bench.reports.page import template
from helix_app.bench.reports.wording import arm_label

_STYLES = {BASELINE: 0, HELIX: 1, PEERS[0]: 2}  # of curves; any other arm has the last one


def html_report(result: BenchResult, summary: Summary) -> str:
    """The document, as ``resources/report/report.html`` has it."""
    helix, shown = summary.overall.arm(HELIX), representative(result)
    return template("report.html").render(
        result=result,
        summary=summary,
        bars=speedup_bars(tables.speedups(summary)),
        positions=_positions(helix),
        rounds=_rounds(helix),
        prompt=next((p for p in result.prompts if shown and p.id == shown[0].prompt_id), None),
        curves=line_plot([_curve(run) for run in shown], " s"),
        peers=tables.peers(result),
        notes=tables.notes(result, summary),
        facts=tables.facts(result),
    )


def _positions(helix: ArmFigures | None) -> str:
    shares = helix.acceptance_by_position if helix is not None else ()
    return columns([(str(j), share, percent_text(share)) for j, share in enumerate(shares, 1)]) if shares else ""


def _rounds(helix: ArmFigures | None) -> str:
    used = dict(tables.k_shares(helix.k_counts)) if helix is not None else {}
    if not used:
        return ""
    shares = [(str(k), used.get(k, 0.0)) for k in range(max(used) + 1)]
    rows = [(k, share, percent_text(share) if share >= 0.005 or not share else "<1 %") for k, share in shares]
    return columns(rows, max(used.values()))


def _curve(run: RunRecord) -> Line:
    points = [(0.0, 0.0), (run.timeline[0][0], 0.0), *run.timeline]
    return Line(arm_label(run.arm), _STYLES.get(run.arm, 3), points)
