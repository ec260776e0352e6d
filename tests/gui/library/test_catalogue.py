"""What Helix suggests, by memory: classes that this computer has not are said to be so."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QLabel

from helix_app.gui.library.page import ModelsPage
from helix_app.gui.library.rows import ModelRow
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.library.conftest import Shown


def headings(page: ModelsPage) -> list[str]:
    """The lines between rows, without the note above them."""
    column = page.catalogue.column
    widgets = [item.widget() for i in range(column.count()) if (item := column.itemAt(i)) is not None]
    return [w.text() for w in widgets if isinstance(w, QLabel) and not isinstance(w, ModelRow)][1:]


@pytest.mark.parametrize(
    ("total", "expected"),
    [
        (24 * 2**30, ["For 4 GB of memory", "For 24 GB of memory"]),
        (8 * 2**30, ["For 4 GB of memory", "For 24 GB of memory: more than this computer has"]),
        (None, ["For 4 GB of memory", "For 24 GB of memory"]),
    ],
)
def test_what_is_more_than_this_computer_has(
    page: ModelsPage, shown: Shown, total: int | None, expected: list[str]
) -> None:
    items = (replace(fake.here(fake.SMOL), memory_gb=4), replace(fake.BIG, memory_gb=24))
    shown.on_event(CatalogChanged(items))
    shown.on_event(fake.ready(memory=replace(fake.MEMORY, total=total, device_total=None)))
    page.turn_to(page.catalogue)
    assert headings(page) == expected
