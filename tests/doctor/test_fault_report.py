"""What goes along with a report of a fault: this computer, and logs without what was said in conversations."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from helix_app.doctor import fault_report as module, report
from helix_app.doctor.fault_report import LINES, fault_report, log_tail

LOG = (
    "2026-11-30 01:02:03,004 INFO    helix_app.app: Helix 0.1.0\n"
    "2026-11-30 01:02:04,004 ERROR   helix_app.base.failures: unexpected error in the engine\n"
    "Traceback (most recent call last):\n"
    '  File "/home/ann/helix_app/engine/x.py", line 3, in run\n'
    "    step()\n"
    "ValueError: my neighbour Hans\n"
    "plays the tuba\n"
    "2026-11-30 01:02:05,004 INFO    helix_app.app: goes on\n"
)


@pytest.fixture
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    (tmp_path / "logs").mkdir()
    return tmp_path / "logs"


def test_the_tail_of_a_log_has_records_and_bare_traces(logs: Path) -> None:
    (logs / "helix.log").write_text(LOG, encoding="utf-8")
    told = log_tail("helix.log")
    assert [line.partition(" helix_app.")[2] for line in told if "helix_app." in line] == [
        "app: Helix 0.1.0",
        "base.failures: unexpected error in the engine",
        "app: goes on",
    ]
    assert '  File "x.py", line 3, in run' in told
    assert "ValueError" in told
    assert "Hans" not in "\n".join(told)
    assert "tuba" not in "\n".join(told)
    assert log_tail("none.log") == []


def test_a_long_log_is_cut_at_a_record(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = "2026-11-30 01:02:03,004 INFO    helix_app.x: number {}\n"
    (logs / "helix.log").write_text("".join(line.format(n) for n in range(500)), encoding="utf-8")
    assert len(log_tail("helix.log")) == LINES
    monkeypatch.setattr(module, "BYTES", 100)
    assert log_tail("helix.log") == [line.format(499).rstrip()]


def test_the_report_has_what_doctor_says_without_trying_devices(logs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (logs / "engine.log").write_text(LOG, encoding="utf-8")
    asked: list[bool] = []

    def examine(cancel: object, on_progress: object, *, self_test: bool) -> tuple[None, tuple[()]]:
        asked.append(self_test)
        return None, ()

    monkeypatch.setattr(report, "examine", examine)
    monkeypatch.setattr(report, "as_text", lambda facts, found: ["Versions", "  torch  2.4.1"])
    text = fault_report(threading.Event())
    assert asked == [False]
    assert text.startswith("Versions\n  torch  2.4.1\n\nLast lines of engine.log\n")
    assert "Last lines of helix.log" not in text
