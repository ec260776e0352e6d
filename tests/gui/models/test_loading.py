"""The strip that says what is being loaded or downloaded, and how far it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import get_args, get_type_hints

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.models.loading import LoadStrip, download_figures, download_stage
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged, DownloadProgress
from helix_app.protocol.models.loading import LoadProgress
from tests.gui import fake
from tests.gui.fake import record

HALF = DownloadProgress("m", "download", 61_400_000, 144_811_904, 11_200_000.0, 7.4)


def test_loading_strip(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.on_event(LoadProgress("weights", 0.45))
    assert window.strip.isVisible()
    assert window.strip.text.text() == "Loading weights"
    assert window.strip.figures.text() == "SmolLM2 135M Instruct · 45 %"
    assert window.strip.line.fraction() == 0.45
    window.on_event(fake.ready())
    assert not window.strip.isVisible()


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (HALF, "61.4 MB of 145 MB · 42 % · 11.2 MB/s · 7 s left"),
        (replace(HALF, packed=True), "61.4 MB of 145 MB packed · 42 % · 11.2 MB/s · 7 s left"),
        (replace(HALF, total_bytes=0), "61.4 MB · 11.2 MB/s · 7 s left"),
        (replace(HALF, bytes_per_second=None, seconds_left=None), "61.4 MB of 145 MB · 42 %"),
        (replace(HALF, stage="verify"), "61.4 MB of 145 MB · 42 %"),  # no speed of the line
        (DownloadProgress("m", "connect", 0, 0), ""),
    ],
)
def test_how_far_a_download_is_as_far_as_it_is_known(event: DownloadProgress, words: str) -> None:
    assert download_figures(event) == words


def test_every_stage_of_a_download_has_its_words() -> None:
    stages = get_args(get_type_hints(DownloadProgress)["stage"])
    words = [download_stage(stage) for stage in stages]
    assert words == ["Connecting", "Downloading", "Checking the file", "Unpacking"]


@pytest.fixture
def strip(theme: Theme, qtbot: QtBot) -> LoadStrip:
    """A strip by itself."""
    made = LoadStrip(theme)
    qtbot.addWidget(made)
    return made


def test_it_comes_with_the_first_step(strip: LoadStrip) -> None:
    assert strip.isHidden()
    strip.show_loading(LoadProgress("gpu", detail="Some Card"), "SmolLM2")
    assert strip.isVisible()
    assert strip.text.text() == "Preparing the graphics card"
    assert strip.figures.text() == "SmolLM2 · Some Card"
    assert strip.line.fraction() is None
    strip.show_download(HALF, "SmolLM2")
    assert strip.text.text() == "Downloading SmolLM2"
    assert strip.line.fraction() == pytest.approx(0.424, abs=0.001)
    strip.show_download(replace(HALF, total_bytes=0), "SmolLM2")
    assert strip.line.fraction() is None


def test_it_can_be_stopped(strip: LoadStrip) -> None:
    asked = record(strip.cancel_requested)
    strip.show_loading(LoadProgress("weights", 0.1), "SmolLM2")
    strip.cancel.click()
    assert len(asked) == 1
