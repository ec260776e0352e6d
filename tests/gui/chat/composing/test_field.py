"""The field that messages are written in: which keys send, how high it is, and what comes of files."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.field import ComposerText
from helix_app.gui.look.theme import Theme
from tests.gui.fake import record

NONE = Qt.KeyboardModifier.NoModifier
CTRL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier


def made(theme: Theme, qtbot: QtBot, **values: object) -> ComposerText:
    field = ComposerText(theme, **values)  # type: ignore[arg-type]
    qtbot.addWidget(field)
    field.show()
    return field


@pytest.mark.parametrize(
    ("enter_sends", "held", "sends"),
    [
        (True, NONE, True),
        (True, CTRL, True),
        (True, SHIFT, False),
        (False, NONE, False),
        (False, CTRL, True),
        (False, SHIFT, False),
    ],
)
def test_which_enter_sends(
    theme: Theme, qtbot: QtBot, enter_sends: bool, held: Qt.KeyboardModifier, sends: bool
) -> None:
    field = made(theme, qtbot, enter_sends=enter_sends)
    sent = record(field.submitted)
    QTest.keyClick(field, Qt.Key.Key_Return, held)
    assert (len(sent), field.toPlainText()) == ((1, "") if sends else (0, "\n"))


def test_it_grows_to_as_many_lines_as_it_may(theme: Theme, qtbot: QtBot) -> None:
    low, high = made(theme, qtbot), made(theme, qtbot, most_lines=20)
    for field in (low, high):
        field.setPlainText("\n" * 40)
    assert high.height() > 2 * low.height()


def files() -> QMimeData:
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile("/tmp/a.txt")])
    return data


def test_files_are_taken_where_somebody_makes_something_of_them(theme: Theme, qtbot: QtBot) -> None:
    field = made(theme, qtbot)
    given = record(field.files_given)
    assert not field.canInsertFromMimeData(files())
    field.insertFromMimeData(files())
    assert (given, field.toPlainText()) == ([], "")
    field.takes_files = True
    assert field.canInsertFromMimeData(files())
    field.insertFromMimeData(files())
    assert len(given) == 1
