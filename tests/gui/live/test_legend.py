"""What the cells of the block map mean."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.live.legend import LINE, Legend
from helix_app.gui.look.theme import Theme

pytestmark = pytest.mark.styled


def test_blocks_out_of_a_window_are_named_where_layers_have_one(qtbot: QtBot, theme: Theme) -> None:
    legend = Legend(theme)
    qtbot.addWidget(legend)
    legend.resize(2000, LINE)
    legend.show()
    assert "out of the window" not in legend.accessibleName()
    before = legend.grab().toImage()
    for windows, named in (((0, 128), True), ((128,), True), ((0,), False)):
        legend.show_windows(windows)
        assert legend.accessibleName().endswith("cached, out of the window") is named
        assert (legend.grab().toImage() != before) is named


def test_it_is_as_high_as_its_words_take(qtbot: QtBot, theme: Theme) -> None:
    legend = Legend(theme)
    qtbot.addWidget(legend)
    legend.show()
    for width, rows in ((2000, 1), (120, 5)):
        legend.resize(width, LINE)
        assert legend.height() >= rows * LINE
    legend.show_windows((64,))
    assert legend.height() > 5 * LINE
