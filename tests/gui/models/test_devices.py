"""The device picker: the adapters that were found, and a choice for each model."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint
from PySide6.QtGui import QPixmap

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.models.loading import DevicesFound
from helix_app.protocol.requests import DeviceItem
from tests.gui import fake, views
from tests.gui.fake import record
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

GB = 2**30
DISCRETE = DeviceItem("directml:1", "directml", "AMD Radeon RX 7800 XT", 16 * GB, True)
INTEGRATED = DeviceItem("directml:0", "directml", "AMD Radeon(TM) Graphics", GB // 2, False)
UNKNOWN = DeviceItem("cuda:0", "cuda", "Some Card", None, None)
CPU = DeviceItem("cpu", "cpu", "AMD Ryzen 7 7700X 8-Core Processor")
LONG = DeviceItem(
    "directml:2", "directml", "NVIDIA GeForce RTX 4070 Ti SUPER Founders Edition Laptop GPU", 16 * GB, True
)
FOUND = DevicesFound((DISCRETE, INTEGRATED, UNKNOWN, CPU))


def menu(window: MainWindow) -> list[str]:
    return [action.text() for action in window.toolbar.device.menu_actions() if not action.isSeparator()]


def test_kinds_alone_until_somebody_has_looked(window: MainWindow) -> None:
    generic = ["Auto\tthe best at hand", "DirectML", "CUDA", "CPU"]
    assert menu(window) == generic
    window.on_event(DevicesFound(()))  # nobody could look
    assert menu(window) == generic


def test_what_was_found_is_listed_with_its_memory(window: MainWindow) -> None:
    window.on_event(FOUND)
    assert menu(window) == [
        "Auto\tthe best at hand",
        "DirectML: AMD Radeon RX 7800 XT\t16 GB",
        "DirectML: AMD Radeon(TM) Graphics\t512 MB",
        "CUDA: Some Card",
        "CPU: AMD Ryzen 7 7700X 8-Core Processor",
    ]
    window.on_event(DevicesFound(()))  # a later look that was stopped takes nothing away
    assert len(menu(window)) == 5


def test_an_adapter_is_asked_for_by_its_number(window: MainWindow) -> None:
    loads, saved = record(window.load_requested), record(window.settings_changed)
    window.on_event(FOUND)
    next(a for a in window.toolbar.device.menu_actions() if "7800" in a.text()).trigger()
    assert loads[-1].device == "directml:1"
    assert window.toolbar.device.shown() == "DirectML 1"
    assert saved == []  # it is remembered once it is loaded
    window.on_event(fake.ready(device="directml", device_name=DISCRETE.name, dtype="float16"))
    assert saved[-1].devices == {fake.SMOL.id: "directml:1"}
    assert window.toolbar.device.shown() == "DirectML"
    window.toolbar.device.pick("directml:1")  # it runs there
    assert len(loads) == 1


def test_each_model_keeps_its_device(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    loads = record(window.load_requested)
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.here(fake.BIG))))
    window.start()
    window.on_event(fake.ready())
    window.toolbar.device.pick("cpu")
    window.on_event(fake.ready())
    window.toolbar.target.pick(fake.BIG.id)
    assert (loads[-1].target, loads[-1].device) == (fake.BIG.id, "auto")
    window.on_event(fake.ready())
    assert window.toolbar.device.value == "auto"
    window.toolbar.device.pick("directml")
    window.on_event(fake.ready(device="directml"))
    window.toolbar.target.pick(fake.SMOL.id)
    assert (loads[-1].target, loads[-1].device) == (fake.SMOL.id, "cpu")
    assert window.toolbar.device.value == "cpu"
    assert window.settings.devices == {fake.SMOL.id: "cpu", fake.BIG.id: "directml"}
    assert window.settings.device == "auto"


def test_a_device_of_other_days_is_still_shown_as_chosen(make_window: Callable[..., MainWindow]) -> None:
    window = make_window(device="directml:3")
    window.on_event(FOUND)
    assert window.toolbar.device.shown() == "DirectML 3"
    assert menu(window)[-1] == "DirectML 3"
    window = make_window(device="cpu")
    window.on_event(FOUND)
    assert menu(window)[-1] == "CPU: AMD Ryzen 7 7700X 8-Core Processor"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 1024])
def test_nothing_is_cut_off(make_window: Callable[..., MainWindow], tmp_path: Path, theme: str, width: int) -> None:
    """With long names, in both themes: the menu is as wide as its longest line; the bar still fits the window."""
    window = make_window(theme=theme, device="directml:1")
    window.resize(width, 700)
    views.VIEWS["empty"](window)
    window.on_event(fake.ready(device="directml", dtype="float16"))
    window.on_event(DevicesFound((LONG, DISCRETE, INTEGRATED, CPU)))
    settle()
    bar = window.toolbar
    edge = bar.live.mapTo(window, QPoint(bar.live.width(), 0)).x()
    assert edge <= window.width()
    picker = bar.device
    assert picker.width() >= picker.sizeHint().width()  # its text is not elided
    picker.open_menu()
    settle()
    popup = next(child for child in picker.children() if child.metaObject().className() == "QMenu")
    longest = popup.fontMetrics().horizontalAdvance(f"DirectML: {LONG.name}16 GB")
    assert popup.width() > longest
    assert all(popup.actionGeometry(action).right() <= popup.width() for action in popup.actions())
    place = Path(os.environ.get("HELIX_SCREENSHOTS") or tmp_path)
    place.mkdir(parents=True, exist_ok=True)
    picture: QPixmap = window.grab()
    assert picture.save(str(place / f"devices-{theme}-{width}.png"))
    assert popup.grab().save(str(place / f"devices-menu-{theme}-{width}.png"))
    popup.close()
