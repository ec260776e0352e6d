"""Brings a window into the views of faults and of the measured first start, for screenshots."""

from __future__ import annotations

import threading
from dataclasses import replace

from helix_app.bridge.inquiries import redact
from helix_app.gui.window.main_window import MainWindow
from helix_app.hub.store import catalog_items
from helix_app.protocol.faults import Fault
from helix_app.protocol.inquiries import MachineMeasured, RedactAsked, ReportMade
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui.settling import load

TRACE = """Traceback (most recent call last):
  File "/home/ann/helix_app/gui/window/main_window.py", line 302, in on_events
    self.on_event(event)
  File "/home/ann/helix_app/gui/inspect/timeline.py", line 144, in add
    self._rows[event.index] = row
IndexError: list assignment index out of range
"""
COMPUTER = """Computer
  processor     AMD Ryzen 7 7700 8-Core Processor
  memory        33.4 GB, 21.0 GB free

Last lines of helix.log
  2026-11-30 01:02:03,004 INFO    helix_app.app: Helix 0.1.0"""


def answer(window: MainWindow) -> None:
    """Redact reports as the bridge does, but at once."""

    def on_asked(asked: object) -> None:
        if isinstance(asked, RedactAsked):
            window.on_event(redact(asked, threading.Event()))

    window.help.asked.connect(on_asked)


def help_fault(window: MainWindow) -> None:
    """An error in the window that nobody caught."""
    load(window)
    answer(window)
    window.help.faults.tell(Fault("window", "IndexError", TRACE))
    window.help.faults.tell(Fault("engine", "ValueError", TRACE))
    window.on_event(ReportMade(COMPUTER))


def welcome_measured(window: MainWindow) -> None:
    """First start of a computer that was measured."""
    items = [replace(item, path="", download_bytes=item.size_bytes) for item in catalog_items()]
    window.on_event(CatalogChanged(tuple(items)))
    window.start()
    cards = (("AMD Radeon RX 6600", 8 * 2**30),)
    window.on_event(MachineMeasured("cpu", 16 * 2**30, "AMD Ryzen 5 5600 6-Core Processor", 12, cards, 36.1e9, 39.8e9))


VIEWS = (help_fault, welcome_measured)
