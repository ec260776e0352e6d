"""The dialog about a fault, by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication

from helix_app.gui.help.faults.dialog import FaultDialog
from helix_app.gui.look.theme import Theme
from helix_app.protocol.faults import Fault
from tests.gui.settling import settle


@pytest.fixture
def dialog(theme: Theme) -> Iterator[FaultDialog]:
    made = FaultDialog(theme, Fault("engine", "k", "trace"), has_run=False)
    made.show()
    yield made
    made.deleteLater()
    settle()


def test_a_report_that_is_complete_is_copied_at_once(dialog: FaultDialog) -> None:
    dialog.show_report("all", complete=True)
    dialog.copied.click()
    assert (QGuiApplication.clipboard().text(), dialog.copied.text()) == ("all", "Copied")


def test_enter_goes_on(dialog: FaultDialog) -> None:
    assert dialog.goes_on.isDefault()
    assert dialog.focusWidget() is dialog.goes_on
    assert dialog.save.toolTip()


def test_one_other_fault_is_one(dialog: FaultDialog) -> None:
    dialog.add_other()
    assert dialog.more.text().startswith("1 other fault came after it")
