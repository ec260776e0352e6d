"""``bench window``: programs are started, measured and compared."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.base import settings
from helix_app.base.process import paths
from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments import experiment
from helix_app.bench.experiments.programs import window
from helix_app.cli import main as cli

FRAMES = {"median": 16.0, "p95": 18.0, "p99": 20.0, "worst": 30.0, "paint_p95": None}
SPEED = {window.TERMINAL: 100.0, window.WINDOW: 98.0, window.ORIGINS: 90.0}


class Programs:
    """Stands in for the programs; remembers what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.started = 0
        self.open = 0
        self.environments: list[dict[str, str]] = []
        self.settings: list[settings.Settings] = []
        self.other_text = False
        self.answers = 1 << 30

    def __call__(
        self, command: list[str], environment: dict[str, str], errors: Path, cancel: threading.Event
    ) -> FakeProgram:
        assert command[1:] == ["-m", "helix_app.cli.benching.trial"]
        self.started += 1
        self.environments.append(dict(environment))
        self.settings.append(settings.load(Path(environment["HELIX_HOME"]) / "config" / "settings.json"))
        return FakeProgram(self)


class FakeProgram:
    def __init__(self, programs: Programs) -> None:
        self._programs = programs
        self._opening: dict[str, Any] = {}

    def __enter__(self) -> FakeProgram:
        self._programs.open += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._programs.open -= 1

    def ask(self, said: dict[str, Any]) -> Any:
        programs = self._programs
        programs.answers -= 1
        if programs.answers < 0:
            return None
        if not self._opening:
            self._opening = said
            return {"ready": True}
        opening = self._opening
        arm = window.TERMINAL
        if "window" in opening:
            arm = window.ORIGINS if opening["window"]["origins"] else window.WINDOW
        programs.asked.append((arm, said["prompt"]))
        if said["prompt"] == window.WARM_UP:
            return {"text": "", "metrics": {"decode_tokens_per_second": 1.0}}
        text = "another" if programs.other_text and arm == window.WINDOW else f"to {said['prompt']}"
        told: dict[str, Any] = {"text": text, "metrics": {"decode_tokens_per_second": SPEED[arm]}}
        if arm == window.TERMINAL:
            return told
        shown = {"Window": f"1280 x 800, a map of {opening['blocks']} blocks"}
        return {**told, "frames": FRAMES, "shown": shown, "platform": "offscreen"}


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs()
    monkeypatch.setattr(window, "Program", made)
    return made


CONFIG = BenchConfig(kinds=("chat",), prompts_per_kind=2, repeats=3, max_tokens=7, dtype="float32", temperature=0.5)


def measure(config: BenchConfig = CONFIG) -> experiment.Experiment:
    return window.run(config, lambda text: None, threading.Event())


def test_report(programs: Programs) -> None:
    found = measure()
    assert found.rows == [
        (window.TERMINAL, "100.0", ""),
        (window.WINDOW, "98.0", "0.98x [0.98, 0.98]"),
        (window.ORIGINS, "90.0", "0.90x [0.90, 0.90]"),
    ]
    (smooth,) = found.more
    assert smooth.rows[0] == (
        window.WINDOW,
        "16.0 (16.0 to 16.0)",
        "18.0 (18.0 to 18.0)",
        "20.0 (20.0 to 20.0)",
        "30.0 (30.0 to 30.0)",
        "–",
    )
    text = experiment.text(found)
    assert "12 of 12 replies" in text
    assert "map of 4096 blocks; Qt platform offscreen" in text
    assert (programs.started, programs.open) == (3 * 3, 0)
    assert len(programs.asked) == (1 + 2) * 3 * 3
    measured = [asked for asked in programs.asked if asked[1] != window.WARM_UP]
    for at in range(0, len(measured), 3):  # each prompt by all three, one right after the other
        assert {arm for arm, _ in measured[at : at + 3]} == set(window.ARMS)
        assert len({prompt for _, prompt in measured[at : at + 3]}) == 1
    assert len({tuple(arm for arm, _ in measured[at : at + 3]) for at in range(0, len(measured), 3)}) > 1
    document = json.loads(experiment.document(found, CONFIG, None, "x"))
    assert document["model"] is None
    assert set(document["data"]) == set(window.ARMS)


def test_another_text_is_told(programs: Programs) -> None:
    programs.other_text = True
    assert "6 of 12 replies" in experiment.text(measure())


def test_surroundings(programs: Programs, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    measure()
    used = programs.settings[0]
    assert all(other == used for other in programs.settings)
    assert not used.learn
    assert (used.dtype, used.max_tokens, used.temperature) == ("float32", 7, 0.5)
    for environment in programs.environments:
        assert environment["HELIX_MODELS"] == str(paths.models_dir())
        assert not Path(environment["HELIX_HOME"]).exists()  # it is gone afterwards
        if sys.platform == "linux":
            assert environment["QT_QPA_PLATFORM"] == "offscreen"


@pytest.mark.parametrize("answers", [0, 1, 6, 8])
def test_stopped(programs: Programs, answers: int) -> None:
    programs.answers = answers
    found = measure()
    written = answers - 6  # three were opened and warmed up
    assert sum(row[1] != "–" for row in found.rows) == max(0, written)
    assert programs.open == 0
    assert experiment.text(found)


def test_command(programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "w.json"
    flags = ("--kinds", "chat", "--per-kind", "1", "--repeats", "1", "--json", str(out))
    assert cli.main(["bench", "window", *flags]) == 0
    text = capsys.readouterr().out
    assert "Run again: python -m helix_app bench window" in text
    assert "0.98x" in text
    assert json.loads(out.read_text(encoding="utf-8"))["format"] == "helix-bench-window"
