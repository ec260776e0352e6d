"""The rail of pages."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel

from helix_app.gui.window.main_window import MainWindow
from helix_app.gui.window.navigation import Page
from helix_app.protocol.models.hub import CatalogChanged
from tests.gui import fake
from tests.gui.fake import record


def add_page(window: MainWindow, name: str = "other") -> QLabel:
    """Register one more page."""
    made = QLabel(name)
    window.add_page(Page(name, name.title(), "info", made))
    QApplication.processEvents()  # a layout shows what is put into it with the next event
    return made


def test_a_page_that_is_added_can_be_reached_by_mouse_keyboard_and_menu(window: MainWindow) -> None:
    other = add_page(window)
    number = len(window.pages.pages())
    button = window.pages.button("other")
    assert button.isVisible()
    assert button.accessibleName() == "Other"
    assert f"Ctrl+{number}" in button.toolTip()
    seen = record(window.pages.page_changed)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)
    assert other.isVisible()
    assert not window.chat.isVisible()
    assert button.isChecked()
    assert not window.pages.button("chat").isChecked()
    QTest.keyClick(window, Qt.Key.Key_1, Qt.KeyboardModifier.ControlModifier)
    assert window.chat.isVisible()
    assert window.pages.actions_[0].isChecked()
    action = window.pages.actions_[-1]
    assert action in window.actions_.view.actions()
    action.trigger()
    assert other.isVisible()
    assert seen == ["other", "chat", "other"]


def test_a_page_without_room_hides_the_live_dock_and_brings_it_back(make_window, window: MainWindow) -> None:
    add_page(window)
    window.pages.show_page("other")
    assert not window.live.isVisible()
    assert not window.actions_.live.isEnabled()
    saved = record(window.settings_changed)
    window.close()
    assert saved[-1].window_state
    second = make_window(window_state=saved[-1].window_state)
    second.on_event(CatalogChanged((fake.here(fake.SMOL),)))
    assert second.live.isVisible()  # it was only hidden by the page
    window.show()
    window.pages.show_page("chat")
    assert window.live.isVisible()
    window.actions_.live.trigger()
    window.pages.show_page("other")
    window.pages.show_page("chat")
    assert not window.live.isVisible()  # the person closed it


def test_the_card_of_the_first_start_has_no_rail(make_window) -> None:
    window = make_window()
    window.on_event(CatalogChanged((fake.SMOL,)))
    assert not window.pages.isVisible()
    assert not any(action.isEnabled() for action in window.pages.actions_)
    window.on_event(fake.ready())
    assert window.pages.isVisible()
    assert window.chat.isVisible()


def test_writing_goes_on_while_another_page_is_shown(window: MainWindow, chat) -> None:
    add_page(window)
    chat.ask("Hello")
    window.pages.show_page("other")
    chat.write("Some text")
    chat.finish("Some text")
    window.on_event(fake.ready())  # another model: no reason to turn the page
    assert window.pages.current is not None
    assert window.pages.current.name == "other"
    window.actions_.focus.trigger()
    assert window.chat.isVisible()
    assert chat.reply.source() == "Some text"
    window.pages.show_page("other")
    window.actions_.new_chat.trigger()
    assert window.chat.isVisible()
