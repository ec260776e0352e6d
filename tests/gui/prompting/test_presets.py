"""Presets: picked, saved, renamed, deleted, and as files."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QMenu
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.prompting import Prompting, from_text
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.presets import Presets
from helix_app.gui.state import State
from tests.gui.fake import record


class Made:
    """Presets by themselves; ``now`` is what would be saved."""

    def __init__(self, theme: Theme, state: State) -> None:
        self.now = Prompting({"max_tokens": 5})
        self.state = state
        self.presets = Presets(theme, state, lambda: self.now)


@pytest.fixture
def made(theme: Theme, state: State, qtbot: QtBot) -> Made:
    out = Made(theme, state)
    qtbot.addWidget(out.presets)
    return out


def name_it(monkeypatch: pytest.MonkeyPatch, *answers: tuple[str, bool]) -> None:
    left = list(answers)
    monkeypatch.setattr(QInputDialog, "getText", staticmethod(lambda *_args: left.pop(0)))


def test_saved_picked_renamed_deleted(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    picked = record(made.presets.picked)
    name_it(monkeypatch, ("  Very  brief ", True), ("", True), ("Long", True), ("Short", True))
    made.presets.save_as()
    made.presets.save_as()  # the person changed their mind
    made.now = Prompting({"max_tokens": 900})
    made.presets.save_as()
    assert set(made.state.settings.presets) == {"Very brief", "Long"}
    made.presets.pick("Very brief")
    assert picked == [Prompting({"max_tokens": 5})]
    made.presets.pick("nobody")
    assert len(picked) == 1
    made.presets.rename()
    assert set(made.state.settings.presets) == {"Short", "Long"}
    assert made.presets.picker.shown() == "Short"
    made.presets.delete()
    assert set(made.state.settings.presets) == {"Long"}
    assert made.presets.picker.shown() == "none"


def test_the_menu_offers_what_can_be_done(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    def offered() -> list[str]:
        for old in made.presets.findChildren(QMenu):
            old.setParent(None)
        made.presets.more.click()
        menu = next(m for m in made.presets.findChildren(QMenu) if m.actions() and m.actions()[0].text() == "Save as…")
        return [action.text() for action in menu.actions() if action.isEnabled() and not action.isSeparator()]

    assert offered() == ["Save as…", "Import…"]
    name_it(monkeypatch, ("Brief", True))
    made.presets.save_as()
    assert offered() == ["Save as…", "Rename…", "Delete", "Import…", "Export all…"]


def test_out_and_in_again(made: Made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    name_it(monkeypatch, ("Brief", True))
    made.presets.save_as()
    file = tmp_path / "p.json"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", staticmethod(lambda *_args: (str(file), "")))
    monkeypatch.setattr(QFileDialog, "getOpenFileName", staticmethod(lambda *_args: (str(file), "")))
    made.presets.export()
    made.presets.delete()
    made.presets.import_()
    assert from_text(made.state.settings.presets["Brief"]) == Prompting({"max_tokens": 5})
    assert made.presets.said.text() == "Imported: 1"
    file.write_text("nothing of the kind")
    made.presets.import_()
    assert made.presets.said.text().startswith("p.json cannot be read: ")
    monkeypatch.setattr(
        QFileDialog, "getSaveFileName", staticmethod(lambda *_args: (str(tmp_path / "no" / "p.json"), ""))
    )
    made.presets.export()
    assert made.presets.said.text() == "Not written: No such file or directory."
    assert "Brief" in made.state.settings.presets
