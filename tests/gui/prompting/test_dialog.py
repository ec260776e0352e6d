"""Prompt and sampling of one conversation: what differs is its own, and new ones with a model may begin so."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QPlainTextEdit

from helix_app.gui.chats.prompting import Prompting, to_text
from helix_app.gui.prompting.dialog import PromptingDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.chats import ChangeChat
from helix_app.protocol.events import Failed
from helix_app.protocol.models.loading import Unloaded
from helix_app.protocol.requests import ChatMessage
from tests.gui import fake
from tests.gui.chats.made_chats import FakeStore, chat as made_chat, question
from tests.gui.driver import Driver
from tests.gui.settling import settle


def opened(window: MainWindow) -> PromptingDialog:
    """The dialog, opened from the composer."""
    window.chat.composer.options.click()
    return next(d for d in window.findChildren(PromptingDialog) if d.isVisible())


def test_only_what_differs_is_its_own(window: MainWindow, chat: Driver) -> None:
    window.state.change(temperature=0.3, system_prompt="General.")
    dialog = opened(window)
    assert dialog.prompting() == Prompting()
    text = dialog.editors["system_prompt"].widget
    assert isinstance(text, QPlainTextEdit)
    assert text.toPlainText() == "General."
    text.setPlainText("Its own.")
    dialog.editors["max_tokens"].show(9)
    dialog.seed_edit.setText("7")
    dialog.stops.setPlainText("END\n\nSTOP\n")
    assert dialog.prompting() == Prompting({"system_prompt": "Its own.", "max_tokens": 9}, 7, ("END", "STOP"))
    dialog.accept()
    request = chat.ask("x")
    assert request.messages == (ChatMessage("system", "Its own."), ChatMessage("user", "x"))
    assert (request.max_tokens, request.sampling.seed, request.stop) == (9, 7, ("END", "STOP"))
    assert (request.verify, request.sampling.temperature) == ("coupled", 0.3)
    chat.finish("y")
    window.state.change(temperature=0.9)  # what it did not change follows the settings
    assert chat.ask("z").sampling.temperature == 0.9


def test_another_conversation_is_as_the_settings_say(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window)
    chat.ask("x")
    chat.finish("y")
    dialog = opened(window)
    dialog.editors["max_tokens"].show(9)
    dialog.accept()
    assert ChangeChat(window.book.current.id, settings='{"max_tokens": 9}') in store.asked
    assert "It has its own." in window.chat.composer.options.toolTip()
    window.chat.new_chat()
    assert "As in the settings." in window.chat.composer.options.toolTip()
    assert chat.ask("x").max_tokens == window.settings.max_tokens


def test_cancel_changes_nothing_and_reset_is_the_settings(window: MainWindow, chat: Driver) -> None:
    dialog = opened(window)
    dialog.editors["max_tokens"].show(9)
    dialog.reject()
    assert not window.book.current.prompting
    dialog = opened(window)
    dialog.show_prompting(Prompting({"max_tokens": 9}, 3, ("END",)))
    assert dialog.prompting()
    dialog.show_prompting(Prompting())
    assert not dialog.prompting()
    dialog.accept()
    assert chat.ask("x").stop == ()


def test_new_conversations_with_a_model_may_begin_so(window: MainWindow, chat: Driver) -> None:
    dialog = opened(window)
    dialog.editors["max_tokens"].show(9)
    dialog.by_model.setChecked(True)
    dialog.accept()
    assert window.settings.prompting == {window.settings.target: to_text(Prompting({"max_tokens": 9}))}
    chat.ask("x")
    chat.finish("y")
    window.chat.new_chat()
    assert chat.ask("x").max_tokens == 9
    chat.finish("y")
    window.chat.new_chat()
    dialog = opened(window)
    assert dialog.by_model.isChecked()
    dialog.by_model.setChecked(False)
    dialog.accept()
    assert window.settings.prompting == {}


def test_what_was_chosen_before_the_first_message_stays_when_the_model_changes(
    window: MainWindow, chat: Driver
) -> None:
    dialog = opened(window)
    dialog.editors["max_tokens"].show(9)
    dialog.accept()
    window.state.model_changed.emit()
    assert chat.ask("x").max_tokens == 9


OTHER = "/x/other.gguf"
NINE = to_text(Prompting({"max_tokens": 9}))


def shown(window: MainWindow) -> PromptingDialog:
    """The dialog, opened also where nothing answers."""
    window.prompting.open_dialog()
    return next(d for d in window.findChildren(PromptingDialog) if d.isVisible())


def test_what_a_model_begins_with_stays_where_that_was_not_shown(window: MainWindow) -> None:
    both = {window.settings.target: NINE, OTHER: NINE}
    window.state.change(prompting=both)
    window.toolbar.target.pick(OTHER)
    dialog = shown(window)
    assert dialog.by_model.isHidden()
    window.on_event(fake.ready(target_name="Other"))  # while it is open
    dialog.editors["max_tokens"].show(7)
    dialog.accept()
    window.on_event(Unloaded())
    dialog = shown(window)
    assert dialog.by_model.isHidden()
    dialog.editors["max_tokens"].show(8)
    dialog.accept()
    assert window.settings.prompting == both


def test_what_is_chosen_is_of_the_model_that_it_was_shown_for(window: MainWindow) -> None:
    first = window.settings.target
    dialog = opened(window)
    dialog.editors["max_tokens"].show(9)
    dialog.by_model.setChecked(True)
    window.state.begin_load({"target": OTHER})
    window.on_event(fake.ready(target_name="Other"))
    dialog.accept()
    assert window.settings.target == OTHER
    assert window.settings.prompting == {first: NINE}


def test_what_is_chosen_is_of_the_conversation_that_it_was_shown_for(window: MainWindow, chat: Driver) -> None:
    store = FakeStore(window, made_chat("d", question("q", "", "Other?")))
    chat.ask("x")
    chat.finish("y")
    talk = window.book.current
    dialog = opened(window)
    window.book.open("d")  # as the end of an import does
    dialog.editors["max_tokens"].show(9)
    dialog.accept()
    assert (window.book.current.id, window.book.current.settings) == ("d", "")
    assert talk.settings == NINE
    assert store.of(ChangeChat)[-1] == ChangeChat(talk.id, settings=NINE)


@pytest.mark.styled
def test_the_system_prompt_has_room_for_some_lines(window: MainWindow) -> None:
    dialog = opened(window)
    settle()
    text = dialog.editors["system_prompt"].widget
    assert text.height() >= 4 * text.fontMetrics().lineSpacing()
    assert dialog.height() <= 700


def test_what_is_chosen_while_a_first_message_comes_back_is_of_the_conversation_in_sight(
    window: MainWindow, chat: Driver
) -> None:
    request = chat.ask("x")
    dialog = opened(window)
    window.on_event(Failed("prompt_too_long", fields=(("tokens", "9"), ("limit", "8")), request_id=request.request_id))
    assert not window.book.current.known
    dialog.editors["max_tokens"].show(9)
    dialog.accept()
    assert window.book.current.settings == NINE
    assert chat.ask("y").max_tokens == 9
