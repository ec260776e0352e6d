"""The note under the first reply of the small model: once, where a better one fits, and never again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from helix_app.gui.chat.first_note import Note, better_model
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.models.loading import MemoryUse
from tests.gui import fake
from tests.gui.driver import Driver

GB = 1_000_000_000
SMALL = replace(fake.here(fake.SMOL), size_bytes=GB // 10)
ITEMS = (SMALL, *(replace(fake.BIG, id=f"m{n}", name=f"Model {n}", size_bytes=n * GB) for n in (1, 3, 8)))


@pytest.mark.parametrize(
    ("use", "wanted"),
    [
        (None, None),
        (MemoryUse(), None),
        (MemoryUse(total=2 * GB), None),
        (MemoryUse(total=4 * GB), "m1"),
        (MemoryUse(total=16 * GB), "m3"),
        (MemoryUse(total=64 * GB), "m8"),
        (MemoryUse(total=64 * GB, device_total=5 * GB), "m3"),
    ],
)
def test_the_largest_that_fits_well(use: MemoryUse | None, wanted: str | None) -> None:
    found = better_model(ITEMS, SMALL.id, use)
    assert (None if found is None else found.id) == wanted


def test_none_is_better_than_the_only_one() -> None:
    assert better_model(ITEMS[:1], SMALL.id, MemoryUse(total=64 * GB)) is None
    assert better_model(ITEMS, "/my/own.gguf", MemoryUse(total=64 * GB)) is None


def fresh(make_window: Callable[..., MainWindow]) -> Driver:
    window = make_window(better_model_told=False)
    window.on_event(CatalogChanged(ITEMS))
    window.start()
    window.on_event(fake.ready(memory=MemoryUse(total=16 * GB)))
    return Driver(window)


def test_it_comes_once_and_leads_to_the_models(make_window: Callable[..., MainWindow]) -> None:
    chat = fresh(make_window)
    chat.ask("Hello")
    chat.finish("Hi")
    (note,) = chat.window.findChildren(Note)
    assert (
        note.label.text() == "Model 3 (3.0 GB) answers much better than SmolLM2 135M Instruct, and fits this computer."
    )
    assert chat.window.settings.better_model_told
    opened: list[bool] = []
    chat.window.toolbar.target._menu.aboutToShow.connect(lambda: opened.append(True))
    note.button.click()
    assert opened
    chat.window.toolbar.target._menu.close()
    note.close_button.click()
    assert note not in chat.reply.widgets()
    chat.ask("Again")
    chat.finish("Hi")
    assert not [n for n in chat.reply.widgets() if isinstance(n, Note)]


@pytest.mark.parametrize("why", ["told before", "another model", "stopped", "no memory known"])
def test_it_does_not_come(make_window: Callable[..., MainWindow], why: str) -> None:
    chat = fresh(make_window)
    if why == "another model":
        chat.window.state.change(target="m1")
    if why == "told before":
        chat.window.state.change(better_model_told=True)
    if why == "no memory known":
        chat.window.on_event(fake.ready(memory=None))
    chat.ask("Hello")
    chat.finish("Hi", reason="cancelled" if why == "stopped" else "eos")
    assert not chat.window.findChildren(Note)
