"""The tokens of a prompt as chips: each with id, text and part, special ones as such."""

from __future__ import annotations

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.sheet import PromptSheet, part_colour, part_name
from helix_app.protocol.conversations.prompts import PARTS, PromptToken

TOKENS = (
    PromptToken(1, "<|im_start|>", "template", True),
    PromptToken(7, "user", "template"),
    PromptToken(3, "\n", "template"),
    PromptToken(42, "Hello", "message"),
    PromptToken(43, " there", "message"),
    PromptToken(2, "<|im_end|>", "template", True),
)


def sheet_of(theme: Theme, qtbot: QtBot) -> PromptSheet:
    sheet = PromptSheet(theme)
    qtbot.addWidget(sheet)
    sheet.resize(400, 200)
    sheet.show_tokens(TOKENS)
    return sheet


def test_each_token_has_its_words(theme: Theme, qtbot: QtBot) -> None:
    sheet = sheet_of(theme, qtbot)
    assert sheet.describe(4) == ["“\u2423there”  #5", "Token id 43", "Message"]
    assert sheet.describe(0)[1:] == [
        "Token id 1",
        "Chat template",
        "A special token: no text, but a sign for the model",
    ]


def test_it_goes_by_the_keys_and_by_the_mouse(theme: Theme, qtbot: QtBot) -> None:
    sheet = sheet_of(theme, qtbot)
    told: list[int] = []
    sheet.token_picked.connect(told.append)
    QTest.keyClick(sheet, Qt.Key.Key_Right)
    QTest.keyClick(sheet, Qt.Key.Key_Right)
    QTest.keyClick(sheet, Qt.Key.Key_Left)
    QTest.keyClick(sheet, Qt.Key.Key_Left)  # there is none before
    QTest.mouseClick(sheet, Qt.MouseButton.LeftButton, pos=sheet.rect_of(3).center().toPoint())
    assert told == [0, 1, 0, 0, 3]
    assert "Token id 42" in sheet.accessibleDescription()
    assert sheet.token_at(QPoint(390, 190)) is None
    QTest.keyClick(sheet, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "<|im_start|>user\nHello there<|im_end|>"


def test_it_is_as_high_as_its_tokens(theme: Theme, qtbot: QtBot) -> None:
    sheet = sheet_of(theme, qtbot)
    low = sheet.heightForWidth(400)
    sheet.show_tokens(TOKENS * 20)
    assert sheet.heightForWidth(400) > 8 * low
    assert sheet.heightForWidth(200) > sheet.heightForWidth(800)


def test_parts_differ_and_a_special_token_is_framed(theme: Theme, qtbot: QtBot) -> None:
    assert len({part_colour(theme.palette, part) for part in PARTS}) == len(PARTS)
    assert len({part_name(part) for part in PARTS}) == len(PARTS)
    sheet = sheet_of(theme, qtbot)
    picture = QImage(sheet.size(), QImage.Format.Format_RGB32)
    picture.fill(QColor(theme.palette.canvas))
    sheet.render(picture)

    def edge(token: int) -> int:
        box = sheet.rect_of(token)
        return picture.pixel(int(box.center().x()), int(box.top()) + 4)

    assert QColor(edge(0)).name() == theme.palette.border_strong
    assert QColor(edge(3)).name() != theme.palette.border_strong
