"""The first start measures this computer, and one click brings the model that suits it with its draft."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.inquiries import MachineAsked, MachineMeasured
from helix_app.protocol.models.hub import CatalogChanged, DownloadDone, DownloadFailed, DownloadProgress
from helix_app.protocol.models.loading import DevicesFound
from helix_app.protocol.requests import CatalogItem, DeviceItem
from tests.gui import fake
from tests.gui.fake import record

SMALL = replace(fake.SMOL, memory_gb=4)
DRAFT = CatalogItem("q-0.6b", "Q 0.6B", 640_000_000, 640_000_000, "Apache-2.0", "A draft.", "", 4)
MEDIUM = CatalogItem("q-4b", "Q 4B", 2_500_000_000, 2_500_000_000, "Apache-2.0", "A model.", "", 8, "q-0.6b")
MEASURED = MachineMeasured("cpu", 16 * 2**30, "A processor", 8, (("Radeon", 2**33),), 24e9, 30e9)
CARD = DeviceItem("cuda:0", "cuda", "RX 7800 XT", 16 * 2**30, True)


@pytest.fixture
def first(make_window: Callable[..., MainWindow]) -> MainWindow:
    window = make_window()
    window.on_event(CatalogChanged((SMALL, DRAFT, MEDIUM)))
    window.start()
    return window


def test_it_is_measured_while_the_card_is_shown(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    asked = record(window.load_view.machine.asked)
    assert asked == []
    window.on_event(CatalogChanged((SMALL, MEDIUM)))
    assert asked == []  # the engine is being started
    for _ in range(2):
        window.on_event(DevicesFound((CARD, DeviceItem("cpu", "cpu", "A processor"))))
    assert asked == [MachineAsked("cuda:0")]


def test_without_devices_main_memory_is_measured_after_a_while(
    make_window: Callable[..., MainWindow], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helix_app.gui.models.machine_desk.WAIT_MS", 0)
    window = make_window()
    asked = record(window.load_view.machine.asked)
    window.on_event(CatalogChanged((SMALL, MEDIUM)))
    qtbot.waitUntil(lambda: asked == [MachineAsked()])
    window.on_event(DevicesFound((DeviceItem("cpu", "cpu", "A processor"),)))
    assert asked == [MachineAsked(), MachineAsked()]


def test_of_two_measurements_of_main_memory_the_faster_counts(first: MainWindow) -> None:
    for fastest, shown in ((30e9, "30 GB/s"), (20e9, "30 GB/s"), (None, "30 GB/s"), (40e9, "40 GB/s")):
        first.on_event(replace(MEASURED, fastest=fastest))
        assert shown in first.welcome.offer.machine.text()


def test_what_was_measured_is_said_and_a_model_suggested(first: MainWindow) -> None:
    offer = first.welcome.offer
    assert not offer.start.isVisible()
    first.on_event(MEASURED)
    assert offer.machine.text() == (
        "This computer: 16 GB of memory · A processor, 8 cores · Radeon, 8 GB. Its memory was read at 30 GB/s."
    )
    assert offer.model.text() == "For this computer: Q 4B"
    assert offer.facts.text() == "2.5 GB · Apache-2.0 licence · with Q 0.6B as its draft, 640 MB"
    assert offer.speed.text().startswith("About 3.2 to 12 tokens per second without a draft. This is an estimate")
    assert first.welcome.model.text() == SMALL.name  # the small one is there still
    assert first.welcome.start.isVisible()


def test_of_a_card_that_was_measured_it_counts_more(first: MainWindow) -> None:
    first.on_event(MEASURED)
    first.on_event(DevicesFound((CARD,)))
    first.on_event(replace(MEASURED, device="cuda:0", slowest=None, fastest=None))
    assert "Its memory was read at 30 GB/s" in first.welcome.offer.machine.text()
    first.on_event(replace(MEASURED, device="cuda:0", slowest=500e9, fastest=600e9))
    assert first.welcome.offer.machine.text().endswith(
        "RX 7800 XT, 16 GB. The memory of its card was read at 600 GB/s."
    )
    first.on_event(replace(MEASURED, fastest=900e9))
    assert "600 GB/s" in first.welcome.offer.machine.text()
    assert first.welcome.offer.speed.text().startswith("About 19 to 67 tokens")


def test_nothing_is_made_up_where_nothing_was_measured(first: MainWindow) -> None:
    first.on_event(replace(MEASURED, memory_bytes=None, cards=(), slowest=None, fastest=None))
    offer = first.welcome.offer
    assert offer.machine.text() == (
        "This computer: A processor, 8 cores. The speed of its memory could not be measured."
    )
    assert not offer.start.isVisible()


def test_the_small_one_is_not_offered_twice(first: MainWindow) -> None:
    offer = first.welcome.offer
    for speed in (1e9, 1e6):  # it suits best, or none writes fast enough
        first.on_event(replace(MEASURED, device=f"cuda:{speed:.0f}", slowest=speed, fastest=speed))
        assert not offer.start.isVisible()
        assert offer.machine.text().endswith("GB/s. At that speed the model above suits it best.")
    first.on_event(replace(MEASURED, device="cuda:2"))
    assert offer.start.isVisible()
    assert "At that speed" not in offer.machine.text()


def begin(window: MainWindow) -> tuple[list[object], list[object]]:
    downloads, loads = record(window.download_requested), record(window.load_requested)
    window.on_event(MEASURED)
    window.welcome.offer.start.click()
    assert downloads == [DRAFT.id, MEDIUM.id]
    return downloads, loads


@pytest.mark.parametrize("draft_first", [True, False])
def test_one_click_brings_both_and_opens_the_model_when_both_are_here(first: MainWindow, draft_first: bool) -> None:
    _, loads = begin(first)
    first.on_event(DownloadProgress(MEDIUM.id, "download", 1_000_000_000, 2_500_000_000))
    first.on_event(DownloadProgress(DRAFT.id, "download", 64_000_000, 640_000_000))
    assert first.welcome.figures.text().startswith("1.0 GB of 2.5 GB")
    order = (DRAFT.id, MEDIUM.id) if draft_first else (MEDIUM.id, DRAFT.id)
    first.on_event(DownloadDone(order[0], "/models/x.gguf"))
    assert loads == []
    first.on_event(DownloadProgress(order[1], "download", 5, 10))
    assert first.welcome.figures.text().startswith("5")
    first.on_event(DownloadDone(order[1], "/models/x.gguf"))
    assert [load.target for load in loads] == [MEDIUM.id]  # type: ignore[attr-defined]


def test_a_draft_that_does_not_arrive_stops_nothing(first: MainWindow) -> None:
    _, loads = begin(first)
    first.on_event(DownloadFailed(DRAFT.id, "download_no_network", "", (("host", "h"),)))
    assert first.welcome.busy()
    assert not first.welcome.error.isVisible()
    first.on_event(DownloadDone(MEDIUM.id, "/models/x.gguf"))
    assert [load.target for load in loads] == [MEDIUM.id]  # type: ignore[attr-defined]


def test_cancel_stops_both_and_a_failure_is_said_at_the_button(first: MainWindow) -> None:
    _, loads = begin(first)
    cancels = record(first.download_cancel_requested)
    first.welcome.cancel.click()
    assert cancels == [MEDIUM.id, DRAFT.id]
    first.on_event(DownloadFailed(DRAFT.id, "download_cancelled"))
    first.on_event(DownloadFailed(MEDIUM.id, "download_cancelled"))
    assert not first.welcome.busy()
    assert first.welcome.offer.start.text() == "Continue download"
    assert first.welcome.start.text() == "Download and start"
    first.on_event(DownloadDone(DRAFT.id, "/models/x.gguf"))
    assert loads == []


@pytest.mark.parametrize(
    ("memory", "card", "large"),
    [(16 * 2**30, 8 * 2**30, True), (16 * 2**30, 24 * 2**30, False), (32 * 2**30, None, False), (None, None, False)],
)
def test_before_a_model_is_there_what_was_measured_tells_which_are_too_large(
    first: MainWindow, memory: int | None, card: int | None, large: bool
) -> None:
    first.on_event(CatalogChanged((SMALL, replace(fake.BIG, memory_gb=24))))
    first.on_event(replace(MEASURED, memory_bytes=memory, cards=(("Radeon", card),)))
    (choice,) = [choice for choice in first.toolbar.target.choices() if choice.value == fake.BIG.id]
    assert ("too large here" in choice.detail) is large
    catalogue = first.library.page.catalogue
    first.pages.show_page("models")
    first.library.page.turn_to(catalogue)
    words = [label.text() for label in catalogue.findChildren(QLabel)]
    assert ("For 24 GB of memory: more than this computer has" in words) is large
