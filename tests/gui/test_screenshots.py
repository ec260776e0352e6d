"""Pictures of views for people to look at; here only: not blank, nothing cut off.

Those of the window in both themes come from ``look/test_theme_switch.py``, which makes them anyway.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from PySide6.QtGui import QImage

from helix_app.gui.window.main_window import MainWindow
from tests.gui import views

pytestmark = pytest.mark.styled

# a line is one window, which is turned from one to the next; kept conversations come last, or before a reply that is
# still written
DIALOGS = (
    ("help", "diagnostics", "help_fault", "prompting"),
    ("help_search", "prompting_preview"),
    ("prompting_template",),
    ("downloading",),
    ("download_failed",),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: HELIX_SCREENSHOTS, or a folder of this test."""
    place = Path(os.environ.get("HELIX_SCREENSHOTS") or tmp_path)
    place.mkdir(parents=True, exist_ok=True)
    return place


def colours(image: QImage) -> set[int]:
    """Some of the colours of a picture."""
    return {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}


@pytest.fixture
def shown(make_window: Callable[..., MainWindow]) -> Callable[..., Iterator[tuple[str, MainWindow]]]:
    """Makes a window and brings it into views, one after the other."""

    def make(
        names: Sequence[str], theme: str, width: int = 1280, height: int = 800
    ) -> Iterator[tuple[str, MainWindow]]:
        window: MainWindow = make_window(theme=theme)
        for name in views.in_turn(window, names, width, height):
            yield name, window

    return make


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("names", DIALOGS, ids=lambda names: names[0])
def test_view(shown, folder: Path, names: tuple[str, ...], theme: str) -> None:
    for name, window in shown(names, theme):
        picture = (views.shown_dialog(window) if name in views.IN_DIALOGS else window).grab().toImage()
        assert picture.save(str(folder / f"{name}-{theme}.png"))
        assert len(colours(picture)) > 12, name


def test_every_dialog_has_its_picture() -> None:
    assert {*views.IN_DIALOGS, "downloading", "download_failed"} == {name for names in DIALOGS for name in names}


def test_high_contrast(shown, folder: Path) -> None:
    for name, window in shown(("done", "compare", "benchmark", "inspect", "settings", "conversations"), "contrast"):
        picture = (views.shown_dialog(window) if name == "settings" else window).grab().toImage()
        assert picture.save(str(folder / f"{name}-contrast.png"))
        assert len(colours(picture)) > 12, name


def test_smallest_size(shown, folder: Path) -> None:
    for name, window in shown(
        ("tokens", "done", "compare", "inspect", "conversations", "streaming"), "light", 1024, 700
    ):
        picture = window.grab().toImage()
        assert picture.save(str(folder / f"{name}-light-1024x700.png"))
        assert len(colours(picture)) > 12, name


@pytest.mark.parametrize(
    "name", ["inspect", *(pytest.param(name, marks=pytest.mark.soak) for name in ("done", "conversations"))]
)
def test_twice_the_pixels(folder: Path, name: str) -> None:
    """In a process of its own: the scale is set before Qt starts."""
    target = folder / f"{name}-light-200.png"
    command = [sys.executable, "-m", "tests.gui.views", name, "light", str(target)]
    env = {**os.environ, "QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    subprocess.run(command, check=True, env=env, cwd=Path(__file__).parents[2], timeout=120)
    picture = QImage(str(target))
    assert (picture.width(), picture.height()) == (2560, 1600)
    assert len(colours(picture)) > 12
