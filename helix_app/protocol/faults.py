"""An error that nobody expected, as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Fault:
    """An error that nobody expected.

    Attributes:
        origin: where: the window, the engine, or a window of before, which ended by it.
        kind: the same for errors of the same type at the same lines.
        trace: its traceback, or what the interpreter wrote while the process ended; empty where nothing was written.
        cause: a few words of the system, such as "Segmentation fault"; empty where it said none.
    """

    origin: Literal["window", "engine", "before"]
    kind: str
    trace: str = ""
    cause: str = ""
