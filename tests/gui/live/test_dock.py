"""The plots show the figures of the events; the map shows the snapshots."""

from __future__ import annotations

import math

import numpy as np
import pytest

from helix_app.gui.live.block_map import BlockGrid, cell_colours
from helix_app.gui.live.clock import GAP, SessionClock
from helix_app.gui.live.metric import DASH, dashes, nice_ceiling
from helix_app.gui.live.plots import LivePlots
from helix_app.gui.live.pool import draw_cells, grid_for
from helix_app.gui.live.ring import Ring
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import BLOCK_CACHED, BLOCK_SHARED, BLOCK_USED
from helix_app.protocol.loading import Unloaded
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


@pytest.mark.parametrize(("value", "top"), [(3, 8), (8, 8), (9, 10), (11, 20), (39, 40), (41, 60), (700, 800)])
def test_axis_tops_are_round(value: float, top: float) -> None:
    assert nice_ceiling(value, 8) == top


def test_a_broken_line_leaves_out_every_other_stretch() -> None:
    x = np.arange(0.0, 20.0, 0.05)
    drawn = dashes(x, np.ones(len(x)), 0.1)
    dash = DASH * 0.1
    assert not drawn[-1]
    middles = x[:-1] + 0.025
    assert drawn[:-1].tolist() == (middles // dash % 2 == 0).tolist()
    assert 0.4 < drawn.mean() < 0.6
    coarse = dashes(np.arange(0.0, 100.0, 3.0), np.ones(34), 0.1)  # points further apart than dashes are long
    assert coarse[:-1].tolist() == [i % 2 == 0 for i in range(33)]
    gap = np.ones(len(x))
    gap[200] = np.nan
    assert not dashes(x, gap, 0.1)[199:201].any()
    assert [len(dashes(x[:n], gap[:n], 0.1)) for n in (0, 1, 2)] == [0, 1, 2]


@pytest.fixture
def plots(qtbot, theme: Theme) -> LivePlots:
    made = LivePlots(theme)
    qtbot.addWidget(made)
    made.resize(340, 420)
    made.show()
    qtbot.waitExposed(made)
    return made


def test_empty_plots_say_so_in_words(plots: LivePlots) -> None:
    assert plots.acceptance_plot.is_empty()
    assert plots.acceptance_plot.empty_text() == "No speculative round yet"
    assert plots.speed_plot.value.text() == "–"


def test_curves_hold_the_figures_of_the_rounds(plots: LivePlots) -> None:
    rounds = [fake.round_done("r", index) for index in range(50)]
    for event in rounds:
        plots.on_round(event)
    plots.on_frame()
    first = rounds[0].elapsed_seconds
    x, y = plots.acceptance_plot.curves[0].getOriginalDataset()
    np.testing.assert_allclose(x, [event.elapsed_seconds - first for event in rounds])
    np.testing.assert_allclose(y, [100 * (event.rolling_acceptance or 0) for event in rounds])
    _, whole = plots.acceptance_plot.curves[1].getOriginalDataset()
    np.testing.assert_allclose(whole, [100 * (event.acceptance_rate or 0) for event in rounds])
    _, k = plots.k_plot.curves[0].getOriginalDataset()
    assert k.tolist() == [event.k for event in rounds]
    _, speed = plots.speed_plot.curves[0].getOriginalDataset()
    np.testing.assert_allclose(speed, [event.rolling_tokens_per_second for event in rounds])
    _, plain = plots.speed_plot.curves[1].getOriginalDataset()
    assert plain.tolist() == [38.0, 38.0]  # a level line
    assert plots.speed_plot.extra.text() == "plain 38"
    assert plots.acceptance_plot.value.text() == f"{100 * (rounds[-1].rolling_acceptance or 0):.0f}"
    assert plots.k_plot.value.text() == str(rounds[-1].k)
    assert not plots.acceptance_plot.is_empty()


def test_replies_are_apart_and_the_line_breaks(plots: LivePlots) -> None:
    for request in ("a", "b"):
        for index in range(5):
            plots.on_round(fake.round_done(request, index))
    plots.on_frame()
    x, y = plots.acceptance_plot.curves[0].getOriginalDataset()
    assert len(x) == 11
    assert math.isnan(y[5])
    assert x[6] - x[4] == pytest.approx(GAP)


def test_plain_rounds_leave_the_acceptance_empty(plots: LivePlots) -> None:
    for index in range(5):
        plots.on_round(
            fake.round_done("r", index, k=0, k_reason="autoregressive", rolling_acceptance=None, acceptance_rate=None)
        )
    plots.on_frame()
    assert plots.acceptance_plot.is_empty()
    assert not plots.speed_plot.is_empty()


def test_the_axis_stays_at_sixty_seconds_and_zoom_is_kept(plots: LivePlots) -> None:
    for index in range(100):
        plots.on_round(fake.round_done("r", index, elapsed_seconds=float(index)))
    plots.on_frame()
    assert plots.k_plot.span() == pytest.approx((39.0, 99.0))
    plots.k_plot.show_span(10, 30)
    plots.k_plot.zoomed.emit()
    assert plots.speed_plot.span() == pytest.approx((10.0, 30.0))
    plots.on_round(fake.round_done("r", 100, elapsed_seconds=100.0))
    plots.on_frame()
    assert plots.k_plot.span() == pytest.approx((10.0, 30.0))
    plots.k_plot.reset_requested.emit()
    assert plots.k_plot.span() == pytest.approx((40.0, 100.0))


def test_without_recent_drafts_the_rate_of_the_whole_reply_is_shown(plots: LivePlots) -> None:
    plots.on_round(fake.round_done("r", 1))
    plots.on_round(fake.round_done("r", 2, rolling_acceptance=None, acceptance_rate=0.5))
    plots.on_frame()
    assert plots.acceptance_plot.value.text() == "50"
    assert plots.acceptance_plot.extra.text() == "whole reply"


def test_nothing_is_drawn_while_hidden(plots: LivePlots) -> None:
    plots.hide()
    plots.on_round(fake.round_done("r", 0))
    plots.on_frame()
    assert plots.speed_plot.is_empty()


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


def test_cells_show_state_by_shape_and_not_by_colour_alone(theme: Theme) -> None:
    colours = cell_colours(theme)
    cells = np.array(
        [
            fake.cell(0),
            fake.cell(BLOCK_USED, 8, 0, 1, 0),
            fake.cell(BLOCK_USED, 12, 4, 1, 0),
            fake.cell(BLOCK_SHARED, 16, 0, 2, 0),
            fake.cell(BLOCK_CACHED, 16),
            fake.cell(BLOCK_USED, 16, 0, 1, 8),
        ],
        fake.CELL,
    )
    free, half, draft, shared, cached, ninth = draw_cells(cells, 16, 16, 1, colours)
    hue = colours.hues[0]
    assert (free == colours.free).all()
    assert (half[8:] == hue).all()
    assert not (half[:8] == hue).any()  # height of fill
    assert (draft[4:8] == colours.speculative).all()
    assert (draft[8:] == hue).all()
    assert (shared[0] == colours.shared).all()
    assert (shared[1:-1, 1:-1] == hue).all()  # an outline
    assert (cached == colours.cached_dot).any()  # a dot
    assert (ninth == hue).any()
    assert (ninth == colours.shared).any()  # hatching


@pytest.mark.parametrize("blocks", [16, 512, 16_000])
def test_map_is_legible_at_every_size(qtbot, theme: Theme, blocks: int) -> None:
    pitch, columns = grid_for(blocks, 300, 140, 6, 22)
    assert pitch >= 6
    assert columns * pitch <= 300
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    grid.show()
    cells = fake.pool_cells(blocks)
    grid.apply(fake.snapshot(cells))
    grid.on_frame()
    before = grid.pixels().copy()
    images = grid.images
    grid.apply(fake.delta([0, blocks - 1], np.array([fake.cell(BLOCK_CACHED, 16)] * 2, fake.CELL), blocks))
    grid.on_frame()
    assert grid.images == images  # only the changed blocks were drawn
    fresh = BlockGrid(theme)
    qtbot.addWidget(fresh)
    cells[[0, blocks - 1]] = fake.cell(BLOCK_CACHED, 16)
    fresh.apply(fake.snapshot(cells))
    fresh.show()
    fresh.on_frame()
    np.testing.assert_array_equal(grid.pixels(), fresh.pixels())
    assert (grid.pixels() != before).any()


def test_tooltip_says_what_a_block_holds(qtbot, theme: Theme) -> None:
    grid = BlockGrid(theme)
    qtbot.addWidget(grid)
    cells = np.array([fake.cell(BLOCK_SHARED, 16, 3, 2, 1)] * 16, fake.CELL)
    grid.apply(fake.snapshot(cells))
    grid.show()
    grid.on_frame()
    assert grid.block_at(grid.rect().topLeft()) == 0
    assert grid.block_at(grid.rect().bottomRight() * 2) is None
    words = grid.describe(0)
    for part in ("Block 0: shared", "Sequence 2", "16 of 16", "3 slots hold unverified", "2 sequences"):
        assert part in words


def test_totals_and_the_drafts_pool(window: MainWindow) -> None:
    maps = window.live.blocks.maps
    assert maps["target"].totals.text() == "0 / 512 blocks used, 0 cached"
    assert maps["draft"].isHidden()
    cells = fake.pool_cells(512)
    window.on_event(fake.snapshot(cells))
    window.on_event(fake.snapshot(cells, pool="draft"))
    assert maps["target"].totals.text() == "165 / 512 blocks used, 51 cached"
    assert not maps["draft"].isHidden()
    assert window.status.blocks.text() == "KV 165 / 512 blocks"


def test_rounds_reach_plots_and_status(window: MainWindow) -> None:
    window.on_events([fake.round_done("r", 20)])
    assert len(window.live.plots.k) == 1
    assert window.status.context.text() == "context 120 / 8,192"
    assert window.status.bar.fraction() == pytest.approx(120 / 8192)
    assert window.status.speculation.text() == "speculation on, 1.6x over plain"
    window.on_events([fake.round_done("r", 21, k=0, k_reason="paused")])
    assert window.status.speculation.text().startswith("speculation paused: drafts were rarely accepted")
    window.on_events([fake.round_done("r", 22, k=0, k_reason="no_match")])
    assert window.status.speculation.text() == "speculation on, 1.6x over plain"  # one round is no pause
    window.on_event(fake.finished("r", plain_tokens_per_second=70.0))
    assert window.status.speculation.text() == "speculation on, 0.9x of plain speed"
    window.on_event(fake.ready(draft="none"))
    assert window.status.speculation.text() == "speculation off: no draft"
    assert isinstance(window.live.plots, LivePlots)
    assert len(window.live.plots.k) == 0
    window.on_event(Unloaded())
    assert window.status.place.text() == "No model loaded"
