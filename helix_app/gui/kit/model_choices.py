"""What a picker of models says: the names of models, and the values that ask for one from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from helix_app.base.remote import is_remote
from helix_app.gui.state import State
from helix_app.protocol.requests import CatalogItem

OPEN_FILE = "\0file"  # values that open a dialog instead of naming a model
OPEN_FOLDER = "\0folder"
OPEN_REMOTE = "\0remote"
NUMBERED = re.compile(r"[0-9a-f]{32,}")  # a checksum or a revision, which no person would call a model by


def tr(text: str) -> str:
    """Translate in the context of what is said of models."""
    return QCoreApplication.translate("model_choices", text)


def model_label(value: str, items: tuple[CatalogItem, ...]) -> str:
    """What people call a catalog id or a path."""
    for item in items:
        if item.id == value:
            return item.name
    if is_remote(value):
        return value.partition("#")[2] or value
    path = Path(value)
    while (NUMBERED.fullmatch(path.name) or path.name in ("snapshots", "blobs")) and path != path.parent:
        path = path.parent  # a download of Hugging Face's: the folder above has the name
    return path.name.rpartition("--")[2] or value


def why_none(state: State) -> str:
    """Why nothing answers, while nothing does."""
    if state.loading is None:
        return tr("No model is loaded. Choose a target model above.")
    return tr("Loading {model}…").format(model=model_label(state.loading.target, state.items))
