"""A run as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from helix_app.base.sizes import percent_text
from helix_app.bench.config import HELIX
from helix_app.bench.figures.summary import Summary
from helix_app.bench.records import BenchResult
from helix_app.bench.reports import tables
from helix_app.bench.reports.wording import divergence_text, subtitle, table, title

_SHOWN_DIVERGENCES = 8


def text_report(result: BenchResult, summary: Summary) -> str:
    """The whole report, ending in a newline."""
    return "\n\n".join(_sections(result, summary)) + "\n"


def _sections(result: BenchResult, summary: Summary) -> Iterator[str]:
    yield f"{title(result)}\n{subtitle(result)}"
    headline = tables.headline_table(summary)
    if headline is not None:
        yield _text(headline)
        yield "Tokens per second while decoding, by kind of prompt\n" + _text(tables.kinds_table(summary))
        yield "Helix in detail\n" + _text(tables.details_table(summary))
    peers = tables.peers_table(result, summary)
    if peers is not None:
        yield "Other configurations on the same weights, tokens per second while decoding\n" + _text(peers)
    helix = summary.overall.arm(HELIX)
    if helix is not None and helix.acceptance_by_position:
        shares = "  ".join(f"{j}: {percent_text(p)}" for j, p in enumerate(helix.acceptance_by_position, 1))
        yield f"Acceptance by position in the draft, where reached\n{shares}"
    if helix is not None and helix.k_counts:
        yield "Rounds by k\n" + "  ".join(f"{k}: {percent_text(share)}" for k, share in tables.k_shares(helix.k_counts))
    agreement = tables.agreement_lines(result)
    if agreement:
        yield "Same tokens (greedy)\n" + "\n".join([*agreement, *_divergences(result)])
    notes = tables.notes(result, summary)
    if notes:
        yield "Notes\n" + "\n".join(f"- {note}" for note in notes)
    yield f"{tables.replies_text(result)}. Run again: {result.command}"


def _text(shown: tables.Table) -> str:
    return table([shown.head, *shown.rows], right=shown.right)


def _divergences(result: BenchResult) -> list[str]:
    shown = result.divergences[:_SHOWN_DIVERGENCES]
    lines = [f"  {divergence_text(found)}" for found in shown]
    if len(result.divergences) > len(shown):
        lines.append(f"  and {len(result.divergences) - len(shown)} more")
    return lines
