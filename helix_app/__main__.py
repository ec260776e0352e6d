"""``python -m helix_app``: the door of the command line, which is there before anything that takes long to import."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

from helix_app.base.messages import error_text


def main() -> int:
    """Run the command line. Returns the exit code."""
    signal.signal(signal.SIGINT, _leave)
    _fill_descriptors()
    if sys.stderr is not None:
        sys.stderr = _Patient(sys.stderr)  # type: ignore[assignment]
    from helix_app.cli import main as cli

    return cli.main()


def _leave(number: int, frame: FrameType | None) -> None:
    """Ctrl-C while nothing can be lost: end at once, for an exception might land in the middle of any import."""
    try:
        os.write(2, (error_text("interrupted") + "\n").encode())
    except OSError:
        pass
    os._exit(1)


def _fill_descriptors() -> None:
    """Where a standard stream is closed, the next file to be opened would take its place and its output."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one


class _Patient:
    """Standard error that may be full or gone: progress and logging must not end a command."""

    def __init__(self, stream: object) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what can be written."""
        try:
            return self._stream.write(text)  # type: ignore[attr-defined, no-any-return]
        except (OSError, ValueError):
            return len(text)

    def flush(self) -> None:
        """Flush what can be flushed."""
        try:
            self._stream.flush()  # type: ignore[attr-defined]
        except (OSError, ValueError):
            pass


if __name__ == "__main__":
    raise SystemExit(main())
