"""Brings a window into each of its views, for screenshots."""

from __future__ import annotations

import sys
from collections.abc import Callable

from PySide6.QtWidgets import QApplication

from helix_app import events
from helix_app.gui.main_window import MainWindow
from helix_app.gui.settings_dialog import SettingsDialog
from helix_app.settings import Settings
from tests.gui import fake

QUESTION = "How does a paged KV cache work, and why do you share blocks between chats?"


def settle() -> None:
    """Let the window lay itself out and paint."""
    for _ in range(4):
        QApplication.processEvents()


def _load(window: MainWindow) -> None:
    window.on_event(events.CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.start()
    window.on_event(fake.ready())


def welcome(window: MainWindow) -> None:
    """First start."""
    window.on_event(events.CatalogChanged((fake.SMOL, fake.BIG)))
    window.start()


def downloading(window: MainWindow) -> None:
    """The suggested model is on its way."""
    welcome(window)
    window.welcome.start.click()
    window.on_event(events.DownloadProgress(fake.SMOL.id, "download", 61_400_000, 144_811_904, 11_200_000.0, 7.4))


def download_failed(window: MainWindow) -> None:
    """It did not arrive."""
    downloading(window)
    window.on_event(
        events.DownloadFailed(
            fake.SMOL.id,
            "download_no_network",
            "ConnectError: [Errno 111] Connection refused",
            (("host", "huggingface.co"), ("folder", "models/smollm2-135m-instruct")),
        )
    )


def loading(window: MainWindow) -> None:
    """A model is being loaded."""
    window.on_event(events.CatalogChanged((fake.here(fake.SMOL), fake.BIG)))
    window.start()
    window.on_event(events.LoadProgress("weights", 0.45))


def empty(window: MainWindow) -> None:
    """A model and no message yet."""
    _load(window)


def _ask(window: MainWindow, text: str = QUESTION) -> str:
    requests: list[events.GenerateRequest] = []
    window.generate_requested.connect(requests.append)
    window.chat.composer.editor.setPlainText(text)
    window.chat.send()
    window.generate_requested.disconnect(requests.append)
    return requests[-1].request_id


def _rounds(window: MainWindow, request: str, count: int) -> None:
    for index in range(count):
        window.on_event(fake.round_done(request, index))
    window.on_event(fake.snapshot(fake.pool_cells(512)))
    window.live.flush()


def streaming(window: MainWindow) -> None:
    """A reply in the middle of its code block."""
    _load(window)
    request = _ask(window)
    cut = fake.MARKDOWN.index("# may evict")
    for start in range(0, cut, 40):
        window.on_event(events.TextDelta(request, fake.MARKDOWN[start : min(cut, start + 40)]))
    window.chat.flush()
    _rounds(window, request, 240)


def done(window: MainWindow) -> None:
    """A finished reply and a second one before it."""
    _load(window)
    first = _ask(window, "Hello!")
    _rounds(window, first, 60)
    window.on_event(fake.finished(first, "Hello! What would you like to know?", tokens_generated=9))
    request = _ask(window)
    _rounds(window, request, 700)
    window.on_event(fake.finished(request, fake.MARKDOWN))


def error(window: MainWindow) -> None:
    """A reply that failed halfway, a notice and an error under the composer."""
    _load(window)
    window.on_event(events.Notice("fallback_cpu", (("device", "DirectML"), ("reason", "no adapter"))))
    request = _ask(window)
    window.on_event(events.TextDelta(request, fake.MARKDOWN[:200]))
    window.on_event(events.Failed("engine_died", "exit code -9 (SIGKILL)", (), request))
    window.chat.send()


def settings(window: MainWindow) -> None:
    """The settings over the window."""
    _load(window)
    window.open_settings()


def settings_engine(window: MainWindow) -> None:
    """Their engine page, with something to say."""
    settings(window)
    settings_dialog(window).sections.setCurrentRow(2)
    window.on_event(events.Forgotten(0, events.Failed("forget_failed", fields=(("folder", "/data/ngram"),))))


def settings_dialog(window: MainWindow) -> SettingsDialog:
    """The open settings dialog."""
    return next(d for d in window.findChildren(SettingsDialog) if d.isVisible())


VIEWS: dict[str, Callable[[MainWindow], None]] = {
    view.__name__: view
    for view in (
        welcome,
        downloading,
        download_failed,
        loading,
        empty,
        streaming,
        done,
        error,
        settings,
        settings_engine,
    )
}


def show(window: MainWindow, name: str, width: int = 1280, height: int = 800) -> None:
    """Bring a window into a view."""
    window.resize(width, height)
    settle()
    VIEWS[name](window)
    settle()
    window.live.flush()
    settle()


def main(name: str, theme: str, target: str) -> None:
    """Save one view as a picture."""
    application = QApplication([])
    window = MainWindow(Settings(theme=theme))
    window.show()
    show(window, name)
    window.grab().save(target)
    window.close()
    application.quit()


if __name__ == "__main__":
    main(*sys.argv[1:4])
