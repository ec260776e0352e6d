"""Tab: every stop on the way can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.look.focus import COVERED, hidden
from helix_app.gui.look.palette import luminance
from helix_app.gui.window.main_window import MainWindow
from tests.gui import views
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

AROUND = 16  # pixels around a widget that may show that it has the focus
LEAST = 48  # pixels that change: more than a caret
LEAST_CONTRAST = 1.5  # of the colours before and after


def picture(widget: QWidget) -> np.ndarray:
    """Colours of a widget and of a little around it, [height, width, 3]."""
    window = widget.window()
    area = QRect(widget.mapTo(window, QPoint(0, 0)), widget.size()).adjusted(-AROUND, -AROUND, AROUND, AROUND)
    area = area.intersected(window.rect())
    if area.isEmpty():
        return np.zeros((1, 1, 3), np.int32)  # out of sight
    image = window.grab(area).toImage().convertToFormat(QImage.Format.Format_RGB888)
    bits = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return bits[:, : image.width() * 3].reshape(image.height(), image.width(), 3).astype(np.int32)


def seen(widget: QWidget) -> bool:
    """Whether it can be seen that a widget has the focus, which it loses."""
    focused = picture(widget)
    widget.clearFocus()
    QApplication.processEvents()
    bare = picture(widget)
    changed = np.abs(focused - bare).sum(axis=2) > 24
    if np.count_nonzero(changed) < LEAST:
        return False
    pairs = np.unique(np.hstack([focused[changed], bare[changed]]), axis=0)
    return any(_contrast(tuple(pair[:3]), tuple(pair[3:])) >= LEAST_CONTRAST for pair in pairs)


def _contrast(first: tuple[int, ...], second: tuple[int, ...]) -> float:
    light, dark = sorted((luminance("#" + bytes(map(int, c)).hex()) for c in (first, second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def stops(window: QWidget) -> Iterator[QWidget]:
    """Where Tab leads, once round."""
    visited: list[QWidget] = []
    same = 0  # links of one text
    for _ in range(200):
        before = QApplication.focusWidget()
        QTest.keyClick(before or window, Qt.Key.Key_Tab)
        QApplication.processEvents()
        now = QApplication.focusWidget()
        same = same + 1 if now is before else 0
        if same and same < 10:
            continue
        if now is None or now in visited:
            return
        visited.append(now)
        yield now
        now.setFocus(Qt.FocusReason.TabFocusReason)  # looking at it took it away
        QApplication.processEvents()


def name_of(widget: QWidget) -> str:
    """A widget for people who read a failure."""
    return f"{type(widget).__name__} {widget.objectName()} {widget.accessibleName()!r}"


PLACES: dict[str, Callable[[MainWindow], QWidget | None]] = {
    "done": lambda _window: None,
    "tokens": lambda _window: None,
    "error": lambda _window: None,
    "inspect": lambda _window: None,
    "compare": lambda _window: None,
    "benchmark": lambda _window: None,
    "benchmark_setup": lambda _window: None,
    "welcome": lambda _window: None,
    "settings": views.shown_dialog,
    "settings_engine": views.shown_dialog,
    "diagnostics": views.shown_dialog,
    "help": views.shown_dialog,
}


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("place", list(PLACES))
def test_every_stop_of_tab_can_be_seen(make_window: Callable[..., MainWindow], place: str, theme: str) -> None:
    window = make_window(theme=theme)
    views.show(window, place)
    inside = PLACES[place](window) or window
    inside.activateWindow()
    settle()
    visited, unseen = [], []
    for widget in stops(inside):
        visited.append(widget)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QApplication.processEvents()
        if not seen(widget):
            unseen.append(name_of(widget))
    assert len(visited) > 1
    assert unseen == []


def test_what_something_may_lie_over_is_not_in_sight(qtbot: QtBot) -> None:
    area, inside = QScrollArea(), QWidget()
    qtbot.addWidget(area)
    area.resize(200, 100)
    inside.setFixedSize(150, 400)
    button = QWidget(inside)
    button.setGeometry(0, area.height() - 30, 20, 20)
    area.setWidget(inside)
    area.show()
    assert not hidden(area, button)
    area.setProperty(COVERED, 40)
    assert hidden(area, button)
