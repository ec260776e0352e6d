"""Asking for a file or a folder: every dialog of the window comes from here.

Each begins in the folder that was used last, models apart from everything else; before that in Documents, or where
models are kept. Never in the folder of the program, which is where Qt would begin.
"""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QDir, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from helix_app.base.process import paths
from helix_app.gui.kit.model_choices import OPEN_FILE, OPEN_FOLDER
from helix_app.gui.state import State

MODELS, DOCUMENTS = "last_model_folder", "last_folder"  # the settings that remember


def tr(text: str) -> str:
    """Translate in the context of these dialogs."""
    return QCoreApplication.translate("open_dialogs", text)


def ask_model(parent: QWidget, value: str) -> str:
    """What a picker of models says, where it asks for a file or a folder the one that a person chooses; or empty."""
    if value not in (OPEN_FILE, OPEN_FOLDER):
        return value
    return ask_folder(parent) if value == OPEN_FOLDER else ask_file(parent)


def ask_file(parent: QWidget) -> str:
    """Path of a model file, empty when the person changed their mind."""
    pattern = tr("Models (*.gguf);;All files (*)")
    start = str(start_folder(parent, MODELS))
    return _used(parent, QFileDialog.getOpenFileName(parent, tr("Open a model file"), start, pattern)[0], MODELS)


def ask_folder(parent: QWidget) -> str:
    """Path of a model folder, empty when the person changed their mind."""
    title = tr("Open a folder with config.json and .safetensors files")
    return _used(parent, QFileDialog.getExistingDirectory(parent, title, str(start_folder(parent, MODELS))), MODELS)


def ask_open(parent: QWidget, title: str, kinds: str) -> str:
    """Path of a file to read, empty when the person changed their mind; ``kinds`` as Qt's filters."""
    start = str(start_folder(parent))
    return _used(parent, QFileDialog.getOpenFileName(parent, title, start, kinds)[0])


def ask_several(parent: QWidget, title: str, kinds: str) -> list[str]:
    """Paths of files to read, none when the person changed their mind; ``kinds`` as Qt's filters."""
    chosen = QFileDialog.getOpenFileNames(parent, title, str(start_folder(parent)), kinds)[0]
    _used(parent, chosen[0] if chosen else "")
    return [QDir.toNativeSeparators(path) for path in chosen]


def ask_save(parent: QWidget, title: str, name: str, kinds: str = "") -> tuple[str, str]:
    """Path of a file to write and the kind that was picked, both empty when the person changed their mind.

    Args:
        name: what is suggested.
    """
    chosen, kind = QFileDialog.getSaveFileName(parent, title, str(start_folder(parent) / name), kinds)
    return _used(parent, chosen), kind


def ask_export(parent: QWidget, name: str) -> str:
    """Path of a report to write, empty when the person changed their mind; ``name`` is suggested."""
    return ask_save(parent, tr("Export"), name)[0]


def start_folder(parent: QWidget, remembered: str = DOCUMENTS) -> Path:
    """Where a dialog begins."""
    state = _state(parent)
    last = "" if state is None else str(getattr(state.settings, remembered))
    if last and Path(last).is_dir():
        return Path(last)
    if remembered == MODELS and paths.models_dir().is_dir():
        return paths.models_dir()
    documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(documents) if documents and Path(documents).is_dir() else Path(paths.home())


def _used(parent: QWidget, chosen: str, remembered: str = DOCUMENTS) -> str:
    """What was chosen, as the system writes paths: models are known by theirs."""
    chosen, state = QDir.toNativeSeparators(chosen), _state(parent)
    if chosen and state is not None:
        folder = str(Path(chosen).parent)
        if folder != getattr(state.settings, remembered):
            state.change(**{remembered: folder})
    return chosen


def _state(widget: QWidget | None) -> State | None:
    """That of the window around a widget, also from a dialog above it."""
    while widget is not None:
        for child in widget.children():
            if isinstance(child, State):
                return child
        widget = widget.parentWidget()
    return None
