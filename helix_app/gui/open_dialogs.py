"""Asking for a model file or folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QCoreApplication, QStandardPaths
from PySide6.QtWidgets import QFileDialog, QWidget

from helix_app import paths


def tr(text: str) -> str:
    """Translate in the context of these dialogs."""
    return QCoreApplication.translate("open_dialogs", text)


def ask_file(parent: QWidget) -> str:
    """Path of a model file, empty when the person changed their mind."""
    pattern = tr("Models (*.gguf);;All files (*)")
    return QFileDialog.getOpenFileName(parent, tr("Open a model file"), _start(), pattern)[0]


def ask_folder(parent: QWidget) -> str:
    """Path of a model folder, empty when the person changed their mind."""
    return QFileDialog.getExistingDirectory(
        parent, tr("Open a folder with config.json and .safetensors files"), _start()
    )


def ask_export(parent: QWidget, name: str) -> str:
    """Path of a file to write, empty when the person changed their mind; ``name`` is suggested."""
    start = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return QFileDialog.getSaveFileName(parent, tr("Export"), str(Path(start) / name))[0]


def _start() -> str:
    return str(paths.models_dir())
