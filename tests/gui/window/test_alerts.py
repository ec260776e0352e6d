"""A reply that is complete is told to who reads by ear, and on the desktop to who looks elsewhere."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QApplication, QSystemTrayIcon

from helix_app.gui.window.alerts import LONG_SECONDS
from helix_app.gui.window.main_window import MainWindow
from tests.gui import fake
from tests.gui.driver import Driver
from tests.gui.fake import record


@pytest.mark.parametrize(
    ("active", "seconds", "reason", "told", "shown"),
    [
        (False, LONG_SECONDS, "eos", 1, ["A long reply."]),
        (False, LONG_SECONDS - 1, "eos", 1, []),
        (True, LONG_SECONDS, "length", 1, []),
        (False, LONG_SECONDS, "cancelled", 0, []),
    ],
)
def test_who_is_told(
    window: MainWindow,
    monkeypatch: pytest.MonkeyPatch,
    active: bool,
    seconds: float,
    reason: str,
    told: int,
    shown: list,
) -> None:
    chat = Driver(window)
    said, notified = record(window.alerts.announced), record(window.alerts.notified)
    monkeypatch.setattr(type(window), "isActiveWindow", lambda _self: active)
    chat.ask("x")
    chat.window.on_event(fake.finished(chat.requests[-1].request_id, "A long\nreply.", reason, time_seconds=seconds))
    assert (len(said), notified) == (told, shown)


def test_the_icon_on_the_desktop_goes_when_the_window_is_looked_at(window: MainWindow) -> None:
    icon = window.alerts._tray = QSystemTrayIcon(window.windowIcon(), window.alerts)
    icon.show()
    assert icon.isVisible()
    QApplication.sendEvent(window, QEvent(QEvent.Type.WindowActivate))
    assert not icon.isVisible()
