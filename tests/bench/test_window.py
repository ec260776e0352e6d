"""``bench window``: programs are started, measured and compared; what goes wrong in one is told."""

from __future__ import annotations

import json
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app import cli, paths, settings
from helix_app.bench import experiment, window
from helix_app.bench.config import BenchConfig
from helix_app.errors import HelixError

FRAMES = {"median": 16.0, "p95": 18.0, "p99": 20.0, "worst": 30.0, "paint_p95": None}
SPEED = {window.TERMINAL: 100.0, window.WINDOW: 98.0, window.ORIGINS: 90.0}


class Programs:
    """Stands in for the programs; remembers what they were asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.environments: list[dict[str, str]] = []
        self.settings: list[settings.Settings] = []
        self.other_text = False

    def __call__(self, command: list[str], said: str, environment: dict[str, str], cancel: threading.Event) -> Any:
        self.environments.append(dict(environment))
        self.settings.append(settings.load(Path(environment["HELIX_HOME"]) / "config" / "settings.json"))
        if "generate" in command:
            prompt = next(part.partition("=")[2] for part in command if part.startswith("--prompt="))
            self.asked.append((window.TERMINAL, prompt))
            return {"generated_text": f"to {prompt}", "decode_tokens_per_second": SPEED[window.TERMINAL]}
        told = json.loads(said)
        arm = window.ORIGINS if told["origins"] else window.WINDOW
        self.asked.append((arm, told["prompt"]))
        text = "another" if self.other_text and arm == window.WINDOW else f"to {told['prompt']}"
        return {
            "text": text,
            "metrics": {"decode_tokens_per_second": SPEED[arm]},
            "frames": FRAMES,
            "shown": {"Window": f"1280 x 800, a map of {told['blocks']} blocks"},
            "platform": "offscreen",
        }


@pytest.fixture
def programs(monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs()
    monkeypatch.setattr(window, "_ask", made)
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
    assert len(programs.asked) == 2 * 3 * 3
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


def test_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "_ask", lambda *_: None)
    found = measure()
    assert [row[1] for row in found.rows] == ["–"] * 3
    assert experiment.text(found)


def ask(tmp_path: Path, code: str, said: str = "", cancel: threading.Event | None = None) -> Any:
    environment = {"HELIX_HOME": str(tmp_path), "PYTHONIOENCODING": "utf-8"}
    return window._ask([sys.executable, "-c", code], said, environment, cancel or threading.Event())


def test_a_program_answers(tmp_path: Path) -> None:
    code = "import json, sys; print('noise'); print(json.dumps({'got': json.load(sys.stdin)}))"
    assert ask(tmp_path, code, '"é🙂"') == {"got": "é🙂"}


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import sys; sys.stderr.write('no such model\\n'); sys.exit(1)", "no such model"),
        ("pass", "exit code 0"),
        ('print(\'{"error": "no display"}\')', "no display"),
        ("print('{broken')", "exit code 0"),
    ],
)
def test_a_program_fails(tmp_path: Path, code: str, reason: str) -> None:
    with pytest.raises(HelixError) as caught:
        ask(tmp_path, code)
    assert caught.value.code == "bench_program"
    assert caught.value.fields["reason"] == reason


def test_a_program_is_stopped(tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    assert ask(tmp_path, "import threading; threading.Event().wait()", cancel=cancel) is None


def test_command(programs: Programs, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    out = tmp_path / "w.json"
    flags = ("--kinds", "chat", "--per-kind", "1", "--repeats", "1", "--json", str(out))
    assert cli.main(["bench", "window", *flags]) == 0
    text = capsys.readouterr().out
    assert "Run again: python -m helix_app bench window" in text
    assert "0.98x" in text
    assert json.loads(out.read_text(encoding="utf-8"))["format"] == "helix-bench-window"
