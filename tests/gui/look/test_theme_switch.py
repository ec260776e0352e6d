"""Every view in both themes, as pictures for people to look at; and another theme while everything is open.

What the screen shows then is what a window made in that theme shows.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QWidget

from helix_app.gui.window.main_window import MainWindow
from tests.gui import views
from tests.gui.settling import end, settle

pytestmark = pytest.mark.styled

# a view of each kind of widget; the others, such as those that one of these begins with, are behind ``-m soak``
_EACH = [
    "welcome",
    "error",
    "conversation_edited",
    "pair",
    "tokens",
    "inspect_token",
    "compare",
    "benchmark",
    "server_running",
    "models",
    "settings_engine",
    "diagnostics",
]
VIEWS = [name for name in views.VIEWS if name not in ("downloading", "download_failed")]
# either way by turns, for a widget that stays behind does so both ways; both ways behind ``-m soak``
_SUITE = {(name, ("dark", "light")[number % 2]) for number, name in enumerate(_EACH)}
# and back again, for a widget that only hears of the first switch; all of them behind ``-m soak``
_BACK = ("conversation_edited", "server_running")
SWITCHES = [
    pytest.param(name, before, name in _BACK)
    if (name, before) in _SUITE
    else pytest.param(name, before, True, marks=pytest.mark.soak)
    for name in VIEWS
    for before in ("dark", "light")
]


@pytest.fixture(autouse=True)
def no_caret(qapp: QApplication) -> None:
    """A blinking caret would differ by itself."""
    qapp.setCursorFlashTime(0)


def screen_of(window: MainWindow, dialog: QWidget | None = None) -> np.ndarray:
    """What the screen holds of a window, which is not asked to paint itself for this, as ``[rows, columns, 3]``."""
    settle()
    shown = dialog or window
    picture = shown.screen().grabWindow(shown.winId()).toImage().convertToFormat(QImage.Format.Format_RGB32)
    pixels = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.width(), 4)
    return pixels[..., :3].copy()


def dialog_of(window: MainWindow, name: str) -> QWidget | None:
    return views.settings_dialog(window) if name.startswith("settings") else None


def keep(pixels: np.ndarray, name: str) -> None:
    """For people to look at, where HELIX_SCREENSHOTS says."""
    folder = os.environ.get("HELIX_SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        rows, columns, _ = pixels.shape
        rgb = np.ascontiguousarray(pixels[..., ::-1])
        picture = QImage(rgb.data, columns, rows, columns * 3, QImage.Format.Format_RGB888)
        assert picture.save(str(Path(folder) / f"{name}.png"))


@pytest.mark.parametrize(("name", "before", "back"), SWITCHES)
def test_a_switched_window_looks_like_a_new_one(
    make_window: Callable[..., MainWindow], name: str, before: str, back: bool
) -> None:
    after = "light" if before == "dark" else "dark"
    made = {}
    for theme in (after, before):
        window = make_window(theme=theme)
        views.show(window, name)
        made[theme] = screen_of(window, dialog_of(window, name))
        if name not in views.IN_DIALOGS:  # whose pictures are made elsewhere
            keep(made[theme], f"{name}-{theme}")
        colours = made[theme][::5, ::5].astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)
        assert len(np.unique(colours)) > 12, "not blank"
        if theme == after:
            end(window)
    for theme in (after, before) if back else (after,):
        window.state.change(theme=theme)
        seen = screen_of(window, dialog_of(window, name))
        keep(seen, f"switched-{name}-{theme}")
        other = (np.abs(seen.astype(np.int16) - made[theme]) > 24).any(axis=-1)
        where = np.argwhere(other)
        assert other.mean() < 0.001, f"{theme}: {other.sum()} pixels, {where.min(axis=0)} to {where.max(axis=0)}"
