"""A file that the program is started with, as "Open with" does: a model is loaded, a run is shown."""

from __future__ import annotations

from pathlib import Path

from helix_app.gui.window.main_window import MainWindow
from helix_app.runs.run import SUFFIX

MODELS = (".gguf", ".safetensors")


def is_file_to_open(argument: str) -> bool:
    """Whether an argument of the command line names a file or folder that the window opens."""
    path = Path(argument)
    return bool(argument) and (path.suffix.lower() in (SUFFIX, *MODELS) or path.is_dir())


def open_file(window: MainWindow, file: str) -> None:
    """Open it as the menu does. What is wrong with the file is told where the menu's choice would be, too."""
    path = Path(file).absolute()
    if path.suffix.lower() == SUFFIX:
        window.desk.open_requested.emit(str(path))
    else:
        window.models.pick("target", str(path))
