"""The facts behind ``doctor``: what this computer has, what PyTorch makes of it, what Helix keeps here.

Imports no torch: whatever may crash or hang runs as a job of ``jobs.py``. ``findings.py`` says what is wrong.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import logging
import os
import platform
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from helix_app import __version__
from helix_app.base import settings
from helix_app.base.errors import DeviceError
from helix_app.base.process import paths
from helix_app.doctor.folders import FolderFact, crash_lines, disk_free, helix_folders, settings_error
from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices.adapters import Adapter, best
from helix_app.engine.machine.devices.directml import directml_adapters, installed
from helix_app.engine.machine.hardware import Card, cpu_name, system_cards
from helix_app.engine.machine.measured_file import Entry, kept
from helix_app.engine.machine.memory import free_memory, total_memory

log = logging.getLogger(__name__)
PACKAGES = ("torch", "transformers", "tokenizers", "numpy", "safetensors", "gguf", "PySide6-Essentials", "triton")
NEEDED = ("torch", "transformers", "tokenizers", "numpy", "safetensors", "gguf")  # modules the engine imports
ENVIRONMENT = (  # whose values are told; of other HELIX_ variables only that they are set
    "HELIX_HOME",
    "HELIX_MODELS",
    "HELIX_FORCE_CPU",
    "HELIX_ASSUME_QUIET",
    "HELIX_CUDA_GRAPHS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "DML_VISIBLE_DEVICES",
)
# What the engine asks of DirectML, counted on a simulated device; tests/engine/directml/test_directml.py keeps it true.
DIRECTML_OPERATORS = {
    "a plain token": 699,
    "a round of 4 n-gram tokens": 730,
    "a round of 4 tokens of a draft model": 1031,
    "waits for the device a round": 1,
    "not on the device": 0,
}
_TORCH_SECONDS, _SELF_TEST_SECONDS, _PACKED_SECONDS = 180.0, 180.0, 60.0

T = TypeVar("T")


@dataclass(frozen=True)
class Trouble:
    """Why something gave no answer; ``problem`` is empty where nothing went wrong.

    Attributes:
        problem: a code: how a job failed (``jobs.How``), or of ``directml.PROBLEMS`` and ``torch_facts.cuda_adapters``.
        reason: a few words for people.
        detail: the library's own.
    """

    problem: str = ""
    reason: str = ""
    detail: str = ""


@dataclass(frozen=True)
class TorchFacts:
    """PyTorch as it is installed here; ``capability`` names the instruction sets it uses."""

    trouble: Trouble = Trouble()
    version: str = ""
    cuda: str | None = None
    hip: str | None = None
    capability: str = ""
    threads: int | None = None
    import_seconds: float | None = None


@dataclass(frozen=True)
class LibraryFacts:
    """One way to a graphics card, ``directml`` or ``cuda``: its adapters, or why there are none."""

    kind: str
    adapters: tuple[Adapter, ...] = ()
    trouble: Trouble = Trouble()


@dataclass(frozen=True)
class PackedFacts:
    """In which forms this processor multiplies packed weights (``kernels/packed/emitter.py``), or why in none.

    Attributes:
        first: the form that others are compared with.
        others: further forms that it could run.
        taken: of formats that were tried here the form taken, and its time as a share of that of the first.
    """

    trouble: Trouble = Trouble()
    first: str = ""
    others: tuple[str, ...] = ()
    taken: tuple[tuple[str, str, float], ...] = ()


@dataclass(frozen=True)
class SelfTest:
    """What ``self_test.run`` found on a device (``cpu``, ``directml:1``), or why it found nothing."""

    device: str
    trouble: Trouble = Trouble()
    whole: bool = False
    difference: float | None = None
    tokens_equal: bool = False
    drafted: int = 0
    accepted: int = 0
    first_ms: float | None = None
    second_ms: float | None = None


@dataclass(frozen=True)
class ModelFact:
    """A model on this computer; ``verified`` means that this very file once had the right checksum.

    None where no checksum is known: it was added or copied here.
    """

    id: str
    bytes: int
    verified: bool | None
    name: str = ""


@dataclass(frozen=True)
class Facts:
    """Everything that ``doctor`` looks at. Bytes are None where the system does not say.

    Attributes:
        system: ``windows``, ``linux`` or ``darwin``; ``system_name`` is it in full.
        python: major and minor version.
        versions: of Helix, Python and packages; empty text for one that is missing.
        missing: modules the engine needs that are not there.
        cards: graphics cards that the system itself lists.
        nvidia_driver, kfd: Linux has NVIDIA's or AMD's compute driver; ``kfd_open``: and this person may use AMD's.
        models_disk_free: bytes free where models are kept.
        models, model_needs: models here; memory that the default one takes.
        measured: what was measured of this machine and is kept.
        settings_error: why ``settings.json`` cannot be read; empty for none.
        crash: last lines of the engine's crash log.
    """

    system: str = "linux"
    system_name: str = ""
    python: tuple[int, int] = (3, 11)
    versions: dict[str, str] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    cpu: str = ""
    cores: int = 1
    memory_total: int | None = None
    memory_free: int | None = None
    models_disk_free: int | None = None
    environment: dict[str, str] = field(default_factory=dict)
    forced_cpu: bool = False
    torch: TorchFacts = TorchFacts()
    packed: PackedFacts = PackedFacts()
    directml_installed: bool = False
    directml: LibraryFacts = LibraryFacts("directml")
    cuda: LibraryFacts = LibraryFacts("cuda")
    operators: dict[str, int] | None = None
    cards: tuple[Card, ...] = ()
    nvidia_driver: bool = False
    kfd: bool = False
    kfd_open: bool = False
    self_tests: tuple[SelfTest, ...] = ()
    models: tuple[ModelFact, ...] = ()
    model_needs: int = 0
    folders: tuple[FolderFact, ...] = ()
    settings_error: str = ""
    measured: tuple[Entry, ...] = ()
    crash: tuple[str, ...] = ()

    @property
    def adapters(self) -> tuple[Adapter, ...]:
        """Of DirectML, then of CUDA."""
        return (*self.directml.adapters, *self.cuda.adapters)

    @property
    def auto(self) -> str:
        """What the device ``auto`` is here: an adapter by its number, or ``cpu``."""
        if not self.forced_cpu:
            for library in (self.directml, self.cuda):
                adapter = best(library.adapters)
                if adapter is not None:
                    return adapter.value
        return "cpu"

    @property
    def can_run(self) -> bool:
        """Whether the engine runs somewhere: what it needs is there and no self-test of the CPU says otherwise."""
        broken = any(test.device == "cpu" and (test.trouble.problem or not test.whole) for test in self.self_tests)
        elsewhere = any(test.whole and test.device != "cpu" for test in self.self_tests)
        return not self.torch.trouble.problem and not self.missing and (not broken or elsewhere)


def gather(
    models: Sequence[ModelFact],
    model_needs: int,
    *,
    self_test: bool,
    cancel: threading.Event,
    on_progress: Callable[[str], None],
) -> Facts:
    """Look at everything. Never raises: what cannot be read is left out or told as trouble.

    Args:
        on_progress: called with ``torch``, ``directml`` or a device before what takes long.
    """
    system = platform.system().lower()
    on_progress("torch")
    torch_facts, cuda = look_at_torch(cancel)
    on_progress("directml")
    directml = look_at_directml(cancel)
    facts = Facts(
        system=system,
        system_name=attempt(platform.platform, ""),
        python=sys.version_info[:2],
        versions=attempt(versions, {}),
        missing=missing_modules(),
        cpu=attempt(cpu_name, ""),
        cores=os.cpu_count() or 1,
        memory_total=attempt(total_memory, None),
        memory_free=attempt(free_memory, None),
        models_disk_free=attempt(lambda: disk_free(paths.models_dir()), None),
        environment=attempt(environment, {}),
        forced_cpu=os.environ.get("HELIX_FORCE_CPU", "").lower() not in ("", "0", "false", "no"),
        torch=torch_facts,
        packed=look_at_packed(cancel),
        directml_installed=installed(),
        directml=directml,
        cuda=cuda,
        operators=dict(DIRECTML_OPERATORS),
        cards=attempt(system_cards, ()),
        nvidia_driver=Path("/proc/driver/nvidia/version").exists(),
        kfd=Path("/dev/kfd").exists(),
        kfd_open=os.access("/dev/kfd", os.R_OK | os.W_OK),
        models=tuple(models),
        model_needs=model_needs,
        folders=attempt(helix_folders, ()),
        settings_error=settings_error(settings.settings_file()),
        measured=attempt(kept, ()),
        crash=crash_lines(paths.log_dir() / "engine-crash.log"),
    )
    if not self_test or torch_facts.trouble.problem:
        return facts
    tests = []
    for device in (*(adapter.value for adapter in facts.adapters if adapter.usable), "cpu"):
        on_progress(device)
        tests.append(test_device(device, cancel))
    return replace(facts, self_tests=tuple(tests))


def attempt(look: Callable[[], T], otherwise: T) -> T:
    """What ``look`` finds, or ``otherwise`` where it fails: one broken corner must not hide the others."""
    try:
        return look()
    except Exception:
        log.info("a fact could not be gathered", exc_info=True)
        return otherwise


# ------------------------------------------------------------------------- libraries


def look_at_torch(cancel: threading.Event) -> tuple[TorchFacts, LibraryFacts]:
    """PyTorch and the cards of CUDA or ROCm, as a job sees them."""
    try:
        said = jobs.run("torch", seconds=_TORCH_SECONDS, cancel=cancel)
        adapters = tuple(Adapter(**item) for item in said["adapters"])
        facts = TorchFacts(
            version=said["version"],
            cuda=said["cuda"],
            hip=said["hip"],
            capability=said["capability"],
            threads=said["threads"],
            import_seconds=said["import_seconds"],
        )
        return facts, LibraryFacts("cuda", adapters, Trouble(said["problem"], said["reason"], said["detail"]))
    except jobs.JobError as exc:
        missing = exc.kind == "ModuleNotFoundError" and "'torch'" in exc.said
        trouble = Trouble("missing" if missing else exc.how, exc.said, exc.detail)
    except (LookupError, TypeError) as exc:
        trouble = Trouble("garbled", "", repr(exc))
    return TorchFacts(trouble), LibraryFacts("cuda", (), Trouble("no_torch", "PyTorch cannot be used"))


def look_at_directml(cancel: threading.Event) -> LibraryFacts:
    """The cards of torch-directml, or why there are none."""
    try:
        return LibraryFacts("directml", directml_adapters(cancel))
    except DeviceError as exc:
        return LibraryFacts("directml", (), Trouble(exc.fields["problem"], exc.fields["reason"], exc.detail))


def look_at_packed(cancel: threading.Event) -> PackedFacts:
    """The forms of packed products, as a job sees them."""
    try:
        said = jobs.run("packed-forms-kept", seconds=_PACKED_SECONDS, cancel=cancel)
        taken = (
            (part, choice["form"], float(choice["shares"].get(choice["form"], 1.0)))
            for part, choice in said["chosen"].items()
        )
        return PackedFacts(first=said["first"], others=tuple(said["others"]), taken=tuple(taken))
    except jobs.JobError as exc:
        return PackedFacts(Trouble(exc.how, exc.said, exc.detail))
    except (LookupError, TypeError, AttributeError, ValueError) as exc:
        return PackedFacts(Trouble("garbled", "", repr(exc)))


def test_device(device: str, cancel: threading.Event) -> SelfTest:
    """The self-test on a device, in a process of its own."""
    try:
        said = jobs.run("self-test", device, seconds=_SELF_TEST_SECONDS, cancel=cancel)
        return SelfTest(device=device, **said)
    except jobs.JobError as exc:
        return SelfTest(device, Trouble(exc.how, exc.said, exc.detail))
    except TypeError as exc:
        return SelfTest(device, Trouble("garbled", "", repr(exc)))


test_device.__test__ = False  # type: ignore[attr-defined]  # no test of pytest


def versions() -> dict[str, str]:
    """Versions of Helix, Python and the libraries that do the work; empty text for one that is not there."""
    found = {"Helix": __version__, "Python": platform.python_version()}
    for package in (*PACKAGES, *(("torch-directml",) if installed() else ())):
        try:
            found[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            found[package] = ""
    return found


def missing_modules() -> tuple[str, ...]:
    """What the engine imports and is not there. Imports nothing."""
    return tuple(name for name in NEEDED if not attempt(partial(importlib.util.find_spec, name), None))


def environment() -> dict[str, str]:
    """The variables that change what Helix does."""
    told = {name: os.environ[name] for name in ENVIRONMENT if name in os.environ}
    return told | {name: "(set)" for name in sorted(os.environ) if name.startswith("HELIX_") and name not in told}
