"""What the launcher does for the window."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QProcess

from helix_app.gui.help.installation import LAUNCHER, VARIANTS, InstallationDialog, launcher_command
from helix_app.gui.look.theme import Theme

COMMAND = ["C:/Program Files/uv/python.exe", "C:/Users/Jörg Müller/Helix/packaging/launcher"]


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    seen: list[list[str]] = []

    def start(program: str, arguments: list[str]) -> tuple[bool, int]:
        seen.append([program, *arguments])
        return program != "nowhere", 1

    monkeypatch.setattr(QProcess, "startDetached", start)
    return seen


@pytest.mark.parametrize("said", ["", "{", "[]", '"x"', "[1]"])
def test_no_launcher(said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LAUNCHER, said)
    assert launcher_command() is None


@pytest.mark.parametrize("value", ["auto", "rocm", "directml", "cpu"])
def test_another_accelerator_is_the_launchers_work(theme: Theme, started: list[list[str]], value: str) -> None:
    dialog = InstallationDialog(theme, COMMAND)
    restarting: list[None] = []
    dialog.restarting.connect(lambda: restarting.append(None))
    dialog.picker.pick(value)
    dialog.change.click()
    assert started == [[*COMMAND, "--variant", value]]
    assert len(restarting) == 1
    dialog.deleteLater()


def test_accelerators_of_other_systems_are_not_offered(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIANTS, "cpu")
    dialog = InstallationDialog(theme, COMMAND)
    assert [choice.value for choice in dialog.picker.choices()] == ["auto", "cpu"]
    dialog.deleteLater()


def test_repair(theme: Theme, started: list[list[str]]) -> None:
    dialog = InstallationDialog(theme, COMMAND)
    dialog.repair.click()
    assert started == [[*COMMAND, "--repair"]]
    dialog.deleteLater()


def test_a_launcher_that_does_not_start_is_said_and_the_window_stays(theme: Theme, started: list[list[str]]) -> None:
    dialog = InstallationDialog(theme, ["nowhere"])
    dialog.restarting.connect(lambda: pytest.fail("it closes"))
    dialog.repair.click()
    assert "--repair" in dialog.problem.text()
    assert not dialog.problem.isHidden()
    dialog.deleteLater()
