"""Folders of other programs, and models in them."""

from __future__ import annotations

import json
from pathlib import Path

FAKE = b"GGUF" + b"\0" * 60  # begins like a model, and is none


def put(path: Path, data: bytes = FAKE) -> Path:
    """A file in folders that are made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def ollama(home: Path, name: str, tag: str, data: bytes = FAKE, digest: str = "1" * 64) -> Path:
    """A model as Ollama keeps it: a manifest, and blobs without names."""
    base = home / ".ollama" / "models"
    blob = put(base / "blobs" / f"sha256-{digest}", data)
    put(base / "blobs" / f"sha256-{'9' * 64}", b"a projector")
    layers = [
        {"mediaType": "application/vnd.ollama.image.projector", "digest": f"sha256:{'9' * 64}", "size": 11},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{digest}", "size": len(data)},
    ]
    manifest = json.dumps({"schemaVersion": 2, "layers": layers}).encode()
    put(base / "manifests" / "registry.ollama.ai" / "library" / name / tag, manifest)
    return blob


def lm_studio(home: Path, name: str, data: bytes = FAKE) -> Path:
    """A model as LM Studio keeps it."""
    return put(home / ".lmstudio" / "models" / "maker" / "model-GGUF" / name, data)


def hub_cache(folder: Path, repo: str, name: str, data: bytes = FAKE) -> Path:
    """A file as the hub's cache keeps it: a link in a snapshot to a blob."""
    base = folder / f"models--{repo.replace('/', '--')}"
    blob = put(base / "blobs" / "abc", data)
    link = base / "snapshots" / ("0" * 40) / name
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(blob)
    return link
