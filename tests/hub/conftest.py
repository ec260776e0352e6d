"""A home and a server of its own for each test, and no thread left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from tests.hub.served.server import FileServer


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("HELIX_MODELS", raising=False)
    for name in ("HF_TOKEN", "HF_HUB_CACHE", "OLLAMA_MODELS", "XDG_DATA_HOME", "APPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "person" / "hub"))
    for name in ("HOME", "USERPROFILE"):  # where other programs would be
        monkeypatch.setenv(name, str(tmp_path / "person"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "person" / "token"))
    return tmp_path / "home"


@pytest.fixture(autouse=True)
def no_thread_stays() -> Iterator[None]:
    yield
    for thread in threading.enumerate():
        if thread.name.startswith("download"):
            thread.join(timeout=10)
            assert not thread.is_alive(), f"{thread.name} still runs"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """A server that also plays the hub."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with FileServer() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        yield running


@pytest.fixture
def folder(home: Path) -> Path:
    """Where the tiny model's files go."""
    return home / "data" / "models" / "tiny"
