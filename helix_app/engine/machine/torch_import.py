"""A shorter import of PyTorch for programs that are about to write a reply: ``prepare`` comes before it.

Half of the time from a command to its first token is that import. Three things shorten it, and change no result:

- PyTorch's largest library is loaded by a thread of its own, while this one imports what is all Python (Linux).
- Modules that only compilers and exporters use run when one first asks for something in them: the shapes that every
  operator would give (``torch._meta_registrations``) and ``torch.export`` are a quarter of the import.
- The garbage collector waits until the modules are there; ``settle`` exempts them from later collections.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import gc
import importlib
import importlib.util
import os
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

DEFERRED = frozenset({"torch._meta_registrations", "torch.distributed._meta_registrations", "torch.export"})
TRIED = ("2.13.",)  # versions whose import is known to need none of these
_LIBRARIES = ("libtorch_global_deps.so", "libtorch_cpu.so")  # the first for all who come later, as PyTorch does it
_waits = False  # whether the collector does


def prepare() -> None:
    """Make ready for ``import torch``; does nothing where that has begun."""
    global _waits
    if "torch" in sys.modules:
        return
    if gc.isenabled():  # otherwise whoever stopped it decides
        gc.disable()
        _waits = True
    folder = _folder()
    if folder is None:
        return
    if sys.platform == "linux":
        thread = threading.Thread(target=_load_libraries, args=(folder / "lib",), name="torch-libraries", daemon=True)
        atexit.register(thread.join)  # a process that ends while a library begins is aborted
        thread.start()
    if _version(folder).startswith(TRIED):
        sys.meta_path.insert(0, _Finder())


def settle() -> None:
    """After ``prepare`` and the import: what is imported stays, so that collections need not look at it again."""
    global _waits
    _name_generators()
    if _waits:
        gc.freeze()
        gc.enable()
        _waits = False


def _name_generators() -> None:
    """What a deferred module would have done: until then ``torch.Generator()`` is refused."""
    torch = sys.modules.get("torch")
    if torch is not None and "torch._prims.rng_prims" not in sys.modules:
        with contextlib.suppress(ImportError, AttributeError):
            base = importlib.import_module("torch._opaque_base")
            torch._C._set_generator_metaclass(base.OpaqueBaseMeta)


def _folder() -> Path | None:
    """Of PyTorch's files; None where there are none."""
    spec = importlib.util.find_spec("torch")
    places = list(spec.submodule_search_locations or ()) if spec is not None else []
    return Path(places[0]) if places else None


def _version(folder: Path) -> str:
    try:
        text = (folder / "version.py").read_text(encoding="utf-8")
    except OSError:
        return ""
    _, _, rest = text.partition("__version__ = ")
    return rest.partition("\n")[0].strip(" '\"")


def _load_libraries(folder: Path) -> None:
    """Have the system load the libraries; called as a foreign function, it leaves the interpreter to others."""
    with contextlib.suppress(AttributeError, OSError):
        load = ctypes.CDLL(None).dlopen
        load.restype, load.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
        flags = (os.RTLD_NOW | os.RTLD_GLOBAL, os.RTLD_NOW)
        for name, flag in zip(_LIBRARIES, flags):
            if (folder / name).is_file():
                load(os.fsencode(folder / name), flag)


class _Finder(MetaPathFinder):
    """Finds the deferred modules, and gives them a loader that waits."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname not in DEFERRED:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Later(spec.loader.name, spec.loader.path)
        return spec


class _Later(SourceFileLoader):
    """Runs a module's code when something is first asked of it.

    ``importlib.util.LazyLoader`` does that as well, but its modules run as soon as they are imported twice.
    """

    def exec_module(self, module: ModuleType) -> None:
        lock = threading.RLock()
        begun = runs = False

        def first(name: str) -> Any:
            nonlocal begun, runs
            missing = AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            if name.startswith("__"):  # the import system's own questions
                raise missing
            with lock:  # other threads wait here until the module has run
                if runs:  # it asks for a name of its own
                    raise missing
                if not begun:
                    begun = runs = True
                    try:
                        super(_Later, self).exec_module(module)
                    finally:
                        runs = False
                        if vars(module).get("__getattr__") is first:
                            del vars(module)["__getattr__"]
            return getattr(module, name)

        vars(module)["__getattr__"] = first
