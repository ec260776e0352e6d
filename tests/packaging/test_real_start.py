"""The launcher with the real ``uv``: an empty home, no Python on the path. Minutes, and about 2 GB of disk.

    HELIX_TEST_UV=... HELIX_TEST_PYTHONS=... [HELIX_TEST_WHEELS=...] python -m pytest -m soak tests/packaging

``HELIX_TEST_PYTHONS`` is a folder of Pythons that ``uv`` manages; ``HELIX_TEST_WHEELS`` one with PyTorch for the CPU.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHELL = ROOT / "packaging" / "unix" / "start-helix.sh"
UV, PYTHONS = os.environ.get("HELIX_TEST_UV"), os.environ.get("HELIX_TEST_PYTHONS")

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(
        os.name == "nt" or not UV or not PYTHONS, reason="HELIX_TEST_UV and HELIX_TEST_PYTHONS name none"
    ),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("start") / "Jörg Müller"
    (folder / "bin").mkdir(parents=True)
    for name in ("sh", "dirname", "readlink"):
        (folder / "bin" / name).symlink_to(str(shutil.which(name)))
    (folder / "bin" / "uv").symlink_to(str(UV))
    return folder


def started(home: Path, *arguments: str) -> subprocess.Popen[str]:
    environment = {
        "HOME": str(home),
        "PATH": str(home / "bin"),
        "LANG": "C.UTF-8",
        "QT_QPA_PLATFORM": "offscreen",
        "UV_PYTHON_INSTALL_DIR": str(PYTHONS),
        "UV_PYTHON_DOWNLOADS": "never",
        "HELIX_PYTHON": os.environ.get("HELIX_TEST_PYTHON_VERSION", "3.12"),
    }
    kept = {name: os.environ[name] for name in ("SSL_CERT_FILE", "SSL_CERT_DIR") if name in os.environ}
    wheels = os.environ.get("HELIX_TEST_WHEELS")
    given = [str(SHELL), *(("--wheels", wheels) if wheels else ()), *arguments]
    return subprocess.Popen(
        given,
        env={**environment, **kept},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> str:
    output = process.communicate(timeout=1800)[0]
    assert process.returncode == 0, output
    return output


def environment_of(home: Path) -> Path:
    return next((home / ".local/share/Helix/environments").glob("cpu-*"))


@pytest.mark.timeout(3600)
def test_interrupted_gone_on_with_started_broken_and_repaired(home: Path, default_model: Path) -> None:
    first = started(home, "--no-start")
    assert first.stdout is not None
    for line in first.stdout:
        if "Downloading" in line or "Prepared" in line:
            break  # half way
    os.killpg(first.pid, signal.SIGKILL)  # uv, the launcher under it and what that runs
    first.wait()
    begin = time.perf_counter()
    ended(started(home, "--no-start"))
    print(f"made in {time.perf_counter() - begin:.0f} s")
    made = environment_of(home)
    assert (made / "helix-ready.json").exists()

    ended(started(home, "--", "--smoke-test"))
    generate = [str(made / "bin/python"), "-m", "helix_app", "generate", "--target", str(default_model)]
    generate += ["--prompt", "Name three rivers.", "--temperature", "0", "--max-tokens", "16"]
    variables = {"HOME": str(home), "PATH": "/nowhere"}
    said = subprocess.run(generate, cwd=ROOT, env=variables, capture_output=True, text=True, check=True, timeout=600)
    assert said.stdout.strip()

    site = next(made.glob("lib/python3*/site-packages"))
    shutil.rmtree(site / "numpy")
    assert "numpy: numpy/" in ended(started(home, "--", "--smoke-test"))
    assert (site / "numpy" / "__init__.py").exists()
