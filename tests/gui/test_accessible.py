"""What a screen reader is told: every control of every view has a name, and Tab goes as the window is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from helix_app.gui.window.main_window import MainWindow
from tests.gui import accessible, reading, views
from tests.gui.accessible import Role

pytestmark = pytest.mark.styled

# the views of most words are looked at in test_translation.py, whose windows show them anyway
SHOWN = ("welcome", "error", "conversation_edited", "conversation_found", "benchmark_setup", "help_search")


@pytest.mark.parametrize("name", SHOWN)
def test_every_control_of_a_view_is_named(make_window: Callable[..., MainWindow], name: str) -> None:
    window = make_window()
    views.show(window, name, 1024, 700)
    for shown in reading.windows():
        accessible.check_controls(shown)


def test_lines_of_lists_have_names(make_window: Callable[..., MainWindow]) -> None:
    window = make_window()
    views.show(window, "conversations", 1024, 700)
    lines = [node for node in accessible.nodes(window) if node.role == Role.ListItem]
    assert len(lines) > 5
    assert all(node.name for node in lines)
    names = " ".join(node.name for node in lines)
    assert "KV cache in plain words" in names


def test_the_key_sheet_is_named(window: MainWindow) -> None:
    window.actions_.keys.trigger()
    sheet = next(shown for shown in reading.windows() if shown is not window)
    assert accessible.unnamed(sheet) == []
    lines = [node.name for node in accessible.nodes(sheet) if node.role == Role.TreeItem]
    assert "New chat Ctrl+N" in lines
