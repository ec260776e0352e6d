"""Libraries that few tests need and that take long to import: only who runs such a test imports them.

Every process that runs tests collects all of them. In place of ``import x`` a module says ``x = Later("x")`` after its
imports; type hints are texts there.
"""

from __future__ import annotations

import importlib
from typing import Any


class Later:
    """Stands for a module until something in it is asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):  # pytest asks everything in a module whether it is a test or a mock
            raise AttributeError(name)
        return getattr(importlib.import_module(self._name), name)
