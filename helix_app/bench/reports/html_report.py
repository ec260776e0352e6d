"""A run as one self-contained HTML file: no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from html import escape

from helix_app.base.messages import fill, finish_reason_text
from helix_app.bench.config import BASELINE, HELIX, PEERS
from helix_app.bench.records import BenchResult
from helix_app.bench.reports import tables
from helix_app.bench.reports.charts import Line, columns, line_plot, speedup_bars
from helix_app.bench.reports.html_style import STYLE
from helix_app.bench.reports.wording import (
    DASH,
    NO_DIFFERENCE,
    TOO_FEW,
    agreement,
    arm_label,
    bytes_text,
    divergence_text,
    interval_text,
    kind_label,
    number_text,
    percent_text,
    ratio_text,
    seconds_text,
    subtitle,
    title,
)
from helix_app.bench.statistics import Estimate
from helix_app.bench.summary import ArmFigures, KindSummary, Summary, representative

_STYLES = {BASELINE: 0, HELIX: 1, PEERS[0]: 2}  # of curves; any other arm has the last one


def html_report(result: BenchResult, summary: Summary) -> str:
    """The document."""
    body = "\n".join(part for part in _sections(result, summary) if part)
    name = escape(f"Benchmark: {title(result)}")
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{name}</title><style>{STYLE}</style></head><body><main>\n{body}\n</main></body></html>\n"
    )


def _sections(result: BenchResult, summary: Summary) -> Iterator[str]:
    overall = summary.overall
    yield f'<h1>{escape(title(result))}: benchmark</h1><p class="muted">{escape(subtitle(result))}</p>'
    yield _headline(overall)
    yield _by_kind(summary)
    yield _positions_and_k(overall.arm(HELIX))
    yield _over_time(result)
    yield _peers(result, summary)
    yield _all_figures(result, summary)
    yield _tokens(result)
    yield _notes(result, summary)
    yield _settings(result)


def _headline(overall: KindSummary) -> str:
    base, helix, compared = overall.arm(BASELINE), overall.arm(HELIX), overall.comparison(HELIX)
    if base is None or helix is None or compared is None:
        return ""
    rows = (
        (
            "Time to first token",
            seconds_text(base.time_to_first_token),
            seconds_text(helix.time_to_first_token),
            _big_ratio(compared.first_token),
        ),
        (
            "Tokens per second",
            number_text(base.decode_tokens_per_second),
            number_text(helix.decode_tokens_per_second),
            _big_ratio(compared.decode),
        ),
        ("Acceptance rate", DASH, percent_text(helix.acceptance_rate), DASH),
    )
    cells = "".join(
        f'<tr><th>{escape(what)}</th><td class="n">{a}</td><td class="n">{b}</td><td>{ratio}</td></tr>'
        for what, a, b, ratio in rows
    )
    head = '<tr><th></th><th class="n">Plain</th><th class="n">Helix</th><th>Speedup</th></tr>'
    return f'<table class="headline"><thead>{head}</thead><tbody>{cells}</tbody></table>'


def _big_ratio(estimate: Estimate) -> str:
    """A ratio, and under it its interval or why there is none."""
    if estimate.value is None:
        return DASH
    if estimate.verdict == "few":
        return f"{ratio_text(estimate.value)}<small>{TOO_FEW}</small>"
    span = f"{estimate.low:.2f} to {estimate.high:.2f}"
    if estimate.verdict == "same":
        return f"{ratio_text(estimate.value)}<small>{NO_DIFFERENCE} ({span})</small>"
    return f'<span class="{_tone(estimate)}">{ratio_text(estimate.value)}</span><small>{span}</small>'


def _tone(estimate: Estimate) -> str:
    return "up" if estimate.verdict == "higher" else "down"


def _by_kind(summary: Summary) -> str:
    bars = speedup_bars(tables.speedups(summary))
    if not bars:
        return ""
    head = ("Kind", "Verdict", "Plain", "Helix", "Acceptance rate", "End to end", "Prompts")
    body = []
    for kind in (*summary.kinds, summary.overall):
        base, helix, compared = kind.arm(BASELINE), kind.arm(HELIX), kind.comparison(HELIX)
        body.append(
            (
                kind_label(kind.kind),
                _verdict(compared.decode) if compared else DASH,
                number_text(base.decode_tokens_per_second if base else None),
                number_text(helix.decode_tokens_per_second if helix else None),
                percent_text(helix.acceptance_rate if helix else None),
                escape(interval_text(compared.end_to_end)) if compared else DASH,
                str(kind.prompts),
            )
        )
    return (
        "<h2>Speedup by kind of prompt</h2>"
        '<p class="muted">Decode speed of Helix over plain decoding on the same weights. '
        "The upright line is plain decoding; whiskers span 95 % intervals; grey bars are not clearly faster.</p>"
        f"{bars}{_table(head, body, right=(2, 3, 4, 6), total=True)}"
        '<p class="note">Tokens per second after the first token, medians of replies. Intervals come from '
        "resampling prompts, then repeats; they speak for these prompts.</p>"
    )


def _verdict(estimate: Estimate) -> str:
    if estimate.value is None:
        return DASH
    text = escape(interval_text(estimate))
    if estimate.verdict == "few":
        return f"{text} <small>{TOO_FEW}</small>"
    if estimate.verdict == "same":
        return f"{NO_DIFFERENCE} <small>{text}</small>"
    return f'<span class="{_tone(estimate)}">{text}</span>'


def _positions_and_k(helix: ArmFigures | None) -> str:
    if helix is None:
        return ""
    parts = []
    if helix.acceptance_by_position:
        rows = [(str(j), share, f"{share:.0%}") for j, share in enumerate(helix.acceptance_by_position, 1)]
        parts.append(
            '<section><h2>Acceptance rate by position</h2><p class="muted">How often the j-th token of a draft was '
            "accepted, where all before it were. Over all positions: "
            f"{percent_text(helix.acceptance_rate)}.</p>{columns(rows)}</section>"
        )
    total = sum(count for _, count in helix.k_counts)
    if total:
        counts = dict(helix.k_counts)
        shares = [(str(k), counts.get(k, 0) / total) for k in range(max(counts) + 1)]
        rows = [(k, share, f"{share:.0%}" if share >= 0.005 or not share else "<1%") for k, share in shares]
        parts.append(
            '<section><h2>Tokens drafted a round</h2><p class="muted">How often each k was used; 0 is a plain step. '
            f"Mean k {number_text(helix.k_mean, 2)}, "
            f"{number_text(helix.mean_accepted_length, 2)} tokens per pass of the target.</p>"
            f"{columns(rows, max(share for _, share in shares))}</section>"
        )
    return f'<div class="two">{"".join(parts)}</div>' if parts else ""


def _over_time(result: BenchResult) -> str:
    shown = representative(result)
    if not shown:
        return ""
    lines = [
        Line(
            arm_label(run.arm),
            _STYLES.get(run.arm, 3),
            [(0.0, 0.0), (run.timeline[0][0], 0.0), *run.timeline],
        )
        for run in shown
    ]
    run = shown[0]
    prompt = next(p for p in result.prompts if p.id == run.prompt_id)
    words = prompt.text if len(prompt.text) <= 160 else prompt.text[:157] + "..."
    return (
        "<h2>Tokens over time</h2>"
        f'<p class="muted">One reply of each arm to a prompt of median speedup ({escape(kind_label(run.kind))}: '
        f"“{escape(words)}”). The flat start is the time to the first token.</p>{line_plot(lines, ' s')}"
    )


def _peers(result: BenchResult, summary: Summary) -> str:
    peers = [arm for arm in result.arms if arm not in (BASELINE, HELIX)]
    if not peers:
        return ""
    head = ["Kind", "Helix", *(arm_label(peer) for peer in peers), *(f"Helix over {arm_label(peer)}" for peer in peers)]
    body = []
    for kind in (*summary.kinds, summary.overall):
        cells = [kind_label(kind.kind)]
        for arm in (HELIX, *peers):
            figures = kind.arm(arm)
            cells.append(number_text(figures.decode_tokens_per_second if figures else None))
        for peer in peers:
            compared = kind.comparison(HELIX, peer)
            cells.append(_verdict(compared.decode) if compared else DASH)
        body.append(cells)
    return (
        "<h2>Against other programs</h2>"
        '<p class="muted">The same weights and number format, the same prompts. Tokens per second after '
        "the first token.</p>" + _table(head, body, right=range(1, 2 + len(peers)), total=True)
    )


def _all_figures(result: BenchResult, summary: Summary) -> str:
    head = ["Kind", "Arm", "TTFT", "tok/s", "End to end", "Tokens per pass", "Mean k"]
    head += ["Draft ms", "Verify ms", "Plain ms", "Peak memory", "Tokens", "Ended by"]
    body = []
    for kind in (*summary.kinds, summary.overall):
        for figures in kind.arms:
            reasons = ", ".join(f"{finish_reason_text(reason)} {count}" for reason, count in figures.finish_reasons)
            body.append(
                (
                    kind_label(kind.kind) if figures is kind.arms[0] else "",
                    escape(arm_label(figures.arm)),
                    seconds_text(figures.time_to_first_token),
                    number_text(figures.decode_tokens_per_second),
                    number_text(figures.tokens_per_second),
                    number_text(figures.mean_accepted_length, 2),
                    number_text(figures.k_mean, 2),
                    number_text(figures.draft_ms, 2),
                    number_text(figures.verify_ms),
                    number_text(figures.plain_ms),
                    bytes_text(figures.peak_memory_bytes),
                    f"{figures.tokens:,}",
                    escape(reasons),
                )
            )
    return (
        "<h2>All figures</h2><details><summary>Every arm and kind</summary>"
        f"{_table(head, body, right=range(2, 12))}"
        '<p class="note">Draft and verify are medians of a round that drafted, plain of one that did not. '
        "Peak memory is that of the whole process, with every arm loaded.</p></details>"
    )


def _tokens(result: BenchResult) -> str:
    if not result.greedy or len(result.arms) < 2:
        return ""
    body = [(name, f"{same} of {compared}") for name, same, compared in agreement(result)]
    text = "<h2>Same tokens</h2>"
    text += '<p class="muted">Greedy replies compared token by token. Where rounding decides between two '
    text += "tokens of nearly equal logit, arms may part; the gap tells how near.</p>"
    text += _table(("Arms", "Prompts that agree"), body, right=(1,))
    if result.divergences:
        items = "".join(f"<li>{escape(divergence_text(found))}</li>" for found in result.divergences)
        text += f"<details><summary>First differences ({len(result.divergences)})</summary><ul>{items}</ul></details>"
    return text


def _notes(result: BenchResult, summary: Summary) -> str:
    found = tables.notes(result, summary)
    if not found:
        return ""
    return f'<h2>Notes</h2><ul class="warn">{"".join(f"<li>{escape(note)}</li>" for note in found)}</ul>'


def _settings(result: BenchResult) -> str:
    items = "".join(f"<div><dt>{escape(k)}</dt><dd>{escape(v)}</dd></div>" for k, v in tables.facts(result))
    counted = [fill("{n:token|tokens}", n=p.tokens) for p in result.prompts]
    prompts = "".join(
        f"<li><b>{escape(kind_label(p.kind))}</b> {escape(p.text[:400])}{'...' if len(p.text) > 400 else ''} "
        f'<span class="muted">({tokens})</span></li>'
        for p, tokens in zip(result.prompts, counted)
    )
    return (
        f"<h2>Settings and machine</h2><dl>{items}</dl>"
        f"<details><summary>Prompts ({len(result.prompts)})</summary><ul>{prompts}</ul></details>"
        f"<h2>Run it again</h2><pre>{escape(result.command)}</pre>"
    )


def _table(
    head: Sequence[str], body: Iterable[Sequence[str]], *, right: Iterable[int] = (), total: bool = False
) -> str:
    """A table; cells but the first are HTML already, the head and the first column are text."""
    flush = set(right)
    rows = [list(row) for row in body]

    def cell(i: int, text: str) -> str:
        if i == 0:
            return f"<th>{escape(text)}</th>"
        return f'<td class="n">{text}</td>' if i in flush else f"<td>{text}</td>"

    heads = "".join(
        f'<th class="n">{escape(h)}</th>' if i in flush else f"<th>{escape(h)}</th>" for i, h in enumerate(head)
    )
    lines = []
    for n, row in enumerate(rows):
        last = ' class="total"' if total and n == len(rows) - 1 and len(rows) > 1 else ""
        lines.append(f"<tr{last}>{''.join(cell(i, text) for i, text in enumerate(row))}</tr>")
    return f'<div class="scroll"><table><thead><tr>{heads}</tr></thead><tbody>{"".join(lines)}</tbody></table></div>'
