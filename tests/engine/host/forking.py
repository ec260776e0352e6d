"""Child processes in a hundredth of the time: forked from one that has imported what they need.

What a child is given is what ``spawn`` would give it; only the imports, two seconds of each start, are there already.
Most tests of the integration folder start real ones.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
from collections.abc import Callable
from typing import Any

import pytest

IMPORTED = [
    "torch",
    "helix_app.engine.host.child",
    "helix_app.engine.engine",
    "helix_app.engine.text.examine",
    "helix_app.engine.text.prompt_child",
    "helix_app.engine.text.tokenizer",
    "tests.engine.host.fake_engines",
]


class Forking:
    """Stands in for ``multiprocessing.get_context("spawn")``."""

    def __init__(self) -> None:
        self._server = multiprocessing.get_context("forkserver")
        self._server.set_forkserver_preload(IMPORTED)
        self.Pipe = self._server.Pipe

    def Process(self, *, target: Callable[..., Any], args: tuple[Any, ...], **options: Any) -> Any:
        """A process that begins with the environment and folder of now."""
        given = dict(os.environ), os.getcwd(), target, args
        return self._server.Process(target=_begin, args=given, **options)


def _begin(environment: dict[str, str], folder: str, target: Callable[..., Any], args: tuple[Any, ...]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    gc.freeze()  # or every load would look through what was imported
    target(*args)


def fork_children(patch: pytest.MonkeyPatch) -> None:
    """From now on children are forked, where the system can."""
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return
    real, forking = multiprocessing.get_context, Forking()
    patch.setattr(multiprocessing, "get_context", lambda kind=None: forking if kind == "spawn" else real(kind))
