"""What a run ran on: processor, memory, versions, hashes of the model files; and how much memory it took."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import sys
from pathlib import Path
from typing import Any

import torch

from helix_app import __version__
from helix_app.base import texts
from helix_app.base.files import replacing
from helix_app.base.process.paths import cache_dir
from helix_app.engine.machine import threads
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.machine.memory import peak_resident, total_memory
from helix_app.modelfiles.draft_head import HeadFiles
from helix_app.modelfiles.model_path import ModelFiles

log = logging.getLogger(__name__)
_TOLD_ENVIRONMENT = (  # variables that change speed
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "ATEN_CPU_CAPABILITY",
    "ONEDNN_MAX_CPU_ISA",
    "HELIX_FORCE_CPU",
    "HELIX_ASSUME_QUIET",
    "HELIX_CUDA_GRAPHS",
    "CUDA_VISIBLE_DEVICES",
    "DML_VISIBLE_DEVICES",
)


def machine_facts() -> dict[str, Any]:
    """Processor, cores, memory in bytes, system, threads and the environment variables that change speed."""
    return {
        "cpu": cpu().name,
        "cores": os.cpu_count() or 1,
        "threads": threads.in_use(),
        "memory_bytes": total_memory(),
        "system": f"{platform.system()} {platform.release()}",
        "architecture": platform.machine(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "environment": {name: os.environ[name] for name in _TOLD_ENVIRONMENT if name in os.environ},
    }


def version_facts() -> dict[str, str]:
    """Versions of Helix, Python and the libraries that do the work."""
    versions = {"helix": __version__, "python": platform.python_version(), "torch": torch.__version__}
    for package in ("transformers", "tokenizers", "numpy", "gguf"):
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue  # a frozen program carries no metadata of some packages
    return versions


def model_facts(files: ModelFiles | HeadFiles, name: str) -> dict[str, Any]:
    """Name, architecture and the files of a model or draft head with size and sha256."""
    gguf = files.gguf if isinstance(files, ModelFiles) else None
    paths = files.weights if gguf is None else gguf.files
    return {
        "name": name,
        "architecture": files.config.architecture,
        "files": tuple({"name": p.name, "size_bytes": p.stat().st_size, "sha256": file_sha256(p)} for p in paths),
    }


def file_sha256(path: Path) -> str:
    """sha256 of a file in hex, remembered by path, size and time of change."""
    stat = path.stat()
    key = f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}"
    store = cache_dir() / "sha256.json"
    try:
        known = texts.read_json(store)
        if isinstance(known, dict) and isinstance(known.get(key), str):
            return known[key]
    except (OSError, ValueError):
        known = {}
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    try:
        store.parent.mkdir(parents=True, exist_ok=True)
        part = store.with_suffix(f".{os.getpid()}.part")
        part.write_text(json.dumps({**(known if isinstance(known, dict) else {}), key: digest.hexdigest()}))
        replacing.replace(part, store)
    except OSError as exc:
        log.info("the hash of %s is not remembered: %s", path.name, exc)
    return digest.hexdigest()


# --------------------------------------------------------------------------- memory


def reset_peak_memory(device: str) -> None:
    """Let the next ``peak_memory`` count from now, where the system can do that (CUDA, Linux)."""
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
    elif sys.platform == "linux":
        try:
            Path("/proc/self/clear_refs").write_text("5")  # proc(5): resets VmHWM
        except OSError as exc:
            log.debug("the peak of memory cannot be reset: %s", exc)


def peak_memory(device: str) -> int | None:
    """Most bytes in use: on the card with CUDA, else of this process with everything it has loaded.

    Counted since ``reset_peak_memory`` on Linux and CUDA, since the start of the process elsewhere; None where
    the system does not say.
    """
    if device == "cuda":
        return int(torch.cuda.max_memory_allocated())
    return peak_resident()
