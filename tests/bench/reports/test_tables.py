"""The tables and lines that all reports share: whole rows, and a dash or nothing where a figure is not known."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.bench.config import BASELINE, HELIX
from helix_app.bench.figures.summary import summarise
from helix_app.bench.records import BenchNotice, BenchResult
from helix_app.bench.reports import tables
from tests.bench.instruments import made

ALL = (BASELINE, HELIX, "transformers", "transformers-assisted")


def tables_of(result: BenchResult) -> list[tables.Table]:
    """Every table that there is."""
    summary = summarise(result)
    found = (
        tables.headline_table(summary),
        tables.kinds_table(summary),
        tables.details_table(summary),
        tables.peers_table(result, summary),
    )
    return [table for table in found if table is not None]


@pytest.mark.parametrize("kept", [None, 1, 2, 7])
def test_every_row_has_a_cell_for_every_column(kept: int | None) -> None:
    whole = made.result(arms=ALL)
    shown = tables_of(whole if kept is None else made.aborted(whole, kept))
    assert kept is not None or len(shown) == 4
    for table in shown:
        assert table.rows or kept is not None
        assert {len(row) for row in table.rows} <= {len(table.head)}
        assert all(0 <= column < len(table.head) for column in table.right)


def test_kinds_come_in_their_order_and_all_of_them_last() -> None:
    rows = tables.kinds_table(summarise(made.result(("code", "chat"), prompts=2))).rows
    assert [row[:2] for row in rows] == [("Code", "2"), ("Chat", "2"), ("All kinds", "4")]
    assert [row[6] for row in rows] == ["50 %"] * 3


def test_an_arm_that_did_not_run_is_a_dash_and_has_no_details() -> None:
    summary = summarise(made.aborted(made.result(), 1))
    assert tables.headline_table(summary) is None
    row = tables.kinds_table(summary).rows[-1]
    assert (row[2] != "–", row[3], row[4], row[6]) == (True, "–", "", "–")
    assert tables.details_table(summary).rows == ()
    assert tables.speedups(summary) == []


def test_details_are_those_of_the_speculative_arm() -> None:
    table = tables.details_table(summarise(made.result(("chat",))))
    details = dict(zip(table.head, table.rows[0]))
    assert (details["Kind"], details["Tokens per pass"], details["Mean k"]) == ("Chat", "2.00", "1.50")
    assert (details["Draft ms"], details["Verify ms"], details["Plain ms"]) == ("0.50", "20.0", "15.0")
    assert (details["TTFT ms"], details["Peak memory"]) == ("200", "1.00 GiB")
    assert details["Tokens"] == f"{32 * 9:,}"


def test_other_programs_have_a_table_of_their_own() -> None:
    result = made.result(("chat",), ALL)
    assert tables.peers(result) == list(ALL[2:])
    table = tables.peers_table(result, summarise(result))
    assert table is not None
    names = [name.removeprefix("Helix / ") for name in table.head[1:]]
    assert names[:2] == names[2:]
    alone = made.result(("chat",))
    assert tables.peers_table(alone, summarise(alone)) is None


@pytest.mark.parametrize(
    ("counts", "shares"),
    [([], []), ([(0, 0)], []), ([(3, 5)], [(3, 1.0)]), ([(0, 4), (2, 12)], [(0, 0.25), (2, 0.75)])],
)
def test_shares_of_rounds(counts: list[tuple[int, int]], shares: list[tuple[int, float]]) -> None:
    assert tables.k_shares(counts) == shares


def test_agreement_is_told_of_greedy_pairs_alone() -> None:
    result = made.result(("chat",), prompts=1)
    assert tables.agreement_lines(result) == ["Plain and Helix: 1 of 1 prompt agrees"]
    assert len(tables.agreement_lines(made.result(arms=ALL[:3]))) == 3
    assert tables.agreement_lines(replace(result, arms=(BASELINE,))) == []
    sampled = replace(result, settings={**result.settings, "temperature": 0.7})
    assert tables.agreement_lines(sampled) == []


def test_notices_and_short_replies_are_told() -> None:
    result = replace(made.result(("chat",), prompts=1), notices=(BenchNotice("bench_drift", (("percent", "23 %"),)),))
    (drift,) = tables.notes(result, summarise(result))
    assert "23 %" in drift
    short = replace(result, runs=(replace(result.runs[0], tokens=3), *result.runs[1:]))
    assert tables.notes(short, summarise(short))[1].startswith("1 of 6 replies ended before 16 tokens")


def test_facts_that_are_not_known_are_left_out() -> None:
    result = made.result(("chat",))
    told = dict(tables.facts(result))
    assert told["Processor"] == "Some CPU, 4 cores, threads used: 4"
    assert told["Context"] == "256 tokens"
    assert told["Target file"] == f"t.gguf, sha256 {'ab' * 32}"
    assert told["Versions"] == "helix 0.1.0, torch 2.9.0"
    assert not {"Device", "Environment"} & set(told)
    asked = replace(
        result, machine={**result.machine, "environment": {"OMP_NUM_THREADS": "2"}, "device_name": "A Card"}
    )
    told = dict(tables.facts(asked))
    assert (told["Environment"], told["Device"]) == ("OMP_NUM_THREADS=2", "A Card")


def test_replies_are_counted() -> None:
    assert tables.replies_text(made.result()) == "36 replies in 1 min 40 s"
    assert tables.replies_text(made.aborted(made.result(), 1)) == "1 reply in 1 min 40 s"
