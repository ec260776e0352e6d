"""Something is on the screen before what takes long begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from helix_app.gui.look.palette import CONTRAST, DARK, LIGHT, Palette
from helix_app.gui.window.splash import picture, show_splash

pytestmark = pytest.mark.styled

START = """
import sys
from PySide6.QtWidgets import QApplication, QSplashScreen
import helix_app.app as app

def build(settings, keeper):
    shown = [w for w in QApplication.topLevelWidgets() if isinstance(w, QSplashScreen) and w.isVisible()]
    heavy = {"numpy", "pyqtgraph", "torch", "helix_app.gui.window.main_window"} & set(sys.modules)
    print(len(shown), sorted(heavy))
    raise ImportError("enough")

app.build = build
sys.exit(app.main(["helix-window"]))
"""


def test_it_is_there_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    env = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HELIX_HOME": str(tmp_path)}
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, env=env, cwd=Path(__file__).parents[3], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "1 []", done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("palette", [LIGHT, DARK, CONTRAST], ids=lambda palette: palette.name)
@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_its_picture(qapp: QApplication, palette: Palette, scale: float) -> None:
    image = picture(palette, scale).toImage()
    assert (image.width(), image.height()) == (320 * scale, 176 * scale)
    assert image.pixelColor(round(20 * scale), round(90 * scale)) == QColor(palette.panel)
    colours = {image.pixel(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert len(colours) > 12
    folder = os.environ.get("HELIX_SCREENSHOTS")
    if folder:
        image.save(str(Path(folder) / f"splash-{palette.name}-{round(scale)}.png"))


def test_it_closes(qapp: QApplication) -> None:
    splash = show_splash(qapp, "dark")
    assert splash.isVisible()
    splash.close()
    assert not splash.isVisible()
    splash.deleteLater()
