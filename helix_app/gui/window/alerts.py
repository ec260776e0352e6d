"""Tells that a reply is complete: by ear to who reads so, and on the desktop to who looks elsewhere."""

from __future__ import annotations

from PySide6 import QtGui
from PySide6.QtCore import QEvent, QObject, Signal
from PySide6.QtGui import QAccessible
from PySide6.QtWidgets import QApplication, QMainWindow, QSystemTrayIcon

from helix_app.gui.routing import Handlers
from helix_app.protocol.events import Finished

LONG_SECONDS = 8.0  # a reply that took less was waited for
SHOWN_MS = 8000


class Alerts(QObject):
    """Hears of replies that ended.

    Signals:
        announced: what a screen reader is to say.
        notified: what the desktop shows, while another window has the focus.
    """

    announced = Signal(str)
    notified = Signal(str)

    def __init__(self, window: QMainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._tray: QSystemTrayIcon | None = None
        window.installEventFilter(self)

    def handlers(self) -> Handlers:
        """What is called with each kind of event."""
        return {Finished: self.on_finished}

    def on_finished(self, event: Finished) -> None:
        """A reply ended; one that a person stopped needs no word."""
        if event.reason == "cancelled":
            return
        self._announce(self.tr("Reply complete"))
        if event.metrics.time_seconds >= LONG_SECONDS and not self._window.isActiveWindow():
            self._notify(" ".join(event.text.split())[:160])

    def _announce(self, text: str) -> None:
        kind = getattr(QtGui, "QAccessibleAnnouncementEvent", None)  # since Qt 6.8
        if kind is not None and QAccessible.isActive():
            QAccessible.updateAccessibility(kind(self._window, text))
        self.announced.emit(text)

    def _notify(self, text: str) -> None:
        QApplication.alert(self._window)
        if QSystemTrayIcon.isSystemTrayAvailable():
            if self._tray is None:
                self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
                self._tray.messageClicked.connect(self._on_clicked)
            self._tray.show()
            self._tray.showMessage(self.tr("Reply complete"), text, QSystemTrayIcon.MessageIcon.NoIcon, SHOWN_MS)
        self.notified.emit(text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.WindowActivate and self._tray is not None:
            self._tray.hide()  # who looks here needs no icon elsewhere
        return super().eventFilter(watched, event)

    def _on_clicked(self) -> None:
        self._window.raise_()
        self._window.activateWindow()
        if self._tray is not None:
            self._tray.hide()
