"""Every curl line of the README does what it says, against a server over a fake engine."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.server.options import DEFAULT_PORT, ServerOptions
from tests.server.fakes import Running, fake_server

README = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
LINES = re.findall(r"^    (curl .*)$", README, re.MULTILINE)
pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this computer")


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    _, running = fake_server(ServerOptions(model="smollm2-135m-instruct"))
    yield running
    running.close()


def test_there_are_some() -> None:
    assert len(LINES) >= 7


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.split()[1 if line.split()[1] != "-N" else 2])
def test_a_curl_line(server: Running, line: str) -> None:
    own = f"http://127.0.0.1:{DEFAULT_PORT}"
    assert own in line
    command = shlex.split(line.replace(own, server.url))
    ran = subprocess.run([*command, "-s", "--fail", "--noproxy", "*"], capture_output=True, timeout=60, check=False)
    assert ran.returncode == 0, ran
    told = ran.stdout.decode()
    values = [json.loads(part[6:]) for part in told.splitlines() if part.startswith("data: ")] or [json.loads(told)]
    assert "error" not in values[-1]
    assert "done" in told or "smollm2" in told
