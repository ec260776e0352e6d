"""Formulas in a laid-out text: painted where they belong, in the colour of the theme, and copied as their source."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.text.inline import picture
from helix_app.gui.chat.text.markdown import parse
from helix_app.gui.chat.text.pictures import OBJECT
from helix_app.gui.chat.text.text_block import TextBlock
from helix_app.gui.chat.text.units import Unit
from helix_app.gui.formulas.formulas import Formulas
from helix_app.gui.formulas.typeset import EM, INK, Drawing, typeset
from helix_app.gui.look.theme import Theme

pytestmark = pytest.mark.styled

WIDTH = 400
SOURCE = r"\(x_1\)"
FRACTION = r"\[ \frac{a}{b} \]"


def bar(latex: str, _display: bool) -> Drawing:
    """A black bar of 2 em a letter, an em high, half of it below the baseline."""
    side = f'width="{2 * EM * len(latex)}" height="{EM}"'
    rect = f'<rect x="0" y="{-EM / 2}" {side} fill="{INK}"/>'
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" {side} viewBox="0 {-EM / 2} {2 * EM * len(latex)} {EM}">{rect}</svg>'
    )
    return Drawing(svg, 2 * EM * len(latex), EM / 2, EM / 2)


@pytest.fixture
def block(theme: Theme, qtbot: QtBot) -> TextBlock:
    """An empty block, with formulas that are drawn on a thread of this process."""
    theme.formulas = Formulas(typeset, theme)
    return made(theme, qtbot)


@pytest.fixture
def bars(theme: Theme, qtbot: QtBot) -> TextBlock:
    """An empty block, with bars for formulas."""
    theme.formulas = Formulas(bar, theme)
    return made(theme, qtbot)


def made(theme: Theme, qtbot: QtBot) -> TextBlock:
    block = TextBlock(theme)
    qtbot.addWidget(block)
    block.height_for(WIDTH)
    return block


def show(block: TextBlock, theme: Theme, qtbot: QtBot, source: str) -> None:
    (unit,) = parse(source)
    block.show_unit(unit)
    qtbot.waitUntil(lambda: not theme.formulas.busy, timeout=20_000)
    block.resize(WIDTH, block.height_for(WIDTH))


def is_picture(block: TextBlock) -> bool:
    return OBJECT in block.document.toPlainText()


def pixels(block: TextBlock, canvas: str) -> QImage:
    image = QImage(block.size(), QImage.Format.Format_RGB32)
    image.fill(QColor(canvas))
    block.render(image)
    return image


def lightness(image: QImage) -> list[int]:
    return [image.pixelColor(x, y).lightness() for x in range(image.width()) for y in range(image.height())]


def rows_of(image: QImage, canvas: str, columns: range) -> list[int]:
    """Rows in which there is something in some columns."""
    empty = QColor(canvas)
    return [y for y in range(image.height()) if any(image.pixelColor(x, y) != empty for x in columns)]


@pytest.mark.parametrize("source", [SOURCE, FRACTION])
def test_a_formula_is_dark_on_light_and_light_on_dark(
    block: TextBlock, theme: Theme, qtbot: QtBot, source: str
) -> None:
    show(block, theme, qtbot, source)
    assert is_picture(block)
    light = lightness(pixels(block, theme.palette.canvas))
    assert min(light) < 80
    assert max(light) == QColor(theme.palette.canvas).lightness()
    theme.choose("dark")
    dark = lightness(pixels(block, theme.palette.canvas))
    assert max(dark) > 180
    assert min(dark) == QColor(theme.palette.canvas).lightness()


def test_its_source_is_shown_until_it_is_drawn(theme: Theme, qtbot: QtBot) -> None:
    go_on = threading.Event()

    def slow(latex: str, display: bool) -> Drawing:
        go_on.wait(10)
        return bar(latex, display)

    theme.formulas = Formulas(slow, theme)
    block = made(theme, qtbot)
    (unit,) = parse(f"so {SOURCE} is")
    block.show_unit(unit)
    assert block.document.toPlainText() == f"so {SOURCE} is"
    go_on.set()
    qtbot.waitUntil(lambda: is_picture(block), timeout=10_000)
    assert block.text() == f"so {SOURCE} is"


def no_library(_latex: str, _display: bool) -> Drawing:
    raise ImportError("No module named 'ziamath'")


@pytest.mark.parametrize("source", [SOURCE, FRACTION])
def test_without_the_library_its_source_is_shown_in_mono(theme: Theme, qtbot: QtBot, source: str) -> None:
    theme.formulas = Formulas(no_library, theme)
    block = made(theme, qtbot)
    show(block, theme, qtbot, source)
    assert block.document.toPlainText() == source
    written = block.document.begin().begin().fragment().charFormat()
    assert written.fontFamilies()[0] == (theme.fonts.mono.families() or [theme.fonts.mono.family()])[0]
    assert block.height_for(WIDTH) > 0


def test_what_is_marked_is_copied_as_its_source(bars: TextBlock, theme: Theme, qtbot: QtBot) -> None:
    show(bars, theme, qtbot, r"a \(x\)\(x\) b $z$")
    assert bars.length() == len("a ** b *")
    bars.select(0, bars.length())
    assert bars.selected_text() == bars.text() == r"a \(x\)\(x\) b $z$"
    bars.select(3, bars.length())
    assert bars.selected_text() == r"\(x\) b $z$"
    bars.select(0, 2)
    assert bars.selected_text() == "a "


def test_formulas_of_a_table_are_copied_too(bars: TextBlock, theme: Theme, qtbot: QtBot) -> None:
    show(bars, theme, qtbot, "| a | b |\n|---|---|\n| $x$ | $y$ |")
    bars.select(0, bars.length())
    assert [word for word in bars.selected_text().split() if "$" in word] == ["$x$", "$y$"]


def test_it_stands_on_the_baseline_of_its_line(bars: TextBlock, theme: Theme, qtbot: QtBot) -> None:
    show(bars, theme, qtbot, "$x$ and some words")
    image = pixels(bars, theme.palette.canvas)
    rows = rows_of(image, theme.palette.canvas, range(2, 20))
    line = bars.document.begin().layout().lineAt(0)
    baseline = line.y() + line.ascent()
    assert abs((rows[0] + rows[-1] + 1) / 2 - baseline) <= 1  # half of the bar is below it


def test_one_alone_in_its_line_is_in_the_middle(bars: TextBlock, theme: Theme, qtbot: QtBot) -> None:
    show(bars, theme, qtbot, "$$x$$")
    image = pixels(bars, theme.palette.canvas)
    canvas = QColor(theme.palette.canvas)
    dark = [x for x in range(image.width()) if image.pixelColor(x, image.height() // 2) != canvas]
    assert abs((dark[0] + dark[-1]) / 2 - WIDTH / 2) <= 2


def test_one_that_is_too_wide_is_made_smaller_or_else_its_source(bars: TextBlock, theme: Theme, qtbot: QtBot) -> None:
    show(bars, theme, qtbot, "$$" + "x" * 16 + "$$")  # some 500 pixels
    assert is_picture(bars)
    assert bars.ideal_width() <= WIDTH
    bars.height_for(150)
    assert not is_picture(bars)
    bars.height_for(WIDTH)
    assert is_picture(bars)


def test_an_address_that_is_no_formula_is_no_picture(bars: TextBlock) -> None:
    bars.show_unit(Unit("text", body='a <img src="https://example.org/x.png"/> b' + picture("$x$", display=False)))
    assert "example" not in bars.document.toHtml()
