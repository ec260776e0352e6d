"""Models that other programs keep: found where they are, used in place, never written to.

LM Studio: ``~/.lmstudio/models/publisher/model/*.gguf`` (before: ``~/.cache/lm-studio/models``; its settings and a
pointer in the home folder may name others). Jan: ``llamacpp/models/**/*.gguf`` in its data folder. Ollama: manifests
that name blobs, which are GGUF files without a name. Hugging Face: the hub's cache, ``HF_HUB_CACHE``.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helix_app.base import texts
from helix_app.base.process import paths
from helix_app.hub.library.quantisation import is_model
from helix_app.modelfiles.part_names import part_files
from helix_app.protocol.library import Origin

log = logging.getLogger(__name__)

PROGRAMS: dict[str, str] = {"lm_studio": "LM Studio", "jan": "Jan", "ollama": "Ollama", "hf_cache": "Hugging Face"}
MOST_FILES = 2000  # of one program
_DEEPEST = 6
_OLLAMA_MODEL = "application/vnd.ollama.image.model"


@dataclass(frozen=True)
class Found:
    """A model of another program.

    Attributes:
        name: what that program calls it; empty where the file's own name says it.
    """

    path: Path
    origin: Origin
    name: str = ""


def find_all(home: Path | None = None) -> tuple[Found, ...]:
    """The models of all programs that are here. What cannot be read is passed over."""
    home = home or Path(paths.home() or os.devnull)  # in which nothing is
    found: dict[Path, Found] = {}
    for one in (*_lm_studio(home), *_jan(home), *_ollama(home), *_hub_cache()):
        found.setdefault(one.path, one)
    return tuple(found.values())


def _lm_studio(home: Path) -> Iterator[Found]:
    bases = [home / ".lmstudio"]
    pointer = _text(home / ".lmstudio-home-pointer").strip()
    if pointer:
        bases.append(Path(pointer))
    folders = [home / ".cache" / "lm-studio" / "models"]
    for base in bases:
        chosen = _json(base / "settings.json").get("downloadsFolder")
        folders += [base / "models", *([Path(chosen)] if isinstance(chosen, str) and chosen else [])]
    for folder in folders:
        for path in models_below(folder):
            yield Found(path, "lm_studio")


def _jan(home: Path) -> Iterator[Found]:
    if sys.platform == "win32":
        base = Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or home / ".local" / "share")
    settings = _json(base / "Jan" / "settings.json").get("data_folder")
    data = [base / "Jan" / "data", home / "jan", *([Path(settings)] if isinstance(settings, str) and settings else [])]
    for folder in data:
        for below in (folder / "llamacpp" / "models", folder / "models"):
            for path in models_below(below):
                named = path.parent.name if path.name == "model.gguf" else ""
                yield Found(path, "jan", named)


def _ollama(home: Path) -> Iterator[Found]:
    chosen = os.environ.get("OLLAMA_MODELS")
    service = [] if sys.platform == "win32" else [Path("/usr/share/ollama/.ollama/models")]
    for folder in [Path(chosen)] if chosen else [home / ".ollama" / "models", *service]:
        for manifest in _files(folder / "manifests"):
            blob = _blob(folder, _json(manifest))
            if blob is not None:
                yield Found(blob, "ollama", f"{manifest.parent.name}:{manifest.name}")


def _blob(folder: Path, manifest: dict[str, Any]) -> Path | None:
    """The file of a manifest's model; an adapter or a projector beside it is none."""
    layers = manifest.get("layers")
    for layer in layers if isinstance(layers, list) else []:
        if isinstance(layer, dict) and layer.get("mediaType") == _OLLAMA_MODEL:
            digest = str(layer.get("digest", "")).replace(":", "-")
            path = folder / "blobs" / Path(digest).name
            return path if digest and path.is_file() else None
    return None


def _hub_cache() -> Iterator[Found]:
    from huggingface_hub import constants

    chosen = os.environ.get("HF_HUB_CACHE") or constants.HF_HUB_CACHE
    folder = Path(os.path.expandvars(paths.expanded(chosen)))  # as the hub's own library has it
    for repo in _listed(folder):
        if not repo.name.startswith("models--"):
            continue
        for snapshot in _listed(repo / "snapshots"):
            name = repo.name.removeprefix("models--").replace("--", "/")
            yield from (Found(path, "hf_cache") for path in models_below(snapshot))
            if (snapshot / "config.json").is_file() and any(snapshot.glob("*.safetensors")):
                yield Found(snapshot, "hf_cache", name)


def models_below(folder: Path) -> Iterator[Path]:
    """The GGUF models in a folder and the folders in it, of a split one the first file."""
    for path in _files(folder):
        if is_model(path.name) and part_files(path)[0] == path:
            yield path


def _files(folder: Path) -> Iterator[Path]:
    """Files below a folder, in order; links to folders are not followed."""
    seen = 0
    for base, folders, names in os.walk(folder):
        folders[:] = sorted(folders) if len(Path(base).relative_to(folder).parts) < _DEEPEST else []
        for name in sorted(names):
            seen += 1
            if seen > MOST_FILES:
                log.info("%s has more files than are looked at", folder)
                return
            yield Path(base) / name


def _listed(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return ()


def _json(path: Path) -> dict[str, Any]:
    try:
        raw = texts.read_json(path)
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def _text(path: Path) -> str:
    try:
        return texts.read(path)
    except (OSError, ValueError):
        return ""
