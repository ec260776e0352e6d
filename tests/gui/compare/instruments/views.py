"""Views of the compare page."""

from __future__ import annotations

from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.compare.instruments import person
from tests.gui.settling import load, settle


def compare_empty(window: MainWindow) -> None:
    """The compare page before anything was run."""
    load(window)
    window.pages.show_page("compare")


def compare_running(window: MainWindow) -> None:
    """The second arm writes."""
    compare_empty(window)
    person.write(window, 120)


def compare(window: MainWindow) -> None:
    """Two identical replies in the middle of their replay, and arms of their own."""
    compare_empty(window)
    window.compare.setup.on_preset_picked("custom")
    person.write(window)
    window.compare.clock.seek(window.compare.clock.duration * 0.4)


def compare_differs(window: MainWindow) -> None:
    """Two replies that part, and where."""
    compare_empty(window)
    person.write(window, differing=60)
    settle()
    window.compare.badge.go.click()


def compare_noisy(window: MainWindow) -> None:
    """A machine that was not steady."""
    compare_empty(window)
    person.write(window, drift=0.23, noisy=True)


def compare_models(window: MainWindow) -> None:
    """Two models, each with its own text, and arms of their own."""
    load(window)
    window.on_event(CatalogChanged((fake.here(fake.SMOL), fake.here(fake.BIG))))
    window.pages.show_page("compare")
    setup = window.compare.setup
    setup.on_preset_picked("targets")
    setup.on_preset_picked("custom")
    person.write(window, differing=60)


def compare_failed(window: MainWindow) -> None:
    """One arm could not be loaded."""
    compare_empty(window)
    person.write(
        window, failed=events.Failed("model_not_found", "", (("path", "/models/other/Some-other-model.gguf"),))
    )
