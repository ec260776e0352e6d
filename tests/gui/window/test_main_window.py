"""The window itself: closing, what it remembers, what a load does to it, access by keyboard."""

from __future__ import annotations

import gc
import weakref

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QMetaObject, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)

from helix_app import __version__
from helix_app.base.settings import Settings
from helix_app.gui.help.about import AboutDialog
from helix_app.gui.kit.controls.buttons import Picker
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.models.hub import CatalogChanged
from helix_app.protocol.models.loading import Unloaded
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore
from tests.gui.driver import Driver
from tests.gui.fake import record

pytestmark = pytest.mark.styled


def test_closing_mid_reply_saves_the_place_and_says_so(window: MainWindow, qtbot) -> None:
    saved = record(window.settings_changed)
    window.chat.composer.editor.setPlainText("x")
    window.chat.send()
    with qtbot.waitSignal(window.closing):
        window.close()
    assert saved[-1].window_geometry
    assert saved[-1].window_state


def test_closing_keeps_what_waits_for_a_reply_as_a_draft(chat: Driver) -> None:
    window = chat.window
    store = FakeStore(window)
    chat.ask("x")
    chat.ask("next")
    window.closing.connect(lambda: chat.finish("So", "cancelled"))  # as the engine does, which is asked to stop
    window.close()
    assert [request.messages[-1].content for request in chat.requests] == ["x"]
    assert list(store.texts.values()) == ["x", "So"]
    assert store.changes("draft") == ["next"]


def test_the_live_dock_comes_back_and_is_remembered(make_window, window: MainWindow) -> None:
    assert window.live.isVisible()
    window.actions_.live.trigger()
    assert not window.live.isVisible()
    assert not window.toolbar.live.isChecked()
    saved = record(window.settings_changed)
    window.close()
    second = make_window(window_state=saved[-1].window_state, window_geometry=saved[-1].window_geometry)
    second.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    second.start()
    second.on_event(fake.ready())
    assert not second.live.isVisible()
    second.toolbar.live.click()
    assert second.live.isVisible()
    assert second.actions_.live.isChecked()


def test_the_end_of_the_session_closes_the_window_and_keeps_its_place(qapp: QApplication, window: MainWindow) -> None:
    """Windows ends the process after that signal, and closes no window before it."""
    window.start()
    saved, closing = record(window.settings_changed), record(window.closing)
    QMetaObject.invokeMethod(qapp, "aboutToQuit")
    assert saved[-1].window_geometry
    QMetaObject.invokeMethod(qapp, "aboutToQuit")  # at its own end: the window is closed
    assert len(closing) == 1


def test_a_closed_window_is_freed(qapp: QApplication) -> None:
    window = MainWindow(Settings())
    window.show()
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.on_event(fake.ready())
    for page in window.pages.pages():
        window.pages.show_page(page.name)
    seen = weakref.ref(window)
    window.close()
    window.deleteLater()
    del window, page
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert seen() is None


def test_damaged_window_state_is_ignored(make_window) -> None:
    window = make_window(window_geometry="not base64 ☃", window_state="AAAA")
    assert window.isVisible()


def test_about_names_the_version(window: MainWindow) -> None:
    window.actions_.about.trigger()
    dialog = window.findChild(AboutDialog)
    assert dialog is not None
    assert any(__version__ in label.text() for label in dialog.findChildren(QWidget) if hasattr(label, "text"))
    dialog.close()


def test_every_control_has_a_name_and_takes_the_focus(window: MainWindow) -> None:
    window.chat.composer.editor.setPlainText("x")
    window.chat.send()
    window.on_event(fake.finished("", ""))
    window.preferences.open_dialog()
    controls = [
        control
        for control in window.findChildren(QWidget)
        if isinstance(control, (QAbstractButton, QAbstractSpinBox, QLineEdit, QPlainTextEdit, Picker))
        and not isinstance(control.parent(), QAbstractSpinBox)
        and "Scroll" not in type(control.parent()).__name__
        and not control.objectName().startswith("qt_")
    ]
    assert len(controls) > 25
    for control in controls:
        has_text = isinstance(control, QAbstractButton) and not control.isVisibleTo(control.parentWidget())
        assert control.accessibleName() or has_text, control
        assert control.focusPolicy() & Qt.FocusPolicy.TabFocus, control.accessibleName()


