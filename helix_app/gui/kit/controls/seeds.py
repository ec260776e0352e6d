"""What a field for a seed takes."""

from __future__ import annotations

from PySide6.QtCore import QLocale, QObject
from PySide6.QtGui import QIntValidator, QValidator

MOST = 2**31 - 1


class SeedValidator(QIntValidator):
    """Digits alone, in any language: what they show is what ``int`` reads, and groups or signs are no part of it."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(0, MOST, parent)
        self.setLocale(QLocale.c())

    def validate(self, text: str, at: int) -> object:
        """Refuse what is no digit, and what is too large, as it is typed."""
        digits = text.isascii() and text.isdecimal() and len(text) <= len(str(MOST))
        if text and not (digits and int(text) <= MOST):
            return QValidator.State.Invalid, text, at
        return super().validate(text, at)
