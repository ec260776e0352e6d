"""The window itself: closing, what it remembers, access by keyboard."""

from __future__ import annotations

import gc
import weakref

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QAction
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
from helix_app.gui.kit.buttons import Picker
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol import events
from helix_app.protocol.hub import CatalogChanged, DownloadFailed, DownloadProgress
from helix_app.protocol.loading import LoadProgress
from tests.gui import fake
from tests.gui.fake import record

# ------------------------------------------------------------------------------ the window itself


def test_closing_mid_reply_saves_the_place_and_says_so(window: MainWindow, qtbot) -> None:
    saved = record(window.settings_changed)
    window.chat.composer.editor.setPlainText("x")
    window.chat.send()
    with qtbot.waitSignal(window.closing):
        window.close()
    assert saved[-1].window_geometry
    assert saved[-1].window_state


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


def test_shortcuts(window: MainWindow) -> None:
    shortcuts = {action.shortcut().toString() for action in window.findChildren(QAction)}
    assert {"Ctrl+N", "Ctrl+L", "Ctrl+O", "Ctrl+,", "Esc", "F1"} <= shortcuts
    all_shortcuts = [a.shortcut().toString() for a in window.findChildren(QAction) if not a.shortcut().isEmpty()]
    assert len(all_shortcuts) == len(set(all_shortcuts))


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


def test_loading_can_be_cancelled(window: MainWindow) -> None:
    cancels, loads = record(window.cancel_requested), record(window.load_requested)
    window.toolbar.draft.pick("none")
    window.strip.cancel.click()
    assert len(cancels) == 1
    window.on_event(events.Failed("load_cancelled"))
    assert not window.strip.isVisible()
    assert not window.chat.error.isVisible()
    assert not window.chat.composer.editor.isEnabled()
    window.toolbar.draft.pick("none")  # the same again is a new attempt
    assert len(loads) == 2


def test_a_download_does_not_hide_the_load_that_runs(window: MainWindow) -> None:
    window.toolbar.target.pick(fake.BIG.id)
    window.toolbar.draft.pick("none")
    window.on_event(LoadProgress("weights", 0.3))
    window.on_event(DownloadProgress(fake.BIG.id, "download", 1, 2))
    assert window.strip.text.text() == "Loading weights"
    window.on_event(DownloadFailed(fake.BIG.id, "download_failed", "", (("name", "Qwen"),)))
    assert window.strip.isVisible()
    assert "did not complete" in window.chat.error.sentence.text()
