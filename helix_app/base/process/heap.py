"""The garbage collector of a program with a window: long recordings out of its way, and only ever on the main thread.

A run of 20,000 tokens is half a million small objects without a cycle among them. To look through all of them stops the
window for a fifth of a second, for nothing. What has been looked at once is set aside; it is still freed as soon as
nobody refers to it.

Python collects on whichever thread happens to allocate. Where that is a thread of the server or of the engine, a dialog
that has been closed would be destroyed there, under the hands of Qt, and the program would crash.
"""

from __future__ import annotations

import gc
import threading

EVERY = 1000  # recorded events between two calls


def set_aside() -> None:
    """Collect what is garbage now and exempt the rest from later collections. Costs what came since the last call."""
    gc.collect()
    gc.freeze()


def collect_by_hand() -> None:
    """From now on nothing is collected but by ``collect_due``."""
    gc.disable()


def collect_due() -> None:
    """Collect the oldest generation that is due by Python's thresholds. For the main thread, now and then."""
    counts = zip(gc.get_count(), gc.get_threshold(), strict=True)
    due = [generation for generation, (count, threshold) in enumerate(counts) if count > threshold > 0]
    if due:
        gc.collect(due[-1])


def collect_all() -> None:
    """Collect all there is, unless that is left to another thread."""
    if gc.isenabled() or threading.current_thread() is threading.main_thread():
        gc.collect()
