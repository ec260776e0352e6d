"""The live panel: what reaches its plots and maps, and what they are fed by."""

from __future__ import annotations

import numpy as np

from helix_app.gui.live.clock import GAP, SessionClock
from helix_app.gui.live.ring import Ring
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_USED
from helix_app.protocol.models.loading import Unloaded
from helix_app.runs.pool_state import PoolState
from tests.gui import fake


def test_ring_keeps_the_newest_points_in_one_piece() -> None:
    ring = Ring(2, capacity=5)
    for number in range(23):
        ring.append(number, number * 10)
        kept = list(range(max(0, number - 4), number + 1))
        assert ring.column(0).tolist() == kept
        assert ring.column(1).tolist() == [n * 10 for n in kept]
    assert ring.column(0).base is not None  # a view, not a copy
    assert ring.first_after(20.5) == 3
    ring.clear()
    assert len(ring) == 0


def test_clock_puts_a_gap_between_replies() -> None:
    clock = SessionClock()
    assert clock.at("a", 0.5) == (0.0, True)
    assert clock.at("a", 2.5) == (2.0, False)
    assert clock.at("b", 0.3) == (2.0 + GAP, True)
    assert clock.at("b", 1.3) == (3.0 + GAP, False)


def test_pool_follows_full_and_delta_snapshots() -> None:
    cells = fake.pool_cells(64)
    pool = PoolState()
    assert pool.apply(fake.snapshot(cells)) is None
    np.testing.assert_array_equal(pool.cells, cells)
    changed = np.array([fake.cell(BLOCK_USED, 7, 2, 1, 1), fake.cell(BLOCK_CACHED, 16)], fake.CELL)
    indices = pool.apply(fake.delta([3, 60], changed, 64))
    assert indices is not None
    assert indices.tolist() == [3, 60]
    expected = cells.copy()
    expected[[3, 60]] = changed
    np.testing.assert_array_equal(pool.cells, expected)
    assert pool.owner_name(3) == "chat 2"
    assert pool.owner_name(60) == ""
    assert (pool.used, pool.cached) == (7, 2)


def test_a_delta_before_any_full_snapshot_and_wild_indices_are_harmless() -> None:
    pool = PoolState()
    changed = np.array([fake.cell(BLOCK_USED, 16, 0, 1, 0)] * 2, fake.CELL)
    assert pool.apply(fake.delta([5, 900], changed, 32)) is None
    assert len(pool.cells) == 32
    assert pool.cells["state"][5] == BLOCK_USED
    assert int((pool.cells["state"] != 0).sum()) == 1


def test_totals_and_the_drafts_pool(window: MainWindow) -> None:
    maps = window.live.blocks.maps
    assert maps["target"].totals.text() == "0 / 512 blocks, 0 cached"
    assert maps["draft"].isHidden()
    cells = fake.pool_cells(512)
    window.on_event(fake.snapshot(cells))
    window.on_event(fake.snapshot(cells, pool="draft"))
    assert maps["target"].totals.text() == "165 / 512 blocks, 51 cached"
    assert not maps["draft"].isHidden()
    assert window.status.blocks.text() == "KV 165 / 512 blocks"


def test_empty_plots_say_why_they_stay_so(window: MainWindow) -> None:
    def words() -> tuple[str, str]:
        plots = window.live.plots
        assert plots.k_plot.empty_text() == plots.acceptance_plot.empty_text()
        return plots.acceptance_plot.empty_text(), plots.speed_plot.empty_text()

    assert words() == ("No speculative round yet", "No reply yet")
    window.state.change(mode="autoregressive")
    assert words() == ("Plain decoding drafts nothing", "No reply yet")
    window.state.change(mode="speculative")
    window.on_event(fake.ready(draft="none"))
    assert words() == ("No draft is chosen, so nothing is drafted", "No reply yet")
    window.on_event(fake.ready(remote="http://127.0.0.1:1/v1", device="remote", target_blocks=0))
    assert words() == ("The server does not tell its rounds",) * 2
    window.on_event(Unloaded())
    assert words() == ("No speculative round yet", "No reply yet")
