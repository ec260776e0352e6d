"""How a process ended, in words."""

from __future__ import annotations

from helix_app.engine.machine.exit_codes import exit_text


def test_exit_text() -> None:
    assert exit_text(None) == "did not end"
    assert exit_text(1) == "exit code 1"
    assert exit_text(-999) == "signal 999"
