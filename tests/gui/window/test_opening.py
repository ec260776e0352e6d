"""Files that the program is started with."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.gui.window.main_window import MainWindow
from helix_app.gui.window.opening import is_file_to_open, open_file


@pytest.mark.parametrize(
    ("argument", "opened"),
    [
        ("C:/Users/Jörg Müller/a model.GGUF", True),
        ("run 1.helixrun", True),
        ("model.safetensors", True),
        ("offscreen", False),
        ("--verbose", False),
        ("", False),
    ],
)
def test_what_is_opened(argument: str, opened: bool) -> None:
    assert is_file_to_open(argument) is opened


def test_a_folder_is_a_model(tmp_path: Path) -> None:
    assert is_file_to_open(str(tmp_path))


def test_a_model_is_loaded(window: MainWindow, tmp_path: Path) -> None:
    asked: list[str] = []
    window.load_requested.connect(lambda choice: asked.append(choice.target))
    open_file(window, str(tmp_path / "Jörgs Modell.gguf"))
    assert asked == [str(tmp_path / "Jörgs Modell.gguf")]


def test_a_run_is_shown(window: MainWindow, tmp_path: Path) -> None:
    asked: list[str] = []
    window.desk.open_requested.connect(asked.append)
    open_file(window, str(tmp_path / "a.helixrun"))
    assert asked == [str(tmp_path / "a.helixrun")]
