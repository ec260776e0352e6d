"""A run as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.records import BenchResult
from helix_app.bench.summary import SHORT, KindSummary, Summary
from helix_app.bench.wording import (
    agreement,
    arm_label,
    bytes_text,
    divergence_text,
    duration_text,
    headline,
    interval_text,
    kind_label,
    number_text,
    percent_text,
    ratio_text,
    subtitle,
    table,
    title,
    verdict_text,
)
from helix_app.messages import notice_text

_SHOWN_DIVERGENCES = 8


def text_report(result: BenchResult, summary: Summary) -> str:
    """The whole report, ending in a newline."""
    return "\n\n".join(_sections(result, summary)) + "\n"


def _sections(result: BenchResult, summary: Summary) -> Iterator[str]:
    yield f"{title(result)}\n{subtitle(result)}"
    rows = headline(summary.overall, HELIX)
    if rows:
        yield table([("", "Baseline", "Helix", "Speedup"), *rows], right=(1, 2))
        yield "Tokens per second while decoding, by kind of prompt\n" + _kinds(summary)
        yield "Helix in detail\n" + _details(summary)
    peers = [arm for arm in result.arms if arm not in (BASELINE, HELIX)]
    if peers:
        yield "Other arms on the same weights, tokens per second while decoding\n" + _peers(summary, peers)
    helix = summary.overall.arm(HELIX)
    if helix is not None and helix.acceptance_by_position:
        shares = "  ".join(f"{j}: {p:.0%}" for j, p in enumerate(helix.acceptance_by_position, 1))
        yield f"Acceptance by position in the draft, where reached\n{shares}"
    if helix is not None and helix.k_counts:
        total = sum(count for _, count in helix.k_counts)
        yield "Rounds by k\n" + "  ".join(f"{k}: {count / total:.0%}" for k, count in helix.k_counts)
    if result.greedy and len(result.arms) > 1:
        yield "Same tokens (greedy)\n" + _tokens(result)
    notes = [notice_text(notice.code, notice.fields) for notice in result.notices]
    short = sum(arm.short_replies for arm in summary.overall.arms)
    if short:
        notes.append(f"{short} of {len(result.runs)} replies ended before {SHORT} tokens; their speeds are rough.")
    if notes:
        yield "Notes\n" + "\n".join(f"- {note}" for note in notes)
    count = "1 reply" if len(result.runs) == 1 else f"{len(result.runs)} replies"
    yield f"{count} in {duration_text(result.seconds)}. Run again: {result.command}"


def _kinds(summary: Summary) -> str:
    rows = [("Kind", "Prompts", "Baseline", "Helix", "Speedup", "End to end", "Accepted")]
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
    return table(rows, right=(1, 2, 3, 6))


def _details(summary: Summary) -> str:
    rows = [("Kind", "Tokens/pass", "Mean k", "Draft ms", "Verify ms", "Plain ms", "TTFT ms", "Tokens", "Peak memory")]
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
                f"{helix.tokens:,}",
                bytes_text(helix.peak_memory_bytes),
            )
        )
    return table(rows, right=tuple(range(1, 9)))


def _peers(summary: Summary, peers: list[str]) -> str:
    rows = [("Kind", *(arm_label(peer) for peer in peers), *(f"Helix / {arm_label(peer)}" for peer in peers))]

    def row(kind: KindSummary) -> tuple[str, ...]:
        speeds, against = [], []
        for peer in peers:
            figures, compared = kind.arm(peer), kind.comparison(HELIX, peer)
            speeds.append(number_text(figures.decode_tokens_per_second if figures else None))
            against.append(verdict_text(compared.decode) if compared else ratio_text(None))
        return (kind_label(kind.kind), *speeds, *against)

    rows += [row(kind) for kind in (*summary.kinds, summary.overall)]
    return table(rows, right=tuple(range(1, 1 + len(peers))))


def _tokens(result: BenchResult) -> str:
    lines = [f"{name}: {same} of {all_} prompts agree" for name, same, all_ in agreement(result)]
    shown = result.divergences[:_SHOWN_DIVERGENCES]
    lines += [f"  {divergence_text(found)}" for found in shown]
    if len(result.divergences) > len(shown):
        lines.append(f"  and {len(result.divergences) - len(shown)} more")
    return "\n".join(lines)
