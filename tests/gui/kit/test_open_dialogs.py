"""File dialogs: where they begin."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from PySide6.QtCore import QDir, QMimeData, QStandardPaths, QUrl
from PySide6.QtWidgets import QFileDialog, QWidget

import helix_app.gui
from helix_app.base.process import paths
from helix_app.gui.kit import open_dialogs
from helix_app.gui.kit.dragging import local_files
from helix_app.gui.window.main_window import MainWindow
from tests.gui.fake import record

KINDS = "All files (*)"


class Asked:
    """Stands for the system's dialogs: what each was to begin with, and what the person picks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.starts: list[Path] = []
        self.answer = ""
        monkeypatch.setattr(QFileDialog, "getSaveFileName", self._file)
        monkeypatch.setattr(QFileDialog, "getOpenFileName", self._file)
        monkeypatch.setattr(QFileDialog, "getOpenFileNames", self._files)
        monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *args: self._file(*args)[0])

    def _file(self, _parent: QWidget, _title: str, start: str, *_kinds: str) -> tuple[str, str]:
        self.starts.append(Path(start))
        return self.answer, ""

    def _files(self, *args: str) -> tuple[list[str], str]:
        chosen = self._file(*args)[0]  # type: ignore[arg-type]
        return ([chosen, chosen + "2"] if chosen else []), ""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Asked:
    """The dialogs of this test."""
    return Asked(monkeypatch)


@pytest.fixture
def documents(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The person's Documents."""
    folder = tmp_path / "Documents"
    folder.mkdir()
    monkeypatch.setattr(QStandardPaths, "writableLocation", lambda _place: str(folder))
    return folder


def test_the_first_dialogs_begin_in_documents_and_where_models_are(
    window: MainWindow, asked: Asked, documents: Path
) -> None:
    paths.models_dir().mkdir(parents=True, exist_ok=True)
    open_dialogs.ask_save(window, "Save", "run.json", KINDS)
    open_dialogs.ask_open(window, "Open", KINDS)
    open_dialogs.ask_file(window)
    open_dialogs.ask_folder(window)
    assert asked.starts == [documents / "run.json", documents, paths.models_dir(), paths.models_dir()]


def test_later_ones_where_a_file_was_last_picked(
    window: MainWindow, asked: Asked, documents: Path, tmp_path: Path
) -> None:
    saved = record(window.settings_changed)
    place, models = tmp_path / "papers", tmp_path / "weights"
    place.mkdir()
    models.mkdir()
    asked.answer = str(place / "plot.png")
    assert open_dialogs.ask_save(window.live.plots.speed_plot, "Save", "plot.png")[0] == asked.answer
    asked.answer = str(models / "model.gguf")
    assert open_dialogs.ask_file(window) == asked.answer
    assert (saved[-1].last_folder, saved[-1].last_model_folder) == (str(place), str(models))
    assert open_dialogs.ask_several(window, "Attach", KINDS) == [asked.answer, asked.answer + "2"]
    assert saved[-1].last_folder == str(models)
    asked.answer = str(place / "plot.png")
    assert open_dialogs.ask_open(window, "Open", KINDS) == asked.answer
    asked.answer = ""
    assert open_dialogs.ask_several(window, "Attach", KINDS) == []
    open_dialogs.ask_open(window, "Open", KINDS)
    open_dialogs.ask_folder(window)
    assert asked.starts[-2:] == [place, models]
    place.rmdir()  # on a disk that is not there any more
    open_dialogs.ask_open(window, "Open", KINDS)
    assert asked.starts[-1] == documents


def test_paths_are_as_the_system_writes_them(
    window: MainWindow, asked: Asked, documents: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QDir, "toNativeSeparators", lambda path: path.replace("/", "\\"))  # as on Windows
    asked.answer = "C:/Models/Jörg/model.gguf"
    assert open_dialogs.ask_file(window) == r"C:\Models\Jörg\model.gguf"
    assert open_dialogs.ask_several(window, "Attach", KINDS)[0] == r"C:\Models\Jörg\model.gguf"
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile("/Models/a b.gguf"), QUrl("https://example.org/x")])
    assert local_files(dropped) == [r"\Models\a b.gguf"]


def test_nothing_picked_changes_nothing(window: MainWindow, asked: Asked, documents: Path) -> None:
    saved = record(window.settings_changed)
    assert open_dialogs.ask_save(window, "Save", "x.png") == ("", "")
    assert saved == []


def test_every_dialog_comes_from_here() -> None:
    folder = Path(helix_app.gui.__path__[0])
    names = {
        path.name
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name) and node.id == "QFileDialog"
    }
    assert names == {"open_dialogs.py"}
