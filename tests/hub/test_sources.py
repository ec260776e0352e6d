"""Finding the wheel through pip, the real one, with an index in a folder."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from helix_app.base.errors import DownloadError
from helix_app.hub.sources import find_wheel, locate
from helix_app.hub.transfer.failures import Cancelled, SourceError
from tests.hub.served.models import PAYLOAD, WHEEL, WHEEL_FILE, entry, pull, sha256, wheel_source
from tests.hub.served.server import FileServer


@pytest.fixture
def pip_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """pip that knows nothing but the wheels of one folder."""
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(wheels))
    return wheels


def test_a_wheel_in_a_folder(pip_alone: Path) -> None:
    (pip_alone / WHEEL_FILE).write_bytes(WHEEL)
    path, progress = pull(entry(wheel_source()))
    assert path.read_bytes() == PAYLOAD
    assert {update.stage for update in progress} == {"connect", "download", "verify", "unpack"}


def test_a_wheel_on_a_server(pip_alone: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    page = f'<a href="{server.url}/{WHEEL_FILE}">{WHEEL_FILE}</a>'.encode()
    server.serve("/links.html", page, headers={"Content-Type": "text/html"})
    server.serve(f"/{WHEEL_FILE}", WHEEL)
    monkeypatch.setenv("PIP_FIND_LINKS", f"{server.url}/links.html")
    remote = locate(wheel_source(), entry(), threading.Event())
    assert (remote.url, remote.sha256) == (f"{server.url}/{WHEEL_FILE}", sha256(WHEEL))


def test_no_such_wheel(pip_alone: Path) -> None:
    with pytest.raises(SourceError) as caught:
        find_wheel("tiny-model", "1.0", sha256(WHEEL), threading.Event())
    assert caught.value.reason == "refused"
    assert "tiny-model==1.0" in caught.value.text


def test_another_wheel(pip_alone: Path) -> None:
    (pip_alone / WHEEL_FILE).write_bytes(WHEEL)
    with pytest.raises(DownloadError) as caught:
        pull(entry(wheel_source(WHEEL + b"x")))
    assert caught.value.code == "download_source"


def test_a_packaged_program_has_no_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    with pytest.raises(SourceError) as caught:
        find_wheel("tiny-model", "1.0", sha256(WHEEL), threading.Event())
    assert caught.value.reason == "skipped"


def test_a_python_without_pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(bare)], check=True)
    python = bare / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(SourceError) as caught:
        find_wheel("tiny-model", "1.0", sha256(WHEEL), threading.Event())
    assert caught.value.reason == "skipped"
    assert "no pip" in caught.value.text


def test_cancel_ends_pip(monkeypatch: pytest.MonkeyPatch) -> None:
    """pip is a stand-in that would never end; a cancel kills it."""
    cancel = threading.Event()
    started: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def start(command: list[str], **options: object) -> subprocess.Popen[str]:
        process = popen([command[0], "-c", "import time; time.sleep(600)"], **options)  # type: ignore[call-overload]
        started.append(process)
        cancel.set()
        return process  # type: ignore[no-any-return]

    monkeypatch.setattr(subprocess, "Popen", start)
    with pytest.raises(Cancelled):
        find_wheel("tiny-model", "1.0", sha256(WHEEL), cancel)
    assert started[0].returncode is not None
