"""How much other programs took from a measurement: a fixed product of numbers, timed before and after it.

A product that another program's work holds up takes several times as long as the fastest of its kind. The mean over
some hundredths of a second, over the fastest ever seen on this machine, is how busy the machine was: 1 is quiet.
"""

from __future__ import annotations

import functools
import math
import os
import time
from collections.abc import Callable

import torch

SWITCH = "HELIX_ASSUME_QUIET"  # 1 in the environment: nothing is timed for this, for tests that run beside each other
BUSY = 1.6  # no time is believed from here on: quiet machines showed 1.1 to 1.3, a single busy program 2.1 to 24
_SLOW = 2.0  # over the fastest that this machine ever showed: slower by this much is busy, too
_WARM, _RUNS = 100, 300  # products: a hundredth of a second, several turns of a scheduler
_NUMBERS = 2**18  # of each factor: they stay in the caches, and all threads take part


def busyness(best: float = math.inf) -> tuple[float, float]:
    """How busy the machine is now, and the fastest reference product seen.

    Args:
        best: seconds of the fastest reference product that is known.
    """
    if os.environ.get(SWITCH) == "1":
        return 1.0, min(best, 1.0)
    with torch.inference_mode():  # whoever asks, in its own mode or not
        return _busyness(_product(), best)


def _busyness(product: Callable[[], torch.Tensor], best: float) -> tuple[float, float]:
    for _ in range(_WARM):
        product()
    seconds = []
    for _ in range(_RUNS):
        begin = time.perf_counter()
        product()
        seconds.append(time.perf_counter() - begin)
    own = min(seconds)
    mean = sum(seconds) / len(seconds)
    fastest = min(own, best)
    # a clock that is merely lower than once (on battery, warm) is no other program: only a large lack counts
    return max(mean / own, BUSY * mean / fastest / _SLOW), fastest


@functools.cache
def _product() -> Callable[[], torch.Tensor]:
    one, other, result = (torch.ones(_NUMBERS) for _ in range(3))
    return lambda: torch.mul(one, other, out=result)
