"""The settings' part about learning from replies."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, Qt
from PySide6.QtTest import QTest

from helix_app.base import messages
from helix_app.base.settings import Settings
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed, Forgotten
from tests.gui import views
from tests.gui.fake import record
from tests.gui.settling import settle

pytestmark = pytest.mark.styled

NOT_WIPED = Failed("forget_failed", "[Errno 13] Permission denied", (("folder", "/data/ngram"),))


@pytest.fixture
def dialog(window: MainWindow) -> SettingsDialog:
    """The settings on their engine page, over a window with a model."""
    window.preferences.open_dialog()
    made = views.settings_dialog(window)
    made.sections.setCurrentRow(2)
    return made


def test_turning_it_off_is_saved_and_loads_again(window: MainWindow, dialog: SettingsDialog) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    assert dialog.learning.box.isChecked()
    QTest.mouseClick(dialog.learning.box, Qt.MouseButton.LeftButton, pos=QPoint(60, 16))  # on its text
    assert not dialog.learning.box.isChecked()
    assert loads == []
    dialog.save.click()
    assert [settings.learn for settings in saved] == [False]
    assert [load.learn for load in loads] == [False]
    window.preferences.open_dialog()
    again = views.settings_dialog(window)
    assert not again.learning.box.isChecked()
    again.on_reset_clicked()
    assert again.settings().learn


def test_cancel_keeps_it(window: MainWindow, dialog: SettingsDialog) -> None:
    saved = record(window.settings_changed)
    dialog.learning.box.click()
    dialog.reject()
    assert saved == []
    assert window.settings.learn


def test_the_same_settings_load_nothing(window: MainWindow, dialog: SettingsDialog) -> None:
    loads = record(window.load_requested)
    dialog.learning.box.click()
    dialog.learning.box.click()
    dialog.save.click()
    assert loads == []


def test_without_a_model_nothing_is_loaded(make_window) -> None:
    window = make_window()
    loads = record(window.load_requested)
    window.preferences.on_saved(Settings(theme="light", learn=False), None)
    assert loads == []
    assert not window.settings.learn


def test_forgetting_says_how_it_went(window: MainWindow, dialog: SettingsDialog) -> None:
    asked, saved = record(window.forget_requested), record(window.settings_changed)
    learning = dialog.learning
    assert not learning.outcome.isVisible()
    learning.forget.click()
    assert len(asked) == 1
    assert not learning.outcome.isVisible()  # nothing is known yet
    window.on_event(Forgotten(0, NOT_WIPED))
    assert learning.outcome.isVisible()
    assert learning.outcome.text() == messages.error_text("forget_failed", NOT_WIPED.fields)
    assert "/data/ngram" in learning.outcome.text()
    danger = window.theme.palette.danger_text
    assert learning.outcome.palette().windowText().color().name() == danger
    learning.forget.click()
    assert len(asked) == 2
    assert not learning.outcome.isVisible()
    window.on_event(Forgotten(2))
    assert learning.outcome.text() == "Forgotten."
    assert learning.outcome.palette().windowText().color().name() != danger
    assert dialog.isVisible()
    assert not window.chat.error.isVisible()
    assert saved == []


def test_a_failure_is_told_after_the_dialog_closed(window: MainWindow, dialog: SettingsDialog) -> None:
    dialog.reject()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)
    assert window.findChild(SettingsDialog) is None
    window.on_event(Forgotten(1))
    assert not window.chat.error.isVisible()
    window.on_event(Forgotten(0, NOT_WIPED))
    assert window.chat.error.sentence.text() == messages.error_text("forget_failed", NOT_WIPED.fields)
    assert window.chat.composer.editor.isEnabled()  # the model is still there


def test_a_failure_ends_no_load(window: MainWindow) -> None:
    window.toolbar.device.pick("cpu")
    window.on_event(Forgotten(0, NOT_WIPED))
    assert window.state.loading is not None
    assert window.strip.isVisible()


def test_the_longest_sentence_fits(window: MainWindow, dialog: SettingsDialog) -> None:
    folder = "C:\\Users\\Someone With A Long Name\\AppData\\Local\\Helix\\ngram"
    window.on_event(Forgotten(0, Failed("forget_failed", fields=(("folder", folder),))))
    settle()
    outcome = dialog.learning.outcome
    bottom = outcome.mapTo(dialog, outcome.rect().bottomLeft()).y()
    assert outcome.height() >= outcome.heightForWidth(outcome.width())
    assert bottom < dialog.save.mapTo(dialog, QPoint(0, 0)).y()
    right = outcome.mapTo(dialog, outcome.rect().topRight()).x()
    assert right < dialog.width()
