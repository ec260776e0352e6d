"""The reference reply: a fixed one, written plainly between measured ones, that shows how steady the machine was."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

TEXT = "Tell me about the sea, the wind and the weather."
TOKENS = 32
DRIFT = 0.10  # reference replies this far apart are reported


def drift(speeds: Sequence[float]) -> float | None:
    """From the slowest to the fastest of these decode speeds, as a fraction of their median; None under two of them."""
    return (max(speeds) - min(speeds)) / statistics.median(speeds) if len(speeds) > 1 else None
