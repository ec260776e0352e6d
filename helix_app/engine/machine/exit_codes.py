"""How a process ended."""

from __future__ import annotations

import signal
import sys


def exit_text(code: int | None) -> str:
    """An exit code as people look it up: by signal name, or in hexadecimal where Windows does."""
    if code is None:
        return "did not end"
    if code < 0:
        try:
            return f"signal {-code} ({signal.Signals(-code).name})"
        except ValueError:
            return f"signal {-code}"
    if sys.platform == "win32" and code > 0xFFFF:
        return f"exit code 0x{code & 0xFFFFFFFF:08X}"
    return f"exit code {code}"
