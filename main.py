"""Start Helix: double-click it, or ``python main.py``."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a frozen program the engine's child process starts here, too
    from helix_app.base.process.program import dispatch

    code = dispatch(sys.argv)
    if code is None:
        from helix_app.app import main

        code = main()
    sys.exit(code)
