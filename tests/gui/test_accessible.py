"""What a screen reader is told: every control of every view has a name, and Tab goes as the window is read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QListView

from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.kit.tab_order import chain
from helix_app.gui.window.main_window import MainWindow
from tests.gui import accessible, reading, views
from tests.gui.accessible import Role

pytestmark = pytest.mark.styled

SHOWN = (
    "welcome",
    "downloading",
    "error",
    "cached",
    "conversation_edited",
    "conversation_found",
    "prompting",
    "inspect_token",
    "compare_noisy",
    "benchmark_setup",
    "benchmark_running",
    "benchmark_change",
    "settings_engine",
    "diagnostics",
    "help_search",
)

ROLES = {QLineEdit: {Role.EditableText}, QListView: {Role.List}, Picker: {Role.Button, Role.ButtonMenu}}


@pytest.mark.parametrize("name", SHOWN)
def test_every_control_of_a_view_is_named(make_window: Callable[..., MainWindow], name: str) -> None:
    window = make_window()
    views.show(window, name, 1024, 700)
    for shown in reading.windows():
        assert accessible.unnamed(shown) == []
        found = {id(node.object): node for node in accessible.nodes(shown)}
        stops = chain(shown)
        assert stops
        for control in stops:
            node = found.get(id(control))
            if node is None:
                continue  # scrolled out of sight
            assert node.name, control
            assert node.focusable, control
            for kind, roles in ROLES.items():
                if isinstance(control, kind):
                    assert node.role in roles, str(node)
            if isinstance(control, QAbstractButton) and control.isCheckable():
                assert node.role in (Role.CheckBox, Role.RadioButton, Role.Button, Role.ButtonMenu)


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
