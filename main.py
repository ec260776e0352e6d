"""Start Helix: double-click it, or ``python main.py``."""

from __future__ import annotations

import multiprocessing
import sys

if __name__ == "__main__":
    multiprocessing.freeze_support()  # in a frozen program the engine's child process starts here, too
    if sys.argv[1:2] == ["--helix-job"]:  # a frozen program probes drivers in a second process of itself
        from helix_app.engine.machine.probes import jobs

        jobs.main(sys.argv[2:])  # ends the process
    from helix_app.app import main

    sys.exit(main())
