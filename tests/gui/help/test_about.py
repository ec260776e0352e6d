"""About: versions, licences, and the way to the launcher."""

from __future__ import annotations

import json

import pytest
from PySide6.QtGui import QGuiApplication

from helix_app import __version__
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.help.installation import LAUNCHER, InstallationDialog
from helix_app.gui.look.theme import Theme
from tests.gui.settling import settle


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
    theme: Theme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(LAUNCHER, json.dumps(["python", "launcher"]))
    about = AboutDialog(theme)
    assert about.installation is not None
    about.installation.click()
    dialog = about.findChild(InstallationDialog)
    assert dialog is not None
    dialog.reject()
    about.deleteLater()
    settle()
