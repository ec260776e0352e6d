"""The archive has what a start needs, and nothing of a developer's folder."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import archive

import helix_app


def test_the_archive_starts(tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    folder = tmp_path / "with a space" / "portable"
    archive.lay_out(folder, uv, windows=False)
    assert not list(folder.rglob("__pycache__"))
    assert (folder / "packaging" / "uv").exists()
    assert (folder / "packaging" / "unix" / "start-helix.sh").exists()
    command = [sys.executable, "-S", str(folder / "packaging" / "launcher"), "--list"]
    said = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "in use: nothing yet" in said.stdout


def test_one_version_number_feeds_all(tmp_path: Path) -> None:
    assert archive.version() == helix_app.__version__
    (tmp_path / "portable").mkdir()
    (tmp_path / "portable" / "main.py").touch()
    packed = archive.pack(tmp_path / "portable", tmp_path, "win32")
    assert packed.name == f"Helix-{helix_app.__version__}-windows.zip"
    assert zipfile.ZipFile(packed).namelist() == [f"Helix-{helix_app.__version__}-windows/main.py"]
    packed = archive.pack(tmp_path / "portable", tmp_path, "linux")
    with tarfile.open(packed) as tar:
        assert f"Helix-{helix_app.__version__}-linux/main.py" in tar.getnames()
