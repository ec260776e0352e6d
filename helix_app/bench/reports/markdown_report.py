"""A run as Markdown, for an issue or a page of notes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from helix_app.base.sizes import percent_text
from helix_app.bench.config import HELIX
from helix_app.bench.figures.summary import Summary
from helix_app.bench.records import BenchResult
from helix_app.bench.reports import tables
from helix_app.bench.reports.wording import divergence_text, subtitle, title

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~&])")  # what would be markup in running text


def markdown_report(result: BenchResult, summary: Summary) -> str:
    """The document (GitHub's flavour), ending in a newline."""
    return "\n\n".join(_sections(result, summary)) + "\n"


def _sections(result: BenchResult, summary: Summary) -> Iterator[str]:
    yield f"# {_plain(title(result))}: benchmark"
    yield _plain(subtitle(result))
    headline = tables.headline_table(summary)
    if headline is not None:
        yield _table(headline)
        yield "## Tokens per second while decoding, by kind of prompt\n\n" + _table(tables.kinds_table(summary))
        yield "## Helix in detail\n\n" + _table(tables.details_table(summary))
    peers = tables.peers_table(result, summary)
    if peers is not None:
        yield "## Other configurations on the same weights, tokens per second while decoding\n\n" + _table(peers)
    helix = summary.overall.arm(HELIX)
    if helix is not None and helix.acceptance_by_position:
        shares = [(str(j), percent_text(share)) for j, share in enumerate(helix.acceptance_by_position, 1)]
        yield "## Acceptance by position in the draft, where reached\n\n" + _columns("Position", "Accepted", shares)
    if helix is not None and helix.k_counts:
        shares = [(str(k), percent_text(share)) for k, share in tables.k_shares(helix.k_counts)]
        yield "## Rounds by k\n\n" + _columns("k", "Rounds", shares)
    agreement = tables.agreement_lines(result)
    if agreement:
        lines = [*agreement, *(divergence_text(found) for found in result.divergences)]
        yield "## Same tokens (greedy)\n\n" + _list(lines)
    notes = tables.notes(result, summary)
    if notes:
        yield "## Notes\n\n" + _list(notes)
    yield "## Settings and machine\n\n" + _list(f"{what}: {value}" for what, value in tables.facts(result))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", result.command)), default=0))
    yield f"## Run it again\n\n{fence}\n{result.command}\n{fence}"


def _table(shown: tables.Table) -> str:
    rules = ["---:" if i in shown.right else "---" for i in range(len(shown.head))]
    rows = [[_plain(cell) for cell in shown.head], rules, *([_plain(cell) for cell in row] for row in shown.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _columns(first: str, second: str, pairs: Sequence[tuple[str, str]]) -> str:
    head, shares = (first, *(a for a, _ in pairs)), (second, *(b for _, b in pairs))
    return _table(tables.Table(head, (shares,), tuple(range(1, len(head)))))


def _list(lines: Iterable[str]) -> str:
    return "\n".join(f"- {_plain(line)}" for line in lines)


def _plain(text: str) -> str:
    """Running text on one line in which nothing is markup."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
