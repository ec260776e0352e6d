"""Tensors of safetensors files by name, in whichever of them each lies."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from helix_app.base.errors import ModelFileError

_NO_MEMORY = "(os error 1455)"  # of Windows: the paging file is too small to map the file


class OpenedFiles:
    """Files that are open from ``open`` to ``close``; nothing is read of a tensor before it is asked for."""

    def __init__(self, files: Iterable[Path]) -> None:
        self._files = tuple(files)
        self._stack = ExitStack()
        self._where: dict[str, Any] = {}

    def open(self) -> None:
        """Open all of them, or none. Raises ModelFileError ``model_corrupt``, and MemoryError where none is left."""
        from safetensors import SafetensorError, safe_open

        for file in self._files:
            try:
                handle = self._stack.enter_context(safe_open(str(file), framework="pt"))
            except (SafetensorError, OSError) as exc:
                self.close()
                if _NO_MEMORY in str(exc):
                    raise MemoryError(str(exc)) from exc
                raise ModelFileError("model_corrupt", path=file, reason=str(exc), detail=repr(exc)) from exc
            self._where.update(dict.fromkeys(handle.keys(), handle))

    def close(self) -> None:
        """Close what is open; there are no tensors then."""
        self._stack.close()
        self._where.clear()

    def __contains__(self, name: str) -> bool:
        return name in self._where

    def tensor(self, name: str, index: int | None = None) -> torch.Tensor:
        """A tensor, or what it holds at ``index`` of its first dimension. Raises KeyError for one that is not there."""
        handle = self._where[name]
        found: torch.Tensor = handle.get_tensor(name) if index is None else handle.get_slice(name)[index : index + 1][0]
        return found
