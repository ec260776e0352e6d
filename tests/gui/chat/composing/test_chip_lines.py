"""Attachments in lines: as many as they need, none wider than there is room."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from helix_app.gui.chat.composing.chip_lines import GAP, ChipLines


def chip(width: int) -> QWidget:
    made = QWidget()
    made.setFixedSize(width, 20)
    return made


@pytest.mark.parametrize(
    ("widths", "room", "places"),
    [
        ((), 300, []),
        ((100, 100), 300, [(0, 0), (108, 0)]),
        ((100, 100), 208, [(0, 0), (108, 0)]),
        ((100, 100), 207, [(0, 0), (0, 28)]),
        ((100, 250, 40), 300, [(0, 0), (0, 28), (258, 28)]),
    ],
)
def test_what_has_no_room_begins_another_line(
    qtbot: QtBot, widths: tuple[int, ...], room: int, places: list[tuple[int, int]]
) -> None:
    holder = QWidget()
    qtbot.addWidget(holder)
    lines = ChipLines()
    lines.setContentsMargins(0, 0, 0, 0)
    holder.setLayout(lines)
    chips = [chip(width) for width in widths]
    for made in chips:
        lines.addWidget(made)
    high = lines.heightForWidth(room)
    assert high == (max(y for _, y in places) + 20 if places else 0)
    holder.resize(room, max(1, high))
    holder.show()
    assert [(made.x(), made.y()) for made in chips] == places
    for made in chips:
        lines.removeWidget(made)
    assert lines.heightForWidth(room) == 0
    assert GAP == 8
