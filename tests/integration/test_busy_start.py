"""A first start beside a busy program, then a quiet one: the format is that of a quiet first start. Takes minutes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

CHOOSE = """
import sys
from helix_app.engine.measuring import formats
from helix_app.modelfiles.model_path import inspect
config = inspect(sys.argv[1]).config
print(formats.choose_dtype(config), formats.known(formats._name(config)))
"""


@contextmanager
def spinning(count: int) -> Iterator[None]:
    """So many programs that use all of a core."""
    programs = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for program in programs:
            program.kill()
            program.wait()


def chosen(model: Path, home: Path) -> str:
    """The dense format that a program with this folder takes."""
    environment = {**os.environ, "HELIX_HOME": str(home), "HELIX_ASSUME_QUIET": ""}
    done = subprocess.run(
        [sys.executable, "-c", CHOOSE, str(model)], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.split()[0]


@pytest.mark.soak
@pytest.mark.model
def test_a_busy_first_start_changes_nothing(default_model: Path, tmp_path: Path) -> None:
    quiet = chosen(default_model, tmp_path / "quiet")
    for count in (1, os.cpu_count() or 2):
        home = tmp_path / f"busy {count}"
        with spinning(count):
            chosen(default_model, home)
        assert chosen(default_model, home) == quiet
