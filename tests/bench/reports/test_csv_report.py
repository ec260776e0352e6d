"""The table of replies: one row each, readable by csv and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

from helix_app.bench.config import HELIX
from helix_app.bench.reports.csv_report import csv_report
from tests.bench.instruments import made


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_one_row_a_reply_with_its_figures() -> None:
    result = made.result(prompts=1, repeats=2)
    found = rows(csv_report(result))
    assert len(found) == len(result.runs)
    assert [float(row["decode_tokens_per_second"]) for row in found] == [
        r.decode_tokens_per_second for r in result.runs
    ]
    helix = next(row for row in found if row["arm"] == HELIX)
    assert helix["k_counts"] == "0:4 2:12"
    assert helix["reached_by_position"] == "16 10"
    assert "token_ids" not in helix


def test_unknown_figures_are_empty_cells() -> None:
    run = made.record(decode_tokens_per_second=None, tokens=1)
    (row,) = rows(csv_report(replace(made.result(), runs=(run,))))
    assert row["decode_tokens_per_second"] == row["acceptance_rate"] == row["k_counts"] == ""
    assert row["tokens"] == "1"


def test_names_cannot_break_the_table_or_run_as_formulas() -> None:
    run = made.record(prompt='=HYPERLINK("x"),"é😀"-1')
    (row,) = rows(csv_report(replace(made.result(), runs=(run,))))
    assert row["prompt_id"] == "'" + run.prompt_id
    assert row["kind"].startswith("'=")
