"""A run as CSV: one row a reply, times in seconds, memory in bytes."""

from __future__ import annotations

import csv
import io
from dataclasses import fields

from helix_app.bench.records import BenchResult, RunRecord

_LEFT_OUT = ("token_ids", "timeline")


def csv_report(result: BenchResult) -> str:
    """The document, with a head row. Lists are joined by spaces, K counts read ``k:rounds``."""
    names = [f.name for f in fields(RunRecord) if f.name not in _LEFT_OUT]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    for run in result.runs:
        writer.writerow([_cell(name, getattr(run, name)) for name in names])
    return text.getvalue()


def _cell(name: str, value: object) -> object:
    if name == "k_counts":
        return " ".join(f"{k}:{count}" for k, count in value)  # type: ignore[attr-defined]
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@"):
        return "'" + value  # a spreadsheet would run it as a formula
    return "" if value is None else value
