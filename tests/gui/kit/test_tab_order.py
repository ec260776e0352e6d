"""Tab goes as a window is read, whatever was made first in it."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit, QPushButton, QScrollArea, QSpinBox, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.kit.tab_order import as_read, chain, join, step
from helix_app.gui.window.main_window import MainWindow
from tests.gui import views


@pytest.fixture
def made(qtbot: QtBot) -> QWidget:
    """Two fields, and below them parts whose order is not that of their making."""
    window = QWidget()
    qtbot.addWidget(window)
    column = QVBoxLayout(window)
    for name in ("first", "last"):
        field = QLineEdit()
        field.setObjectName(name)
        column.addWidget(field)
    for name in ("second part", "first part"):
        part = QWidget()
        part.setObjectName(name)
        inside = QVBoxLayout(part)
        button = QPushButton(name)
        button.setObjectName(f"{name} button")
        inside.addWidget(button)
        column.addWidget(part)
    column.addWidget(QSpinBox())
    window.show()
    return window


def named(window: QWidget, name: str) -> QWidget:
    found = window.findChild(QWidget, name)
    assert isinstance(found, QWidget)
    return found


def test_parts_come_in_their_order_before_a_control(made: QWidget) -> None:
    parts = [named(made, "first part"), named(made, "second part")]
    order = as_read(chain(made), parts, named(made, "last"))
    assert [control.objectName() for control in order[:4]] == [
        "first",
        "first part button",
        "second part button",
        "last",
    ]
    gone = as_read(chain(made), parts, QWidget())
    assert [control.objectName() for control in gone[-2:]] == ["first part button", "second part button"]


def test_what_is_hidden_or_off_is_no_stop(made: QWidget) -> None:
    named(made, "first").setEnabled(False)
    named(made, "last").hide()
    assert "first" not in {control.objectName() for control in chain(made)}
    assert "last" not in {control.objectName() for control in chain(made)}


def test_a_step_goes_on_and_back_and_around(made: QWidget, qtbot: QtBot) -> None:
    area = QScrollArea()
    qtbot.addWidget(area)
    order = [named(made, "first"), named(made, "last")]
    for now, forward, target in (
        ("first", True, "last"),
        ("last", True, "first"),
        ("first", False, "last"),
        ("first part button", True, "first"),
    ):
        assert step(order, named(made, now), forward, area)
        assert made.focusWidget() is named(made, target)
    assert not step([], None, True, area)


def test_tab_goes_from_the_conversation_into_the_message_field(make_window) -> None:
    window: MainWindow = make_window()
    views.show(window, "conversations", 1280, 800)
    window.activateWindow()
    window.chat.composer.editor.setFocus()
    seen = []
    for _ in range(40):
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_Backtab, Qt.KeyboardModifier.ShiftModifier)
        seen.append(window.focusWidget().accessibleName())
        if seen[-1] == "Conversations":
            break
    assert seen == [
        "Attach a file",
        *("Continue", "More about this reply", "Edit this reply", "Write this reply again", "Copy reply"),
        *("More about this message", "Edit this message"),
        *("More about this reply", "Edit this reply", "Write this reply again", "Copy reply", "Version before"),
        *("More about this message", "Edit this message"),
        "Conversations",
    ]


def test_a_part_that_was_made_late_comes_after_all_else_around_it(made: QWidget) -> None:
    around, late = named(made, "second part"), QWidget()
    column = QVBoxLayout(late)
    for name in ("late field", "late button"):
        control = QLineEdit() if name == "late field" else QPushButton()
        control.setObjectName(name)
        column.addWidget(control)
    column.addWidget(QSpinBox())  # inside of which is a field of its own
    layout = around.layout()
    assert layout is not None
    layout.addWidget(late)
    late.show()
    join(late, around)
    names = [control.objectName() or type(control).__name__ for control in chain(made)]
    assert names == [
        "first",
        "last",
        "second part button",
        "late field",
        "late button",
        "QSpinBox",
        "first part button",
        "QSpinBox",
    ]
