"""The lock files, and how an environment is made of one."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from launcher.choice import Option
from launcher.variants import LOCKS, recipe, rocm_index

NAMES = sorted(path.stem for path in LOCKS.glob("*.txt"))
LINE = re.compile(r"[a-z0-9-]+==[0-9][\w.]*( --hash=sha256:[0-9a-f]{64})*")


@pytest.mark.parametrize("name", NAMES)
def test_a_lock_file_pins_everything_and_names_no_address(name: str) -> None:
    lines = (LOCKS / f"{name}.txt").read_text().splitlines()[1:]
    assert lines == sorted(lines, key=lambda line: line.partition("==")[0])
    assert all(LINE.fullmatch(line) for line in lines)
    unhashed = [line.partition("==")[0] for line in lines if "--hash" not in line]
    assert unhashed == (["torch"] if name in ("cpu-linux", "cuda-windows") else [])
    assert json.loads((LOCKS / "sizes.json").read_text())[name] > 100e6


def test_the_directml_set_is_the_one_that_torch_directml_pins() -> None:
    text = (LOCKS / "directml-windows.txt").read_text()
    for line in (LOCKS.parent / "constraints-directml.txt").read_text().splitlines():
        if "==" in line:
            assert f"\n{line} " in text


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("rocm")])
def test_rocm_has_no_pytorch_in_its_lock(name: str) -> None:
    assert "\ntorch==" not in (LOCKS / f"{name}.txt").read_text()


def test_where_pytorch_comes_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "--torch-backend" not in recipe(Option("cpu", ""), "windows").steps[0]
    assert recipe(Option("cpu", ""), "linux").steps[0][:3] == ("--no-deps", "--torch-backend", "cpu")
    assert "auto" in recipe(Option("cuda", ""), "windows").steps[0]
    local = recipe(Option("cpu", ""), "linux", tmp_path).steps[0]
    assert local[:3] == ("--no-deps", "--find-links", str(tmp_path))
    monkeypatch.setenv("HELIX_ROCM_INDEX", "https://wheels.example/")
    assert rocm_index() == "https://wheels.example/"
    first, second = recipe(Option("rocm", "", "gfx1201"), "windows").steps
    assert first[-1].startswith("torch[device-gfx1201]==")
    assert "--no-deps" in second


def test_the_digest_says_what_is_in_an_environment() -> None:
    made = [recipe(Option("rocm", "", gfx), "windows") for gfx in ("gfx1100", "gfx1201", "gfx1100")]
    assert made[0].digest == made[2].digest != made[1].digest
    assert made[0].fetched > 1e9
    assert "numpy" in made[0].packages()
