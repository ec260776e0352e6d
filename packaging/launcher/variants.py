"""What each accelerator's environment is made of: a lock file, where its PyTorch comes from, how much is fetched."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

from launcher.choice import Option

LOCKS = Path(__file__).resolve().parents[1] / "locks"
PYTHON = "3.12"
ROCM_TORCH = "torch[device-{gfx}]==2.13.0+rocm10.1.0"
# bytes of a PyTorch that no lock file has the size of: what their makers' wheels were in autumn 2026
_TORCH = {"cpu-linux": 190_000_000, "cuda-windows": 2_800_000_000}
_ROCM_TORCH = 1_100_000_000
_BACKENDS = {"cpu-linux": "cpu", "cuda-windows": "auto"}  # names that uv knows an index of PyTorch by
_UNPACKED = 3.5  # times what is fetched


@dataclass(frozen=True)
class Recipe:
    """How an environment is made.

    Attributes:
        digest: of everything that decides what is in it.
        steps: arguments of ``uv pip install``, one call after the other.
        fetched: bytes to fetch at most, about.
    """

    lock: Path
    digest: str
    steps: tuple[tuple[str, ...], ...]
    fetched: int

    @property
    def needs(self) -> int:
        """Bytes of disk that making it takes, about."""
        return int(self.fetched * (1 + _UNPACKED))

    def packages(self) -> tuple[str, ...]:
        """Names of all packages that it must have."""
        lines = self.lock.read_text(encoding="utf-8").splitlines()
        return tuple(line.partition("==")[0] for line in lines if "==" in line)


def rocm_index() -> str:
    """Where AMD's wheels are: ``HELIX_ROCM_INDEX``, or what whoever built this copy wrote into ``rocm-index.txt``."""
    told = os.environ.get("HELIX_ROCM_INDEX", "")
    try:
        return told or (LOCKS / "rocm-index.txt").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def locked(variant: str, system: str) -> bool:
    """Whether there is such an environment for a system."""
    return (LOCKS / f"{variant}-{system}.txt").is_file()


def recipe(option: Option, system: str, wheels: Path | None = None) -> Recipe:
    """How this option is made on a system.

    Args:
        wheels: a folder with wheels that are taken before any index: PyTorch comes from there, too.

    Raises:
        FileNotFoundError: there is no such environment for the system.
    """
    key = f"{option.variant}-{system}"
    lock = LOCKS / f"{key}.txt"
    content = lock.read_bytes()
    local = ("--find-links", str(wheels)) if wheels is not None else ()
    steps: list[tuple[str, ...]] = []
    if option.variant == "rocm":
        index = () if wheels is not None else ("--default-index", rocm_index())
        steps.append((*index, *local, ROCM_TORCH.format(gfx=option.gfx)))
    backend = ("--torch-backend", _BACKENDS[key]) if key in _BACKENDS and wheels is None else ()
    steps.append(("--no-deps", *backend, *local, "--requirements", str(lock)))
    said = (PYTHON, key, option.gfx, ROCM_TORCH if option.gfx else "", hashlib.sha256(content).hexdigest())
    fetched = json.loads((LOCKS / "sizes.json").read_text(encoding="utf-8"))[key] + _TORCH.get(key, 0)
    return Recipe(
        lock,
        hashlib.sha256("|".join(said).encode()).hexdigest()[:12],
        tuple(steps),
        fetched + (_ROCM_TORCH if option.variant == "rocm" else 0),
    )