def test_works_at_the_smallest_size(window: MainWindow) -> None:
    window.resize(1024, 700)
    assert (window.width(), window.height()) == (1024, 700)
    assert window.toolbar.width() <= 1024
    right = window.toolbar.live.mapTo(window, window.toolbar.live.rect().bottomRight())
    assert right.x() < 1024
    assert window.minimumSizeHint().height() <= 700


def test_failed_load_closes_the_composer_and_says_why(make_window) -> None:
    window = make_window()
    window.start()
    window.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    window.on_event(events.Failed("out_of_memory", "bad_alloc"))
    assert window.chat.error.isVisible()
    assert not window.strip.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    assert window.chat.composer.editor.placeholderText() == "No model is loaded. Choose a target model above."


def test_a_change_while_writing_stops_the_reply_first(window: MainWindow) -> None:
    cancels, loads = record(window.reply_cancel_requested), record(window.load_requested)
    window.chat.composer.editor.setPlainText("x")
    window.chat.send()
    window.toolbar.device.pick("cpu")
    assert len(cancels) == 1
    assert len(loads) == 1


def test_a_load_that_failed_leaves_no_blocks(window: MainWindow) -> None:
    window.toolbar.device.pick("cpu")
    window.on_event(events.Failed("model_corrupt", fields=(("path", "x.gguf"),)))
    assert not window.strip.isVisible()
    assert not window.live.blocks.maps["target"].isVisible()


def test_unload(window: MainWindow) -> None:
    seen = record(window.unload_requested)
    window.actions_.unload.trigger()
    assert len(seen) == 1
    window.on_event(Unloaded())
    assert not window.chat.composer.editor.isEnabled()
    assert not window.actions_.unload.isEnabled()
    assert window.toolbar.device.shown() == "Auto"


def test_saved_settings_take_effect(window: MainWindow) -> None:
    saved, loads = record(window.settings_changed), record(window.load_requested)
    window.preferences.open_dialog()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    dialog.editors["theme"].widget.pick("dark")
    dialog.editors["temperature"].widget.setValue(0.1)
    dialog.seed_edit.setText("9")
    dialog.save.click()
    assert saved[-1].theme == "dark"
    assert window.theme.palette.name == "dark"
    assert Driver(window).ask("x").sampling.temperature == 0.1
    assert loads == []
    window.preferences.open_dialog()
    again = next(d for d in window.findChildren(SettingsDialog) if d.isVisible())
    assert again.seed() == 9
    again.editors["context_length"].widget.setValue(1024)
    again.save.click()
    assert loads[-1].context_length == 1024


def test_a_load_takes_the_cursor_from_nobody_who_writes(chat: Driver) -> None:
    window = chat.window
    chat.ask("x")
    chat.finish("So.")
    window.chats.sidebar.take_cursor()
    window.state.begin_load({"dtype": "float32"})
    window.on_event(fake.ready())
    assert window.focusWidget() is window.chats.sidebar.search
    chat.reply.begin_edit()
    assert chat.reply.box is not None
    for _ in range(2):
        assert window.focusWidget() is chat.reply.box.editor
        window.state.begin_load({"dtype": "float32"})
        assert window.focusWidget() is chat.reply.box.editor
        window.on_event(fake.ready())
    assert window.focusWidget() is chat.reply.box.editor
    chat.reply.end_edit()
    window.on_event(fake.ready())
    assert window.chat.composer.editor.hasFocus()
