"""About and what the launcher does for the window."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QProcess
from PySide6.QtGui import QGuiApplication

from helix_app import __version__
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.help.installation import LAUNCHER, InstallationDialog, launcher_command
from helix_app.gui.look.theme import Theme
from tests.gui.settling import settle

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


def test_about_names_versions_and_licences(theme: Theme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(LAUNCHER, raising=False)
    dialog = AboutDialog(theme)
    rows = [dialog.parts.topLevelItem(row) for row in range(dialog.parts.topLevelItemCount())]
    cells = {row.text(0): (row.text(1), row.text(2)) for row in rows if row is not None}
    assert "LGPL" in cells["PySide6-Essentials"][1]
    assert dialog.installation is None
    dialog.copied.click()
    text = QGuiApplication.clipboard().text()
    assert text.startswith(f"Helix {__version__}\n")
    assert "transformers " in text
    dialog.deleteLater()
    settle()


def test_about_leads_to_the_launcher_where_one_started_the_window(
    theme: Theme, monkeypatch: pytest.MonkeyPatch, started: list[list[str]]
) -> None:
    monkeypatch.setenv(LAUNCHER, json.dumps(COMMAND))
    about = AboutDialog(theme)
    assert about.installation is not None
    about.installation.click()
    dialog = about.findChild(InstallationDialog)
    assert dialog is not None
    dialog.reject()
    assert started == []
    about.deleteLater()
    settle()


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
