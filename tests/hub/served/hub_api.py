"""Answers of the hub's API for a server that plays it."""

from __future__ import annotations

from typing import Any

from tests.hub.served.models import OTHER, PAYLOAD, REPO, sha256
from tests.hub.served.server import FileServer, Served

QUERY = "tiny"


def sibling(name: str, data: bytes) -> dict[str, Any]:
    """A file as the API tells it."""
    lfs = {"size": len(data), "sha256": sha256(data), "pointerSize": 130}
    return {"rfilename": name, "size": len(data), "blobId": "0" * 40, "lfs": lfs}


FILES = [
    {"rfilename": "README.md", "size": 10, "blobId": "1" * 40},
    sibling("tiny.Q8_0.gguf", PAYLOAD),
    sibling("tiny.Q4_K_M.gguf", PAYLOAD[:1000]),
    sibling("mmproj-tiny-F16.gguf", OTHER[:500]),
    sibling("BF16/tiny-BF16-00001-of-00002.gguf", PAYLOAD[:300_000]),
    sibling("BF16/tiny-BF16-00002-of-00002.gguf", PAYLOAD[300_000:]),
    sibling("half-F32-00001-of-00002.gguf", OTHER),  # its second part is not there
]


def info(repo: str = REPO, architecture: str | None = "llama", **more: Any) -> dict[str, Any]:
    """A repository as the API tells it."""
    gguf = {"gguf": {"architecture": architecture, "context_length": 4096, "total": 1}} if architecture else {}
    base = {"id": repo, "downloads": 1234, "gated": False, "tags": ["gguf", "license:apache-2.0"], **gguf}
    return {**base, "siblings": FILES, **more}


FOUND = [
    info(),
    info("other/oss-GGUF", "mamba", gated="manual", tags=["gguf"], cardData={"license": "mit"}),
    info("third/unknown", None, tags=[]),
]


def serve_api(server: FileServer, **options: Any) -> tuple[Served, Served]:
    """Serve a search and a look into a repository."""
    search = server.serve_json("/api/models", FOUND, **options)
    return search, server.serve_json(f"/api/models/{REPO}", info(), **options)
