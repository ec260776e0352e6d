"""Benchmarks as the window is told of them: plain records, each asked for, told or shown."""

from __future__ import annotations

from typing import get_args

import pytest

from helix_app.bench.figures import statistics
from helix_app.protocol import bench_views
from helix_app.protocol.bench import BenchProgressed, BenchRequest
from helix_app.protocol.bench_views import (
    BenchAsked,
    BenchBar,
    BenchChange,
    BenchEntry,
    BenchNews,
    BenchRatio,
    BenchTable,
    BenchView,
    Verdict,
)
from tests.protocol.borders import check_plain, check_travels, records

SHOWN = {BenchBar, BenchChange, BenchEntry, BenchRatio, BenchTable, BenchView}


@pytest.mark.parametrize("kind", records(bench_views))
def test_views_are_plain_and_travel(kind: type) -> None:
    check_plain(kind)
    check_travels(kind)


def test_each_record_is_asked_for_told_or_shown() -> None:
    asked, told = set(get_args(BenchAsked)), set(get_args(BenchNews))
    assert BenchRequest in asked
    assert BenchProgressed in told
    assert not asked & told
    assert set(records(bench_views)) == ((asked | told) - {BenchRequest, BenchProgressed}) | SHOWN


def test_verdicts_are_those_of_the_statistics() -> None:
    assert get_args(Verdict) == get_args(statistics.Verdict)


def test_what_a_run_was_asked_for_is_empty_where_nobody_noted_it() -> None:
    entry = BenchEntry(1, "2026-01-02T03:04:05+00:00", "Tiny", 36, True, "1.50x", "[1.4, 1.6]")
    assert (entry.named, entry.target, entry.dtype, entry.plain) == ((), "", "", None)
