"""Benchmarks as the window shows them, what it asks for about them and what it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from helix_app.protocol.bench import BenchProgressed, BenchRequest
from helix_app.protocol.events import Failed

ExportFormat = Literal["csv", "json", "md", "html"]
Verdict = Literal["higher", "lower", "same", "few"]


@dataclass(frozen=True)
class BenchEntry:
    """A run in the list.

    Attributes:
        id: of the stored run; under 0 while it could not be stored and is only in memory.
        created: ISO 8601, with the offset from UTC.
        title: target, device and number format.
        complete: every planned reply was measured.
        speedup: Helix over plain decoding as the reports write it; ``interval`` with its ends, empty without.
        named: (what, in words) of everything that may tell it from other runs.
        target, dtype: as they were asked for.
        plain: tokens/s of plain decoding in it; None where it is not known.
    """

    id: int
    created: str
    title: str
    replies: int
    complete: bool
    speedup: str
    interval: str
    named: tuple[tuple[str, str], ...] = ()
    target: str = ""
    dtype: str = ""
    plain: float | None = None


@dataclass(frozen=True)
class BenchTable:
    """A head and rows of text; columns numbered in ``right`` are flush right."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[int, ...] = ()


@dataclass(frozen=True)
class BenchRatio:
    """A point with its interval, and both as text. None: there is none."""

    label: str
    value: float | None
    low: float | None
    high: float | None
    verdict: Verdict
    text: str


@dataclass(frozen=True)
class BenchBar:
    """A share from 0 to 1 with its label below and its text above."""

    label: str
    share: float
    text: str


@dataclass(frozen=True)
class BenchView:
    """A run, ready to be shown.

    Attributes:
        headline, peers: None where there is nothing to compare.
        ratios: Helix over plain decoding by kind of prompt, all kinds last.
        positions: how often the draft's j-th token was accepted, where it was reached.
        rounds: share of rounds by k.
        agreement: pairs of greedy arms; empty for sampled replies.
        divergences: first differences of those.
        command: what runs it again in a terminal.
    """

    entry: BenchEntry
    title: str
    subtitle: str
    headline: BenchTable | None
    kinds: BenchTable
    details: BenchTable
    peers: BenchTable | None
    ratios: tuple[BenchRatio, ...]
    positions: tuple[BenchBar, ...]
    rounds: tuple[BenchBar, ...]
    agreement: tuple[str, ...]
    divergences: tuple[str, ...]
    notes: tuple[str, ...]
    facts: tuple[tuple[str, str], ...]
    replies: str
    command: str


@dataclass(frozen=True)
class BenchChange:
    """Two runs against each other.

    Attributes:
        changes: B over A by kind.
        differences: (what, in A, in B) of settings and machine.
    """

    a: BenchEntry
    b: BenchEntry
    table: BenchTable
    changes: tuple[BenchRatio, ...]
    differences: tuple[tuple[str, str, str], ...]


# --------------------------------------------------------------------------- what the window asks for


@dataclass(frozen=True)
class BenchCancel:
    """Stop the benchmark that runs; what was measured is kept."""


@dataclass(frozen=True)
class BenchList:
    """Tell the runs of this computer."""


@dataclass(frozen=True)
class BenchOpen:
    """Show a run."""

    run_id: int


@dataclass(frozen=True)
class BenchCompare:
    """Set two runs side by side."""

    a: int
    b: int


@dataclass(frozen=True)
class BenchExport:
    """Write a run to a file."""

    run_id: int
    format: ExportFormat
    path: str


@dataclass(frozen=True)
class BenchDelete:
    """Forget a run."""

    run_id: int


BenchAsked = Union[BenchRequest, BenchCancel, BenchList, BenchOpen, BenchCompare, BenchExport, BenchDelete]

# --------------------------------------------------------------------------- what it is told


@dataclass(frozen=True)
class BenchListed:
    """The runs of this computer, the latest first."""

    entries: tuple[BenchEntry, ...]


@dataclass(frozen=True)
class BenchOpened:
    """A run to show."""

    view: BenchView


@dataclass(frozen=True)
class BenchCompared:
    """Two runs side by side, to show."""

    change: BenchChange


@dataclass(frozen=True)
class BenchExported:
    """A run was written to this file."""

    path: str


@dataclass(frozen=True)
class BenchFailed:
    """Something asked for about stored runs failed; what is shown stays."""

    failed: Failed


@dataclass(frozen=True)
class BenchEnded:
    """A benchmark is over, or was refused.

    Attributes:
        view: its result; None when it was stopped before its first reply or failed.
        failed: why there is no result, or why the result is not in the list.
    """

    reason: Literal["done", "cancelled", "failed"]
    view: BenchView | None = None
    failed: Failed | None = None


BenchNews = Union[BenchProgressed, BenchEnded, BenchListed, BenchOpened, BenchCompared, BenchExported, BenchFailed]
