"""``bench fresh``: every reply by a program of its own, with and without drafts."""

from __future__ import annotations

import json
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import experiment
from helix_app.bench.experiments.programs import fresh

CONFIG = BenchConfig(kinds=("chat", "code"), prompts_per_kind=2, repeats=3, max_tokens=7, dtype="bfloat16")


class Programs:
    """Stands in for the programs; remembers what each was asked."""

    def __init__(self, speeds: dict[str, float]) -> None:
        self.speeds, self.asked = speeds, []  # type: ignore[var-annotated]
        self.folders: set[str] = set()
        self.left = 1 << 30

    def __call__(self, command: list[str], environment: dict[str, str], errors: Path, cancel: object) -> FakeProgram:
        assert command[1:] == ["-m", "helix_app.cli.benching.trial"]
        self.folders.add(environment["HELIX_HOME"])
        return FakeProgram(self)


class FakeProgram:
    def __init__(self, programs: Programs) -> None:
        self._programs, self._options = programs, {}  # type: ignore[var-annotated]

    def __enter__(self) -> FakeProgram:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def ask(self, said: dict[str, Any]) -> Any:
        programs = self._programs
        programs.left -= 1
        if programs.left < 0:
            return None
        if not self._options:
            self._options = dict(option[2:].split("=", 1) for option in said["generate"])
            return {"ready": True}
        programs.asked.append((self._options["mode"], said["prompt"], self._options))
        return {"metrics": {"decode_tokens_per_second": programs.speeds[self._options["mode"]]}}


def measure(monkeypatch: pytest.MonkeyPatch, programs: Programs, config: BenchConfig = CONFIG) -> experiment.Experiment:
    monkeypatch.setattr(fresh, "Program", programs)
    return fresh.run(config, lambda text: None, threading.Event())


def test_report(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs({"speculative": 110.0, "autoregressive": 100.0})
    found = measure(monkeypatch, programs)
    assert found.rows == [
        ("chat", "100.0", "110.0", "1.10x [1.10, 1.10]"),
        ("code", "100.0", "110.0", "1.10x [1.10, 1.10]"),
        ("all", "100.0", "110.0", "1.10x [1.10, 1.10]"),
    ]
    assert found.notes[0] == "Under 0.97 beyond its interval: none."
    assert len(found.data["speculative"]) == 4
    json.dumps(found.data)


def test_each_reply_is_the_first_of_its_program(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs({"speculative": 1.0, "autoregressive": 1.0})
    measure(monkeypatch, programs)
    assert len(programs.asked) == 2 * 4 * 3
    pairs = list(zip(programs.asked[::2], programs.asked[1::2]))
    assert all(one[1] == other[1] and {one[0], other[0]} == set(fresh.MODES) for one, other in pairs)
    assert len({one[0] for one, _ in pairs}) == 2  # neither always comes first
    assert len(programs.folders) == 1
    options = programs.asked[0][2]
    assert (options["dtype"], options["max-tokens"], options["draft"], options["k"]) == (
        "bfloat16",
        "7",
        "auto",
        "auto",
    )


def test_a_loss_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = measure(monkeypatch, Programs({"speculative": 90.0, "autoregressive": 100.0}))
    assert found.notes[0] == "Under 0.97 beyond its interval: chat, code, all."
    assert found.data["under"] == ["chat", "code", "all"]


def test_single_pairs_are_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    few = replace(CONFIG, prompts_per_kind=1, repeats=1)
    found = measure(monkeypatch, Programs({"speculative": 50.0, "autoregressive": 100.0}), few)
    assert [row[3] for row in found.rows] == ["0.50x"] * 3
    assert found.data["under"] == []
    assert found.notes[0] == "Under 0.97 beyond its interval: none."


def test_what_was_measured_before_a_stop_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs({"speculative": 90.0, "autoregressive": 100.0})
    programs.left = 9
    found = measure(monkeypatch, programs)
    assert sum(len(speeds) for mode in fresh.MODES for speeds in found.data[mode].values()) == 4
