"""The report in Markdown."""

from __future__ import annotations

import re
from dataclasses import replace

from markdown_it import MarkdownIt

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchNotice, BenchResult
from helix_app.bench.reports import tables
from helix_app.bench.reports.markdown_report import markdown_report
from tests.bench.instruments import made


def report(result: BenchResult) -> str:
    return markdown_report(result, summarise(result))


def cells(markdown: str) -> list[list[str]]:
    """Every row of every table, as a reader of the rendered page sees it."""
    html = MarkdownIt().enable("table").render(markdown)
    rows = re.findall(r"<tr>(.*?)</tr>", html, re.DOTALL)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL) for row in rows]


def test_tables_are_those_of_the_other_reports() -> None:
    result = made.result(arms=(BASELINE, HELIX, "transformers"))
    summary = summarise(result)
    peers, headline = tables.peers_table(result, summary), tables.headline_table(summary)
    assert peers is not None
    assert headline is not None
    found = cells(report(result))
    for table in (headline, tables.kinds_table(summary), tables.details_table(summary), peers):
        for row in (table.head, *table.rows):
            assert list(row) in found


def test_positions_rounds_and_agreement() -> None:
    result = made.result()
    text = report(result)
    assert ["Accepted", "75 %", "80 %"] in cells(text)
    assert ["Rounds", "25 %", "75 %"] in cells(text)
    assert "- Plain and Helix: 6 of 6 prompts agree\n" in text
    assert "Same tokens" not in report(replace(result, settings={**result.settings, "temperature": 0.7}))


def test_nothing_in_it_is_markup_by_accident() -> None:
    result = made.result(
        model={"target_name": "a|b *c* <script>_d_ [e](f)", "dtype": "x`y`", "device_name": "d\n# e"},
        notices=(BenchNotice("bench_peer_failed", (("peer", "*x*"), ("reason", "1\n- 2 | 3"))),),
        command="echo ``` | x",
    )
    html = MarkdownIt().enable("table").render(report(result))
    assert "<h1>a|b *c* &lt;script&gt;_d_ [e](f): benchmark</h1>" in html
    assert html.count("<h1>") == 1
    assert "<em>" not in html
    assert "*x* cannot run this model here, so it was left out. 1 - 2 | 3" in html
    assert "<pre><code>echo ``` | x\n</code></pre>" in html


def test_a_run_of_one_arm_has_no_headline() -> None:
    text = report(made.aborted(made.result(), 1))
    assert "Speedup" not in text
    assert "## Settings and machine" in text
    assert text.endswith("```\n")
