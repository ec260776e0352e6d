"""The language of the window: which one, and that Qt's own texts and numbers come with it."""

from __future__ import annotations

import errno

import pytest
from PySide6.QtCore import QLocale
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QDialogButtonBox
from pytestqt.qtbot import QtBot

from helix_app.base import sizes, texts
from helix_app.base.errors import HelixError
from helix_app.base.failures import failure
from helix_app.base.language import spoken
from helix_app.base.messages import error_text
from helix_app.base.settings import declared
from helix_app.gui.glossary import terms
from helix_app.gui.kit import figures
from helix_app.gui.kit.language import LANGUAGES, wanted


@pytest.mark.parametrize(
    ("choice", "system", "code"),
    [
        ("auto", "de_AT", "de"),
        ("auto", "fr_FR", "en"),
        ("auto", "en_GB", "en"),
        ("en", "de_DE", "en"),
        ("de", "fr_FR", "de"),
        ("unknown", "de_DE", "de"),
    ],
)
def test_the_language_is_that_of_the_setting_or_the_computer(choice: str, system: str, code: str) -> None:
    assert wanted(choice, QLocale(system)) == code


def test_the_setting_offers_every_language() -> None:
    assert tuple(value for value, _, _ in declared()["language"].options) == ("auto", *LANGUAGES)


def test_german_is_spoken_by_qt_by_the_glossary_and_in_numbers(speaking, qtbot: QtBot) -> None:
    assert terms.name("acceptance") == "Acceptance rate"
    assert speaking("de") == "de"
    assert spoken().code == "de"
    assert terms.name("acceptance") == "Annahmerate"
    assert figures.rate(1234.5) == "1.234"
    assert figures.seconds(0.2134) == "0,21 s"
    assert sizes.percent_text(0.123, 1) == "12,3 %"
    assert QLocale().toString(1.5) == "1,5"
    assert QKeySequence("Ctrl+Del").toString(QKeySequence.SequenceFormat.NativeText) == "Strg+Entf"
    box = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
    qtbot.addWidget(box)
    assert box.buttons()[0].text() == "Abbrechen"
    speaking("en")
    assert terms.name("acceptance") == "Acceptance rate"
    assert figures.seconds(0.2134) == "0.21 s"


def test_what_the_system_says_of_a_file_is_german_too(speaking) -> None:
    speaking("de")
    gone = failure(FileNotFoundError(errno.ENOENT, "No such file or directory", "/x/y"))
    assert "Datei oder Ordner nicht gefunden" in error_text(gone.code, gone.fields)
    failed = HelixError("library_not_written", file="/x", reason=texts.why(OSError(errno.EROFS, "?")))
    assert "nur lesbar" in error_text(failed.code, failed.fields)
