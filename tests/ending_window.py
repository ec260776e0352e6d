"""The program with a window whose engine is a fake: it asks to be started again, or is closed, as soon as it is there.

    python -m tests.ending_window restart|close ARGUMENTS...

In place of starting again it says so on standard output.
"""

from __future__ import annotations

import sys
from typing import Any

from PySide6.QtCore import QTimer

import helix_app.app as a
from helix_app.base.process import program
from helix_app.base.settings import Settings
from helix_app.engine.host.parent import HostClient


def main(end: str, *arguments: str) -> int:
    """Run it. Returns the exit code."""
    build = a.build

    def build_and_end(*args: Any, **named: Any) -> a.App:
        app = build(*args, **named)
        ends = {"restart": app.window.preferences.restart_requested.emit, "close": app.window.close}[end]
        start = app.start
        app.start = lambda: (start(), QTimer.singleShot(0, ends))  # type: ignore[method-assign, return-value]
        return app

    def fake_client(_: Settings) -> HostClient:
        return HostClient("tests.engine.host.fake_engines:Scripted")

    program.start_again = lambda without=(): print("again, without", *without)
    a.make_client = fake_client
    a.build = build_and_end
    return a.main(["helix", *arguments])


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
