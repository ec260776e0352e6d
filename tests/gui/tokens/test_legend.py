"""What the marks of the tokens mean, drawn as the tokens are."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.tokens.legend import LINE, SWATCH, TokenLegend
from helix_app.protocol.events import Provenance

pytestmark = pytest.mark.styled


@pytest.fixture
def legend(theme: Theme, qtbot: QtBot) -> TokenLegend:
    """Wide enough for one line."""
    made = TokenLegend(theme)
    qtbot.addWidget(made)
    made.resize(900, LINE)
    return made


def grey(legend: TokenLegend) -> np.ndarray:
    """How light each pixel is, [height, width]."""
    image = legend.grab().toImage().convertToFormat(QImage.Format.Format_Grayscale8)
    pixels = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return pixels[:, : image.width()].astype(int)


def test_it_wraps_where_there_is_no_room(legend: TokenLegend) -> None:
    assert legend.height_for(900) == LINE
    assert legend.height_for(120) > LINE
    assert legend.height_for(120) % LINE == 0
    assert legend.heightForWidth(40) == len(get_args(Provenance)) * LINE  # one below the other


def test_rejected_tokens_are_explained_only_where_they_are_shown(legend: TokenLegend) -> None:
    low, without = legend.height_for(40), grey(legend)
    legend.set_ghosts(True)
    assert legend.height_for(40) == low + LINE
    assert (grey(legend) != without).any()
    legend.set_ghosts(False)
    assert (grey(legend) == without).all()


def test_who_cannot_see_it_hears_of_every_mark(legend: TokenLegend) -> None:
    assert all(origin in legend.accessibleName() for origin in get_args(Provenance))
    assert legend.toolTip()


def test_the_marks_differ_in_shape(legend: TokenLegend) -> None:
    """Of each sample, which pixels of its underline stand out."""
    legend.resize(40, 4 * LINE)
    pixels = grey(legend)
    shapes = set()
    for number in range(4):
        sample = pixels[number * LINE + LINE - 8 : (number + 1) * LINE - 1, :SWATCH]
        shapes.add((np.abs(sample - sample.max()) > 24).tobytes())
    assert len(shapes) == 4


def test_it_follows_the_theme(legend: TokenLegend, theme: Theme) -> None:
    light = grey(legend)
    theme.choose("dark")
    assert (grey(legend) != light).any()
