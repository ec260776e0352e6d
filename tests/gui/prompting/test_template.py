"""The chat template of a conversation: begun with the model's own, checked as it is typed, sent with each request."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.prompting import from_text
from helix_app.gui.prompting.template import TemplateDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from tests.gui.chat.made_prompts import TEMPLATE, FakeCounter, ready
from tests.gui.driver import Driver
from tests.gui.prompting.prompt_views import prompting_dialog

OTHER = TEMPLATE + "\n{# mine #}"
BROKEN = TEMPLATE + "\n{% if %}"


@pytest.fixture
def counter(window: MainWindow) -> FakeCounter:
    window.on_event(ready())
    counter = FakeCounter(window)
    counter.faults[BROKEN] = (Failed("template_own_failed", "", (("reason", "Expected an expression"),)), 5)
    return counter


def opened(window: MainWindow) -> TemplateDialog:
    window.chat.composer.options.click()
    dialog = prompting_dialog(window)
    dialog.template.click()
    return next(d for d in dialog.findChildren(TemplateDialog) if d.isVisible())


def test_it_begins_with_the_models_own(window: MainWindow, counter: FakeCounter) -> None:
    counter.waits = True
    dialog = opened(window)
    assert not dialog.editor.isEnabled()
    assert dialog.said.text() == "Reading the model's template…"
    counter.answer()
    assert dialog.editor.isEnabled()
    assert dialog.editor.toPlainText() == TEMPLATE
    assert dialog.template() == ""
    assert dialog.said.text().startswith("This is the model's own.")


def test_a_fault_is_shown_with_its_line_and_cannot_be_kept(
    window: MainWindow, counter: FakeCounter, qtbot: QtBot
) -> None:
    dialog = opened(window)
    dialog.editor.setPlainText(BROKEN)
    assert not dialog.save.isEnabled()  # until it is checked
    qtbot.waitUntil(lambda: dialog.said.text() == "Line 5: Expected an expression")
    assert not dialog.save.isEnabled()
    (mark,) = dialog.editor.extraSelections()
    assert mark.cursor.blockNumber() == 4
    dialog.editor.setPlainText(OTHER)
    qtbot.waitUntil(dialog.save.isEnabled)
    assert dialog.said.text().startswith("It works here.")
    assert not dialog.editor.extraSelections()


def test_a_template_that_refuses_this_conversation_can_be_kept(window: MainWindow, counter: FakeCounter) -> None:
    counter.faults[OTHER] = (Failed("template_refused", "", (("reason", "No."),)), 1)
    dialog = opened(window)
    dialog.editor.setPlainText(OTHER)
    dialog.check()
    assert "No." in dialog.said.text()
    assert dialog.save.isEnabled()


def test_what_is_kept_goes_with_every_request_and_with_new_conversations(
    window: MainWindow, chat: Driver, counter: FakeCounter
) -> None:
    dialog = opened(window)
    dialog.editor.setPlainText(OTHER)
    dialog.check()
    dialog.save.click()
    prompting = prompting_dialog(window)
    assert prompting.template_note.text() == "another one, for this conversation"
    prompting.by_model.setChecked(True)
    prompting.save.click()
    assert window.book.current.prompting.template == OTHER
    assert from_text(window.settings.prompting[window.settings.target]).template == OTHER
    assert chat.ask("x").template == OTHER
    chat.finish("y")
    window.chat.new_chat()
    assert chat.ask("x").template == OTHER
    chat.finish("y")
    dialog = opened(window)
    assert dialog.editor.toPlainText() == OTHER
    dialog.reset.click()
    dialog.check()
    assert dialog.editor.toPlainText() == TEMPLATE
    dialog.save.click()
    prompting_dialog(window).save.click()
    assert chat.ask("z").template == ""


def test_cancel_keeps_what_was(window: MainWindow, counter: FakeCounter) -> None:
    dialog = opened(window)
    dialog.editor.setPlainText(OTHER)
    dialog.reject()
    assert prompting_dialog(window).prompting().template == ""


def test_one_can_be_written_for_a_model_that_has_none(window: MainWindow, counter: FakeCounter, qtbot: QtBot) -> None:
    window.on_event(ready(chat_template=False))
    dialog = opened(window)
    assert dialog.editor.isEnabled()
    assert dialog.editor.toPlainText() == ""
    assert dialog.said.text() == "This model has none, and continues the text. With one written here it chats."
    dialog.editor.setPlainText(OTHER)
    qtbot.waitUntil(dialog.save.isEnabled)
    assert dialog.said.text().startswith("It works here.")
    assert not counter.asked[-1].raw
    dialog.save.click()
    prompting = prompting_dialog(window)
    assert prompting.editors["system_prompt"].widget.isEnabled()
    prompting.save.click()
    assert not window.chat.continuing.plain


def test_one_can_be_written_where_the_text_is_too_long_for_its_context(
    window: MainWindow, counter: FakeCounter
) -> None:
    window.on_event(ready(chat_template=False))
    counter.faults[""] = (Failed("prompt_too_long", "", (("tokens", "99"), ("limit", "64"))), 0)
    dialog = opened(window)
    assert dialog.editor.isEnabled()
    assert "99" in dialog.said.text()  # which is not that it has none
