"""Pictures of every view in both themes, for people to look at; here only: not blank, nothing cut off."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter
from PySide6.QtWidgets import QWidget

from helix_app.gui.main_window import MainWindow
from tests.gui import views


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the pictures go: HELIX_SCREENSHOTS, or a folder of this test."""
    place = Path(os.environ.get("HELIX_SCREENSHOTS") or tmp_path)
    place.mkdir(parents=True, exist_ok=True)
    return place


def render(widget: QWidget, scale: float = 1.0) -> QImage:
    """The widget as a picture at a device pixel ratio."""
    image = QImage(widget.size() * scale, QImage.Format.Format_ARGB32)
    image.setDevicePixelRatio(scale)
    painter = QPainter(image)
    widget.render(painter, QPoint(0, 0))
    painter.end()
    return image


def colours(image: QImage) -> set[int]:
    """Some of the colours of a picture."""
    return {image.pixel(x, y) for x in range(0, image.width(), 5) for y in range(0, image.height(), 5)}


@pytest.fixture
def shown(make_window: Callable[..., MainWindow]) -> Callable[..., MainWindow]:
    """Makes a window and brings it into a view."""

    def make(name: str, theme: str, width: int = 1280, height: int = 800) -> MainWindow:
        window: MainWindow = make_window(theme=theme)
        views.show(window, name, width, height)
        return window

    return make


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", list(views.VIEWS))
def test_view(shown, folder: Path, name: str, theme: str) -> None:
    window = shown(name, theme)
    picture = render(views.settings_dialog(window) if name == "settings" else window)
    assert picture.save(str(folder / f"{name}-{theme}.png"))
    assert len(colours(picture)) > 12


@pytest.mark.parametrize("name", ["streaming", "done"])
def test_smallest_size(shown, folder: Path, name: str) -> None:
    picture = render(shown(name, "light", 1024, 700))
    assert picture.save(str(folder / f"{name}-light-1024x700.png"))
    assert len(colours(picture)) > 12


def test_twice_the_pixels(shown, folder: Path) -> None:
    picture = render(shown("done", "light"), 2.0)
    assert picture.width() == 2560
    assert picture.save(str(folder / "done-light-200.png"))
    assert len(colours(picture)) > 12
