"""A shorter import of PyTorch: what waits runs when it is asked for, and what is not known is imported as ever."""

from __future__ import annotations

import gc
import importlib
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch  # noqa: F401

from helix_app.engine.machine import torch_import

PROGRAM = """
import gc, sys
from helix_app.engine.machine import torch_import
torch_import.prepare()
assert not gc.isenabled()
import torch
torch_import.settle()
assert gc.isenabled() and gc.get_freeze_count() > 100_000
waiting = [name for name in sorted(torch_import.DEFERRED) if "__getattr__" in vars(sys.modules.get(name, sys))]
import helix_app.engine.kernels.packed.pool
assert "llvmlite.ir" not in sys.modules  # what makes kernels is of no use where they are kept
assert torch.softmax(torch.ones(4) @ torch.ones(4, 2), 0).tolist() == [0.5, 0.5]
print(torch.__version__.startswith(torch_import.TRIED), *waiting)
assert torch.export.Dim.__name__ == "Dim"
assert "__getattr__" not in vars(torch.export)
torch._meta_registrations.check_inplace_broadcast
assert torch.bernoulli(torch.ones(3, device="meta")).shape == (3,)
"""


def test_what_only_compilers_use_waits_until_it_is_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    tried, *waiting = done.stdout.split()
    if tried == "True":
        assert {"torch._meta_registrations", "torch.export"} <= set(waiting)


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package with a module that counts how often it runs, and waits."""
    folder = tmp_path / "waits"
    folder.mkdir()
    (folder / "__init__.py").write_text("runs = []\n")
    (folder / "later.py").write_text("import waits\nwaits.runs.append(__name__)\nvalue = 7\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(torch_import, "DEFERRED", frozenset({"waits.later"}))
    monkeypatch.setattr(sys, "meta_path", [torch_import._Finder(), *sys.meta_path])
    yield folder
    for name in ("waits", "waits.later"):
        sys.modules.pop(name, None)


def test_a_module_runs_once_and_only_when_something_of_it_is_wanted(package: Path) -> None:
    waits = importlib.import_module("waits")
    later = importlib.import_module("waits.later")
    assert importlib.import_module("waits.later") is later
    assert waits.later is later
    assert not hasattr(later, "__path__")  # the import system's own questions do not count
    assert waits.runs == []
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(later.value)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [7] * 4
    assert waits.runs == ["waits.later"]
    with pytest.raises(AttributeError):
        later.nothing  # noqa: B018


def test_a_name_that_is_imported_from_it_is_wanted(package: Path) -> None:
    scope: dict[str, object] = {}
    exec("from waits.later import value", scope)
    assert scope["value"] == 7


@pytest.fixture
def collecting() -> Iterator[None]:
    """The collector runs by itself, as in a program; not so in these tests."""
    before = gc.isenabled()
    gc.enable()
    yield
    (gc.enable if before else gc.disable)()


@pytest.mark.usefixtures("collecting")
def test_a_version_that_was_not_tried_is_imported_as_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "version.py").write_text("__version__ = '2.4.1+cpu'\n")
    assert torch_import._version(tmp_path) == "2.4.1+cpu"
    assert torch_import._version(tmp_path / "none") == ""
    finders: list[object] = []
    modules = {name: module for name, module in sys.modules.items() if name != "torch"}
    monkeypatch.setattr(torch_import, "sys", _Sys(modules, finders))
    monkeypatch.setattr(torch_import, "_folder", lambda: tmp_path)
    torch_import.prepare()
    assert not gc.isenabled()
    torch_import.settle()
    assert gc.isenabled()
    assert finders == []
    (tmp_path / "version.py").write_text("__version__ = '2.13.0+cpu'\n")
    gc.disable()  # as in a program that collects by hand, which goes on to do so
    torch_import.prepare()
    torch_import.settle()
    assert not gc.isenabled()
    assert len(finders) == 1


def test_where_torch_is_imported_nothing_changes() -> None:
    assert "torch" in sys.modules
    before = gc.isenabled(), gc.get_freeze_count(), list(sys.meta_path)
    torch_import.prepare()
    torch_import.settle()
    assert (gc.isenabled(), gc.get_freeze_count(), sys.meta_path) == before


class _Sys:
    """Stands in for ``sys`` of a program that has not imported torch."""

    platform = "win32"  # where no library is loaded before

    def __init__(self, modules: dict[str, object], meta_path: list[object]) -> None:
        self.modules, self.meta_path = modules, meta_path


def test_a_program_that_ends_meanwhile_ends_as_it_wants() -> None:
    """The library's own beginning is no place to leave a process from."""
    begin = "import sys, time; from helix_app.engine.machine import torch_import"
    code = f"{begin}; torch_import.prepare(); time.sleep(0.15); sys.exit(3)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 3
