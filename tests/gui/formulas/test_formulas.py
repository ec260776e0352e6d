"""Drawings that are made beside the window, kept, and painted."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtGui import QColor, QImage
from pytestqt.qtbot import QtBot

from helix_app.gui.formulas import formulas as module
from helix_app.gui.formulas.formula import LONGEST, Formula, from_source
from helix_app.gui.formulas.formulas import Failed, Formulas, paint
from helix_app.gui.formulas.typeset import EM, INK, Drawing
from tests.gui.fake import record

pytestmark = pytest.mark.styled

X = from_source("$x$", display=False)


def square(_latex: str = "", _display: bool = False) -> Drawing:
    """A black square that stands half an em below the baseline."""
    side = f'width="{EM}" height="{1.5 * EM}"'
    rect = f'<rect x="0" y="{-EM}" {side} fill="{INK}"/>'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {side} viewBox="0 {-EM} {EM} {1.5 * EM}">{rect}</svg>'
    return Drawing(svg, EM, EM, EM / 2)


def ready(qtbot: QtBot, formulas: Formulas) -> None:
    qtbot.waitUntil(lambda: not formulas.busy, timeout=10_000)


def test_a_drawing_is_there_a_little_later_and_made_once(qtbot: QtBot) -> None:
    asked: list[tuple[str, bool]] = []
    threads: list[threading.Thread] = []

    def draw(latex: str, display: bool) -> Drawing:
        asked.append((latex, display))
        threads.append(threading.current_thread())
        return square()

    formulas = Formulas(draw)
    changes = record(formulas.changed)
    assert formulas.look(X) is None
    assert formulas.look(X) is None
    ready(qtbot, formulas)
    assert formulas.look(X) == square()
    assert formulas.look(from_source(r"\(x\)", display=False)) == square()  # the same between other delimiters
    assert asked == [("x", False)]
    assert changes
    assert threads[0] is not threading.main_thread()
    formulas.look(from_source("$$x$$", display=True))
    ready(qtbot, formulas)
    assert asked[-1] == ("x", True)


def test_what_cannot_be_drawn_has_failed_and_is_not_asked_again(qtbot: QtBot) -> None:
    asked: list[str] = []

    def draw(latex: str, _display: bool) -> Drawing:
        asked.append(latex)
        raise ImportError("no ziamath")

    formulas = Formulas(draw)
    formulas.look(X)
    ready(qtbot, formulas)
    found = formulas.look(X)
    assert isinstance(found, Failed)
    assert "no ziamath" in found.why
    assert asked == ["x"]


def test_one_that_is_too_long_is_not_even_tried(qtbot: QtBot) -> None:
    formulas = Formulas(square)
    assert isinstance(formulas.look(Formula("x" * (LONGEST + 1), True, "")), Failed)
    assert not formulas.busy


def test_only_so_many_are_kept(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "DRAWINGS", 3)
    formulas = Formulas(square)
    for number in range(5):
        formulas.look(Formula(str(number), False, ""))
    ready(qtbot, formulas)
    kept = [formulas.look(Formula(str(number), False, "")) is not None for number in (4, 3, 2, 1)]
    assert kept == [True, True, True, False]


def test_images_are_kept_up_to_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    formulas = Formulas(square)
    first = formulas.image(square(), 1.0, "#ff0000", 1.0)
    assert formulas.image(square(), 1.0, "#ff0000", 1.0) is first
    monkeypatch.setattr(module, "IMAGE_BYTES", first.image.sizeInBytes())
    assert formulas.image(square(), 1.0, "#00ff00", 1.0) is not first
    assert formulas.image(square(), 1.0, "#ff0000", 1.0) is not first


def test_one_that_hangs_is_left_behind(qtbot: QtBot) -> None:
    go_on = threading.Event()

    def draw(_latex: str, _display: bool) -> Drawing:
        go_on.wait(10)
        return square()

    formulas = Formulas(draw)
    formulas.look(X)
    assert formulas.busy
    formulas.deleteLater()
    go_on.set()


@pytest.mark.parametrize("ratio", [1.0, 1.5, 2.0])
def test_pixels_have_the_colour_and_stand_on_the_baseline(ratio: float) -> None:
    painted = paint(square(), 0.5, "#30a040", ratio)
    image: QImage = painted.image
    assert image.devicePixelRatio() == ratio
    assert painted.baseline == round(EM / 2 * ratio)
    assert image.height() == round(0.75 * EM * ratio)
    assert image.pixelColor(image.width() // 2, painted.baseline) == QColor("#30a040")
