"""``bench start``: every start is a program of its own, and its parts add up."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import experiment
from helix_app.bench.experiments.programs import start
from helix_app.cli.benching import bench, starting

CONFIG = BenchConfig(repeats=3, max_tokens=40, context=512)
STEPS = {  # seconds of each stage, as the program tells them
    "read_header": 0.25,
    "tokenizer": 0.5,
    "devices": 0.125,
    "cpu": 0.125,
    "weights": 0.5,
    "allocate_cache": 0.25,
    "warm_up": 0.75,
}


def told(where: str, peak: int | None = 700_000_000, libraries: float = 2.0) -> dict[str, Any]:
    """What a program answers: loading as long as ``STEPS`` say, then a token after a second and the end after two."""
    asked = time.perf_counter()
    at, stages = asked + libraries, []
    for stage, seconds in STEPS.items():
        stages.append([stage, at])
        at += seconds
        if stage == "devices":
            stages.append(["import", at])  # of the child: a stage that belongs to the libraries
            at += 1.0
    sizes = {"peak": peak, "file": 100_000_000, "cache": 200_000_000, "weights": 1, "dtype": "packed"}
    return {"asked": asked, "stages": stages, "ready": at, "first": at + 1.0, "ended": at + 2.0, **sizes}


class Programs:
    """Stands in for the programs; remembers what each was asked."""

    def __init__(self, peak: int | None = 700_000_000) -> None:
        self.asked: list[dict[str, Any]] = []
        self.folders: list[str] = []
        self.left, self.peak = 1 << 30, peak

    def __call__(self, command: list[str], environment: dict[str, str], errors: Path, cancel: object) -> Programs:
        assert command[1:] == ["-m", starting.__name__]
        assert Path(starting.__file__).is_file()
        assert Path(environment["HELIX_HOME"]).is_dir()
        assert "HELIX_KERNELS" not in environment
        self.folders.append(environment["HELIX_HOME"])
        return self

    def __enter__(self) -> Programs:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, said: dict[str, Any]) -> Any:
        self.left -= 1
        if self.left < 0:
            return None
        self.asked.append(said)
        return told(said["where"], self.peak)


def measure(monkeypatch: pytest.MonkeyPatch, programs: Programs, config: BenchConfig = CONFIG) -> experiment.Experiment:
    monkeypatch.setattr(start, "Program", programs)
    return start.run(config, lambda text: None, threading.Event())


def test_parts_add_up_to_the_first_token() -> None:
    said = told("child")
    found = start.start_of(said, said["asked"])
    assert found.parts == pytest.approx(
        {
            "libraries": 3.0,
            "header": 0.25,
            "tokenizer": 0.5,
            "kernels": 0.25,
            "weights": 0.75,
            "measuring": 0.75,
            "prompt": 1.0,
        }
    )
    assert sum(found.parts.values()) == pytest.approx(found.first)
    assert found.ended == pytest.approx(found.first + 1.0)
    assert found.beyond == pytest.approx(400.0)
    assert start.start_of({**said, "peak": None}, said["asked"]).beyond is None


def test_report(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs()
    found = measure(monkeypatch, programs)
    assert [row[0] for row in found.rows] == list(start.ARMS.values())
    child = dict(zip(found.columns, found.rows[1]))  # the window's time begins when it asks
    assert child["first token"].startswith("6.50 ")
    assert child["measuring"].startswith("0.75 ")
    assert found.more[0].rows[0][1:4] == ("700 (700 to 700)", "100", "200")
    assert "generate: more than 350 MB beyond file and cache." in found.notes
    assert len(found.data["warm"]["child"]) == 3
    assert set(found.data["cold"]) == set(start.ARMS)
    assert found.data["warm"]["process"][0]["dtype"] == "packed"
    json.dumps(found.data)
    assert "beyond both" in experiment.text(found)


def test_starts_alternate_and_the_first_of_each_kind_begins_in_a_new_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_KERNELS", "kept")
    programs = Programs()
    measure(monkeypatch, programs, replace(CONFIG, repeats=7))
    wheres = [said["where"] for said in programs.asked]
    pairs = list(zip(wheres[::2], wheres[1::2]))
    assert len(pairs) == 8
    assert set(pairs) == {("process", "child"), ("child", "process")}  # neither always comes first
    assert len(set(programs.folders)) == len(set(zip(programs.folders, wheres))) == 2  # one for each kind
    options = dict(option[2:].split("=", 1) for option in programs.asked[0]["generate"])
    assert (options["max-tokens"], options["context"]) == ("16", "512")


def test_less_memory_than_the_limit_is_no_note_and_none_told_is_none_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not any("more than" in note for note in measure(monkeypatch, Programs(500_000_000)).notes)
    found = measure(monkeypatch, Programs(None))
    assert (found.more[0].rows[0][1], found.more[0].rows[0][4]) == ("–", "–")


def test_stopped_it_keeps_what_there_is(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs()
    programs.left = 4
    found = measure(monkeypatch, programs)
    assert sum(len(starts) for starts in found.data["warm"].values()) == 2
    programs.left = 0
    assert measure(monkeypatch, programs).data == {"cold": {}, "warm": {"process": [], "child": []}}


def test_the_command_line_knows_it() -> None:
    assert "start" in bench._EXPERIMENTS
