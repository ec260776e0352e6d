"""Files of strangers with something wrong in them: refused with a code, at once, and without memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from helix_app.base import messages
from tests.engine.made.tiny import Zoo
from tests.integration.mutated.mutations import HANG_SECONDS, KINDS

_ROOT = Path(__file__).parents[3]
_SLACK = 24 * 2**20  # bytes beside twice the file: objects that Python makes for any file, its regular expressions
_MEMORY = 5 * 2**29  # bytes of address space of the process that reads them, beside PyTorch's libraries
_LIMITED = f"""
import resource, runpy, torch
from pathlib import Path
told = Path("/proc/self/statm")
libraries = int(told.read_text().split()[0]) * resource.getpagesize() if told.exists() else 2**29
resource.setrlimit(resource.RLIMIT_AS, (libraries + {_MEMORY},) * 2)
runpy.run_module("tests.integration.mutated.mutations", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound file and a sound folder."""
    place = tmp_path_factory.mktemp("sound")
    zoo = Zoo(tmp_path_factory.mktemp("mutations-zoo"))
    shutil.copy(zoo.gguf("llama-small"), place / "model.gguf")
    shutil.copytree(zoo.folder("llama-small"), place / "model")
    return place


def read_all(sound: Path, first: int, count: int, seconds: float) -> None:
    """Read so many in a process of their own, whose address space is limited, and look at what it says of each."""
    arguments = [sys.executable, "-X", "faulthandler", "-c", _LIMITED, str(sound), str(first), str(count)]
    environment = {**os.environ, "PYTHONPATH": str(_ROOT), "OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(
        arguments, capture_output=True, text=True, timeout=seconds, env=environment, cwd=_ROOT, check=False
    )
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert done.returncode == 0, f"after {lines[-1:]}: {done.stderr[-2000:]}"
    assert len(lines) == count
    for told in lines:
        assert not told["code"] or told["code"] in messages.ERRORS, told
        assert told["code"] != "internal" or told["kind"] == "catalogue", told
        assert told["seconds"] < HANG_SECONDS, told
        assert told["peak"] <= 2 * told["size"] + _SLACK, told
    assert {told["kind"] for told in lines} == set(KINDS)
    assert any(told["code"] for told in lines)
    assert any(not told["code"] for told in lines)


@pytest.mark.skipif(sys.platform == "win32", reason="limits of address space are those of POSIX")
def test_two_hundred_mutated_files(sound: Path) -> None:
    read_all(sound, 0, 200, 280)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.skipif(sys.platform == "win32", reason="limits of address space are those of POSIX")
def test_two_thousand_mutated_files(sound: Path) -> None:
    read_all(sound, 10_000, 2_000, 7_000)
