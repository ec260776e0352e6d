"""Merged events leave the same state behind as the events themselves, and arrive without being asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from PySide6.QtCore import QCoreApplication
from pytestqt.qtbot import QtBot

from helix_app.bridge import coalescer as module
from helix_app.bridge.coalescer import MAX_WAITING, EventBuffer, EventCoalescer
from helix_app.protocol.events import (
    CACHE_CELL,
    NO_OWNER,
    CacheSnapshot,
    Event,
    Notice,
    PrefillProgress,
    RoundDone,
    TextDelta,
)
from helix_app.protocol.models.hub import DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from helix_app.runs.pool_state import mergeable
from tests.engine.host.fake_engines import finished, round_done
from tests.runs.made_runs import delta
from tests.waiting import wait_for

CELL = np.dtype(CACHE_CELL)
BLOCKS = 6
NAMES = ("a", "b", "c", "d")


@dataclass
class Reader:
    """What somebody knows who looked at events in order; blocks are known with the names of their owners."""

    texts: dict[str, str] = field(default_factory=dict)
    rounds: list[tuple[str, int]] = field(default_factory=list)
    pools: dict[str, list[tuple[object, ...] | None]] = field(default_factory=dict)
    counts: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    others: list[tuple[Event, str]] = field(default_factory=list)

    def read(self, event: Event) -> None:
        if isinstance(event, TextDelta):
            self.texts[event.request_id] = self.texts.get(event.request_id, "") + event.text
        elif isinstance(event, RoundDone):
            self.rounds.append((event.request_id, event.index))
        elif isinstance(event, CacheSnapshot):
            self._read_cache(event)
        else:
            self.others.append((event, repr((self.texts, self.rounds, self.pools, self.counts))))

    def _read_cache(self, event: CacheSnapshot) -> None:
        cells = np.frombuffer(event.cells, CELL)
        indices = range(event.num_blocks) if event.full else np.frombuffer(event.indices, "<u4")
        pool = self.pools.get(event.pool)
        if pool is None or len(pool) != event.num_blocks:
            pool = self.pools[event.pool] = [None] * event.num_blocks
        for index, cell in zip(indices, cells, strict=True):
            owner = None if cell["owner"] == NO_OWNER else event.owners[cell["owner"]]
            pool[int(index)] = (int(cell["state"]), int(cell["fill"]), int(cell["refcount"]), owner)
        self.counts[event.pool] = (event.used_blocks, event.cached_blocks, event.free_blocks)


@st.composite
def snapshots(draw: st.DrawFn) -> CacheSnapshot:
    full = draw(st.booleans())
    blocks = draw(st.sampled_from((BLOCKS, BLOCKS, BLOCKS, BLOCKS + 1)))
    owners = tuple(draw(st.lists(st.sampled_from(NAMES), unique=True, max_size=4)))
    indices = range(blocks) if full else draw(st.lists(st.integers(0, blocks - 1), unique=True, max_size=blocks))
    cells = np.zeros(len(indices), CELL)
    for cell in cells:
        cell["state"] = draw(st.integers(0, 3))
        cell["fill"] = draw(st.integers(0, 16))
        cell["refcount"] = draw(st.integers(0, 3))
        cell["owner"] = draw(st.sampled_from((NO_OWNER, *range(len(owners)))))
    counts = draw(st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(0, 9)))
    packed = b"" if full else np.array(list(indices), "<u4").tobytes()
    pool = draw(st.sampled_from(("target", "draft")))
    return CacheSnapshot(pool, blocks, 16, full, packed, cells.tobytes(), owners, *counts)


ids = st.sampled_from(("r1", "r2"))
events = st.one_of(
    st.builds(TextDelta, ids, st.text(max_size=3)),
    st.builds(round_done, ids, st.integers(0, 99)),
    snapshots(),
    st.builds(Notice, st.just("forced_cpu")),
    st.builds(finished, ids, st.just("eos"), st.just("")),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(events, st.booleans()), max_size=25))
def test_merged_events_have_the_same_effect(stream: list[tuple[Event, bool]]) -> None:
    plain, merged, buffer = Reader(), Reader(), EventBuffer()
    for event, flush in stream:
        plain.read(event)
        buffer.add(event)
        for out in buffer.take() if flush else ():
            merged.read(out)
    for out in buffer.take():
        merged.read(out)
    assert merged == plain
    assert buffer.take() == []


def test_a_busy_reply_becomes_few_events() -> None:
    buffer = EventBuffer()
    for index in range(50):
        buffer.add(round_done("r1", index))
        buffer.add(TextDelta("r1", f"{index} "))
        buffer.add(delta({index % BLOCKS: index % 17}))
    batch = buffer.take()
    assert [event.index for event in batch[:50] if isinstance(event, RoundDone)] == list(range(50))
    text, cache = batch[50:]
    assert text == TextDelta("r1", "".join(f"{index} " for index in range(50)))
    assert isinstance(cache, CacheSnapshot)
    assert len(cache.cells) == BLOCKS * CELL.itemsize


def test_last_progress_of_a_step_counts() -> None:
    buffer = EventBuffer()
    half, whole = LoadProgress("weights", 0.5), LoadProgress("weights", 1.0)
    one = DownloadProgress("m", "download", 1, 9)
    two = DownloadProgress("m", "download", 2, 9)
    other = DownloadProgress("n", "download", 2, 9)
    for event in (LoadProgress("import"), half, whole, one, two, other):
        buffer.add(event)
    assert buffer.take() == [LoadProgress("import"), whole, two, other]


def test_snapshots_of_pools_that_differ_do_not_merge() -> None:
    small, large = delta({0: 1}), delta({0: 1}, blocks=BLOCKS + 1)
    assert not mergeable(small, large)
    buffer = EventBuffer()
    buffer.add(small)
    buffer.add(large)
    assert buffer.take() == [small, large]


# ------------------------------------------------------------------------------ Qt


def test_the_last_event_needs_no_next_one(qtbot: QtBot) -> None:
    coalescer = EventCoalescer()
    got: list[list[Event]] = []
    coalescer.events_ready.connect(got.append)

    def work() -> None:
        for index in range(2000):
            coalescer.put(TextDelta("r1", f"{index} "))

    thread = threading.Thread(target=work)
    thread.start()
    expected = "".join(f"{index} " for index in range(2000))
    qtbot.waitUntil(lambda: "".join(event.text for batch in got for event in batch) == expected)  # type: ignore[union-attr]
    thread.join()


def test_events_within_an_interval_share_a_batch(qtbot: QtBot) -> None:
    coalescer = EventCoalescer(interval_ms=10_000)
    got: list[list[Event]] = []
    coalescer.events_ready.connect(got.append)
    coalescer.put(TextDelta("r1", "first"))
    qtbot.waitUntil(lambda: len(got) == 1)  # at once: nothing was delivered before
    for _ in range(100):
        coalescer.put(TextDelta("r1", "x"))
    coalescer.put(Notice("forced_cpu"))
    QCoreApplication.processEvents()
    assert len(got) == 1
    coalescer.flush()
    assert got[1] == [TextDelta("r1", "x" * 100), Notice("forced_cpu")]
    coalescer.flush()
    assert len(got) == 2  # no empty batch


def test_a_batch_is_not_interrupted_by_the_next(qtbot: QtBot) -> None:
    coalescer = EventCoalescer()
    seen: list[str] = []

    def on_events(batch: list[Event]) -> None:
        for event in batch:
            assert isinstance(event, Notice)
            if event.code == "one":
                coalescer.put(Notice("three"))
                coalescer.flush()
            seen.append(event.code)

    coalescer.events_ready.connect(on_events)
    coalescer.put(Notice("one"))
    coalescer.put(Notice("two"))
    coalescer.flush()
    assert seen == ["one", "two", "three"]


def largest_batch(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, paced: bool) -> int:
    """Rounds in the largest batch, when an engine is far ahead of the window."""
    monkeypatch.setattr(module, "MAX_SECONDS", 60.0)
    coalescer = EventCoalescer(interval_ms=0)
    sizes: list[int] = []
    put = coalescer.put_paced if paced else coalescer.put
    thread = threading.Thread(target=lambda: [put(round_done("r1", index)) for index in range(2000)])

    def on_events(batch: list[Event]) -> None:
        if not sizes:  # a window that is busy
            wait_for(lambda: coalescer._waiting == MAX_WAITING if paced else not thread.is_alive())
        sizes.append(len(batch))

    coalescer.events_ready.connect(on_events)
    thread.start()
    qtbot.waitUntil(lambda: sum(sizes) == 2000)
    thread.join()
    return max(sizes)


def test_an_engine_ahead_of_the_window_waits_for_it(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    assert largest_batch(qtbot, monkeypatch, paced=True) <= MAX_WAITING
    assert largest_batch(qtbot, monkeypatch, paced=False) > MAX_WAITING


def test_nothing_waits_for_a_window_that_waits_itself(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_SECONDS", 3600.0)
    coalescer = EventCoalescer()
    thread = threading.Thread(
        target=lambda: [coalescer.put_paced(Notice(str(n))) for n in range(2 * MAX_WAITING)], daemon=True
    )
    thread.start()
    wait_for(lambda: coalescer._waiting == MAX_WAITING)
    coalescer.unpace()
    thread.join(30)
    assert not thread.is_alive()


def test_only_the_newest_word_on_reading_is_kept() -> None:
    buffer = EventBuffer()
    for event in (PrefillProgress("a", 0, 9), PrefillProgress("a", 4, 9), PrefillProgress("b", 0, 9)):
        buffer.add(event)
    assert buffer.take() == [PrefillProgress("a", 4, 9), PrefillProgress("b", 0, 9)]
