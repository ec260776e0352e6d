"""The three plots of a session show the figures of the rounds."""

from __future__ import annotations

import math

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.live.clock import GAP
from helix_app.gui.live.plots import LivePlots
from helix_app.gui.look.theme import Theme
from tests.gui import fake


@pytest.fixture
def plots(qtbot: QtBot, theme: Theme) -> LivePlots:
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


def test_another_session_begins_empty(plots: LivePlots) -> None:
    for index in range(5):
        plots.on_round(fake.round_done("r", index))
    plots.on_frame()
    plots.k_plot.show_span(1.0, 2.0)
    plots.k_plot.zoomed.emit()
    plots.clear()
    assert all(plot.is_empty() for plot in plots.plots())
    assert (len(plots.k), len(plots.speed), len(plots.acceptance)) == (0, 0, 0)
    for index, seconds in enumerate((0.3, 25.3)):
        plots.on_round(fake.round_done("s", index, elapsed_seconds=seconds))
    plots.on_frame()
    assert plots.k_plot.span() == pytest.approx((0.0, 30.0))  # nobody looks at a part any more


def test_by_the_clock_one_plot_after_another_takes_the_place_of_its_words(plots: LivePlots, qtbot) -> None:
    plots.on_round(fake.round_done("r", 0))
    plots.pace.draw()
    assert [plot.is_empty() for plot in plots.plots()] == [False, True, True]  # a first drawing is long
    assert plots.k_plot.value.text() == "4"
    qtbot.waitUntil(lambda: not any(plot.is_empty() for plot in plots.plots()))
    plots.pace.draw()
    plots.clear()
    plots.on_next_reveal()
    assert all(plot.is_empty() for plot in plots.plots())


def test_what_came_while_it_was_hidden_is_shown_with_it(plots: LivePlots, qtbot) -> None:
    plots.hide()
    plots.on_round(fake.round_done("r", 0))
    plots.show()
    assert plots.pace.waiting
    plots.pace.draw()
    qtbot.waitUntil(lambda: not plots.speed_plot.is_empty())
    assert plots.k_plot.value.toolTip()  # why this k


def test_plots_are_made_one_after_another_when_a_reply_begins(plots: LivePlots, qtbot: QtBot) -> None:
    assert not any(plot.made for plot in plots.plots())
    plots.prepare()
    assert [plot.made for plot in plots.plots()] == [True, False, False]
    qtbot.waitUntil(lambda: all(plot.made for plot in plots.plots()))
    assert all(plot.is_empty() for plot in plots.plots())
    plots.on_round(fake.round_done("r", 0))
    plots.on_frame()
    assert not any(plot.is_empty() for plot in plots.plots())
