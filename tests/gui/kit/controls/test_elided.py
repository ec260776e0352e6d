"""Lines of text that give way where there is no room."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QTextDocumentFragment
from pytestqt.qtbot import QtBot

from helix_app.gui.glossary import terms
from helix_app.gui.kit.controls.elided import Shortened
from helix_app.gui.look.theme import Theme


@pytest.fixture
def label(theme: Theme, qtbot: QtBot) -> Shortened:
    made = Shortened()
    qtbot.addWidget(made)
    made.setFont(theme.fonts.ui)
    made.setToolTip("61 tok/s")
    made.resize(600, 24)
    made.show()
    return made


def picture(label: Shortened, text: str) -> QImage:
    label.setText(text)
    return label.grab().toImage()


def test_what_does_not_fit_ends_with_an_ellipsis_and_is_told_by_the_tooltip(label: Shortened) -> None:
    text = "No faster than plain: 0.84x its speed, the same text"
    whole = picture(label, text)
    assert label.fits()
    assert label.told() == "61 tok/s"
    label.resize(120, 24)
    cut = picture(label, text)
    assert not label.fits()
    assert label.told() == f"{text}\n61 tok/s"
    assert label.text() == text
    short = label.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, 120)
    assert picture(label, short) == cut
    assert whole.copy(0, 0, 120, 24) != cut


def test_a_tooltip_of_rich_text_stays_rich(label: Shortened) -> None:
    terms.give(label, "speculative", "Speculative decoding")
    tip = label.toolTip()
    label.setText("paused: fewer than <30> & nothing gained")
    label.resize(60, 24)
    assert not label.fits()
    told = label.told()
    assert told == tip.replace("<qt>", "<qt>paused: fewer than &lt;30&gt; &amp; nothing gained<br>", 1)
    assert QTextDocumentFragment.fromHtml(told).toPlainText().startswith(f"{label.text()}\nSpeculative decoding")


def test_it_gives_way_but_not_altogether(label: Shortened) -> None:
    label.setText("word " * 40)
    assert label.minimumSizeHint().width() == Shortened.LEAST
    label.setText("a")
    assert label.minimumSizeHint().width() < Shortened.LEAST
