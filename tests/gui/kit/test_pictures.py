"""Pictures of what is seen: the whole window from the menu, each plot and map by a right click."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QContextMenuEvent, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QWidget

from helix_app.gui.benchmark.plots import Bars, RatioPlot
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.driver import Driver

pytestmark = pytest.mark.styled


def colours(picture: QImage) -> int:
    """How many of them a coarse look finds."""
    spots = ((x, y) for x in range(0, picture.width(), 5) for y in range(0, picture.height(), 5))
    return len({picture.pixel(*spot) for spot in spots})


@pytest.mark.parametrize("kind", ["png", "svg"])
def test_the_window_is_saved_as_it_is_seen(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    file = tmp_path / f"all.{kind}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(file), ""))
    window.actions_.save_picture.trigger()
    if kind == "png":
        picture = QImage(str(file))
        assert picture.size() == window.size() * 2
        assert colours(picture) > 12
    else:
        assert file.read_text(encoding="utf-8").count("<") > 100


def right_click(widget: QWidget) -> QMenu | None:
    """The menu that a right click in the middle opens."""
    spot = widget.rect().center()
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, widget.mapToGlobal(spot))
    QApplication.sendEvent(widget, event)
    menu = QApplication.activePopupWidget()
    return menu if isinstance(menu, QMenu) else None


def test_a_right_click_saves_a_plot_or_the_map(
    window: MainWindow, chat: Driver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names: list[str] = []

    def name(_parent: QWidget, _title: str, proposed: str, _kinds: str) -> tuple[str, str]:
        names.append(Path(proposed).name)
        return str(tmp_path / names[-1]), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", name)
    request = chat.ask("go")
    for number in range(4):
        window.on_event(fake.round_done(request.request_id, number))
    window.live.show()
    window.live.flush()
    seen = [plot.plot.viewport() for plot in window.live.plots.plots()]
    seen.append(window.live.blocks.maps["target"].grid)
    for widget in seen:
        menu = right_click(widget)
        assert menu is not None, widget
        menu.actions()[0].trigger()
        menu.close()
    assert names == [
        "acceptance-rate.png",
        "adaptive-k.png",
        "decode-speed.png",
        "kv-cache.png",
    ]
    assert all(not QImage(str(tmp_path / proposed)).isNull() for proposed in names)


@pytest.mark.parametrize("view", ["ratios", "bars"])
def test_charts_of_the_benchmark_have_the_menu(window: MainWindow, view: str) -> None:
    widget = RatioPlot(window.theme, "Speed") if view == "ratios" else Bars(window.theme, "Acceptance", "position")
    widget.resize(300, 200)
    widget.show()
    spot = QPoint(5, 5)
    QApplication.sendEvent(widget, QContextMenuEvent(QContextMenuEvent.Reason.Mouse, spot, widget.mapToGlobal(spot)))
    menu = QApplication.activePopupWidget()
    assert isinstance(menu, QMenu)
    menu.close()
    widget.close()
