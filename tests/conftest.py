"""What every test shares: folders of its own, no window on a screen, and the real default model."""

from __future__ import annotations

import gc
import os
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import filelock
import platformdirs
import pytest

from helix_app.base.process import heap
from helix_app.base.process.imports import import_plainly
from tests.covering import leave_to_soak
from tests.forked import Warm

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")  # before anything imports Qt
# Before anything imports torch: tests run beside each other, and threads that wait for a core take it from the others.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.null.Keyring"  # no test looks into a person's keyring


# Children of tests find modules compiled, whatever the environment of this run says.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

heap.collect_by_hand()  # as the program does; thousands of modules are about to be imported

ALLOCATED = 100_000  # objects between two looks at all that tests have left
IMPORTED = 100  # modules that a test has imported: a library, which every load of a model would look through


@pytest.hookimpl(trylast=True)
def pytest_configure() -> None:
    """As the program does, once pytest-qt has imported Qt."""
    if "PySide6" in sys.modules:
        import_plainly()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    leave_to_soak(items)


def pytest_collection_finish() -> None:
    """What was imported is not looked at again."""
    heap.set_aside()
    _imported[0] = len(sys.modules)


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown() -> None:
    """Collect what a test has left, old things after many."""
    young = gc.get_count()[0]
    _allocated[0] += young
    if len(sys.modules) > _imported[0] + IMPORTED:
        heap.set_aside()
        _imported[0] = len(sys.modules)
    elif _allocated[0] > ALLOCATED:
        gc.collect()
        _allocated[0] = 0
    elif young > gc.get_threshold()[0]:
        gc.collect(1)


_allocated = [0]
_imported = [0]


@pytest.fixture(scope="session", autouse=True)
def helix_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """HELIX_HOME of this run, so that no test touches a person's files.

    One folder for the whole session: converting a tokenizer takes seconds and is cached below it. A test that
    looks at files sets a HELIX_HOME of its own with monkeypatch.
    """
    home = tmp_path_factory.mktemp("helix-home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELIX_HOME", str(home))
        patch.delenv("HELIX_MODELS", raising=False)
        yield home


@pytest.fixture(scope="session", autouse=True)
def quiet_machine() -> Iterator[None]:
    """Tests run beside each other: without this each load, of every process, would measure the machine again."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELIX_ASSUME_QUIET", "1")
        yield


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all test processes of a run."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base


@pytest.fixture(scope="session", autouse=True)
def kernels_made_once(run_folder: Path) -> Iterator[None]:
    """Machine code is made once in a run, for all test processes, theirs, and whatever HELIX_HOME they have."""
    from tests.engine.kernels.packed.instruments.code_once import make_code_once

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HELIX_KERNELS", str(run_folder / "kernels"))
        make_code_once(patch, run_folder / "machine-code")
        yield


@pytest.fixture(scope="session")
def warm_window() -> Iterator[Warm]:
    """Forks windows whose engine runs in their own process; Qt runs so on Linux."""
    made = Warm("helix_app.app", "helix_app.gui.window.main_window", "helix_app.engine.engine")
    yield made
    made.close()


@pytest.fixture(scope="session")
def default_model() -> Path:
    """The GGUF file of the catalog's default model, a real one.

    HELIX_TEST_MODEL names it; otherwise it is downloaded once into a folder that later runs share. That folder
    is laid out like ``paths.models_dir()``: ``default_model.parent.parent`` serves as HELIX_MODELS.
    """
    given = os.environ.get("HELIX_TEST_MODEL")
    if given:
        path = Path(given)
        if not path.is_file():
            pytest.fail(f"HELIX_TEST_MODEL names {given}, and there is no such file")
        return path
    return _pull_default_model(Path(platformdirs.user_cache_dir("helix-tests", appauthor=False)) / "models")


@pytest.fixture(scope="session")
def gemma() -> Path:
    """The GGUF file of Gemma 3 270M, a base model without a chat template, which HELIX_TEST_GEMMA names."""
    path = Path(os.environ.get("HELIX_TEST_GEMMA", ""))
    if not path.is_file():
        pytest.skip("HELIX_TEST_GEMMA names no file of Gemma 3 270M")
    return path


def _pull_default_model(root: Path) -> Path:
    from helix_app.base import messages
    from helix_app.base.errors import HelixError
    from helix_app.hub import store
    from helix_app.hub.catalog import load_catalog
    from helix_app.hub.download import download

    entry = load_catalog().entries[0]
    root.mkdir(parents=True, exist_ok=True)
    try:
        with filelock.FileLock(root / ".tests.lock"):  # one of several test processes fetches it
            for _ in download(entry, threading.Event(), root=root):
                pass
    except HelixError as exc:
        pytest.fail(f"the default model cannot be had: {messages.error_text(exc.code, exc.fields)}\n{exc.detail}")
    return store.path_of(entry, root)
