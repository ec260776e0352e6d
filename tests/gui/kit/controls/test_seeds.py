"""A field for a seed holds what can be read as a number, in any language."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLineEdit

from helix_app.gui.kit.controls.seeds import SeedValidator


@pytest.fixture
def field(qapp: object) -> QLineEdit:
    """A line that takes a seed."""
    field = QLineEdit()
    field.setValidator(SeedValidator(field))
    return field


@pytest.mark.parametrize(("typed", "text"), [("1,000", "1000"), ("1.000", "1000"), ("+7", "7"), ("-7", "7")])
@pytest.mark.parametrize("language", ["en", "de"])
def test_only_digits_are_taken(
    field: QLineEdit, speaking: Callable[[str], str], language: str, typed: str, text: str
) -> None:
    speaking(language)
    QTest.keyClicks(field, typed)
    assert field.text() == text
    assert field.hasAcceptableInput()


def test_no_number_is_larger_than_a_seed_can_be(field: QLineEdit) -> None:
    QTest.keyClicks(field, "99999999999")
    assert int(field.text()) <= 2**31 - 1
    field.clear()
    QTest.keyClicks(field, str(2**31 - 1))
    assert field.text() == str(2**31 - 1)
