"""About: versions, licences, and the way to the launcher."""

from __future__ import annotations

import json
import time

import pytest
from PySide6.QtGui import QGuiApplication

from helix_app import __version__
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.help.installation import LAUNCHER, InstallationDialog
from helix_app.gui.look.theme import Theme
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.inquiries import UpdateAsked, UpdateKnown
from tests.gui.fake import record
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


def test_about_says_what_is_known_of_newer_versions(theme: Theme) -> None:
    dialog = AboutDialog(theme)
    assert dialog.update_line.isHidden()
    dialog.show_update(UpdateKnown("newest", "1.0"))
    assert dialog.update_line.text() == "This is the newest version."
    dialog.show_update(UpdateKnown("newest", "1.0", looked=time.time()))
    assert dialog.update_line.text().startswith("This is the newest version, as of ")
    dialog.show_update(UpdateKnown("newest", "1.0", looked=1e9 + 36_000))  # noon nearly everywhere
    old = "This was the newest version on 9 Sep 2001. The releases page has not been reached since."
    assert dialog.update_line.text() == old
    dialog.show_update(UpdateKnown("newer", "9.1", "https://example.org/a?b=1&c=2"))
    assert 'Helix 9.1 is available. <a href="https://example.org/a?b=1&amp;c=2">' in dialog.update_line.text()
    dialog.show_update(UpdateKnown("no_address"))
    assert "knows no releases page" in dialog.update_line.text()
    dialog.deleteLater()
    settle()


def test_about_has_it_looked_up_and_shows_what_comes_while_it_is_open(window: MainWindow) -> None:
    asked = record(window.help.asked)
    window.help.open_about()
    assert asked == [UpdateAsked()]
    about = window.findChild(AboutDialog)
    assert about is not None
    assert about.update_line.isHidden()
    window.on_event(UpdateKnown("newer", "9.1"))
    assert about.update_line.text() == "Helix 9.1 is available."
    about.close()
    settle()
    window.on_event(UpdateKnown("newest", "9.1"))  # nobody is there to show it


def test_a_newer_version_is_told_quietly(window: MainWindow) -> None:
    assert window.status.newer.isHidden()
    window.on_event(UpdateKnown("newer", "9.1", "https://example.org/"))
    assert (window.status.newer.text(), window.status.newer.isVisible()) == ("Helix 9.1 is available.", True)
    window.help.open_about()
    about = window.findChild(AboutDialog)
    assert about is not None
    assert "Helix 9.1" in about.update_line.text()
    about.close()
    for state in ("unknown", "newest", "off"):
        window.on_event(UpdateKnown(state))  # type: ignore[arg-type]
        assert window.status.newer.isHidden()
