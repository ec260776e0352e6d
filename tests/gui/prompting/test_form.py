"""The form of replies: picked, written, kept with the conversation, and asked for."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pytestqt.qtbot import QtBot

from helix_app.gui.chats.prompting import LONGEST_SCHEMA, Prompting
from helix_app.gui.look.theme import Theme
from helix_app.gui.prompting.form import EXAMPLE, FormPicker, SchemaDialog, fault_in
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.requests import Grammar
from tests.gui.driver import Driver
from tests.gui.prompting.prompt_views import prompting_dialog

SCHEMA = '{"type": "object"}'


@pytest.fixture
def picker(theme: Theme, qtbot: QtBot) -> FormPicker:
    made = FormPicker(theme)
    qtbot.addWidget(made)
    made.show()
    return made


def dialog_of(picker: FormPicker) -> SchemaDialog:
    return next(d for d in picker.findChildren(SchemaDialog) if d.isVisible())


def test_a_form_is_picked(picker: FormPicker) -> None:
    assert (picker.form, picker.shown()) == (None, "Free")
    picker.pick("json_object")
    assert (picker.form, picker.shown()) == (Grammar("json_object"), "JSON")
    picker.pick("")
    assert picker.form is None


def test_a_schema_is_taken_once_it_is_written(picker: FormPicker) -> None:
    picker.pick("json_schema")
    dialog = dialog_of(picker)
    assert not dialog.save.isEnabled()
    dialog.editor.setPlainText(SCHEMA)
    assert picker.form is None
    dialog.save.click()
    assert (picker.form, picker.shown()) == (Grammar("json_schema", SCHEMA), "JSON schema")


def test_cancel_leaves_the_form_and_the_schema_as_they_were(picker: FormPicker) -> None:
    picker.show_form(Grammar("json_schema", SCHEMA))
    picker.pick("")
    picker.pick("json_schema")
    dialog = dialog_of(picker)
    assert dialog.schema() == SCHEMA
    dialog.reject()
    assert (picker.form, picker.value) == (None, "")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "Nothing is written yet."),
        ('{\n"a": }', "Line 2 is no JSON."),
        ("[1]", "A schema is a JSON object, in braces."),
        ("[" * 50_000, "It is nested too deeply."),
        ('{"a": ' + "1" * 5000 + "}", "It holds a number that is too long."),
        (" {}" + " " * 9 + '"' + "x" * LONGEST_SCHEMA, "It is too long: 100,000 characters at most."),
    ],
    ids=["empty", "line", "list", "deep", "number", "long"],
)
def test_what_is_no_schema_is_said_and_not_taken(theme: Theme, qtbot: QtBot, text: str, words: str) -> None:
    dialog = SchemaDialog(theme, text)
    qtbot.addWidget(dialog)
    assert dialog.said.text() == words
    assert not dialog.save.isEnabled()


def test_a_limit_is_written_as_the_language_writes_numbers(speaking: Callable[[str], str]) -> None:
    speaking("de")
    assert "100.000" in fault_in("x" * (LONGEST_SCHEMA + 1))


def test_the_example_is_a_schema(theme: Theme, qtbot: QtBot) -> None:
    dialog = SchemaDialog(theme, "")
    qtbot.addWidget(dialog)
    dialog.findChildren(type(dialog.save))[0].click()
    assert json.loads(dialog.schema()) == EXAMPLE
    assert dialog.save.isEnabled()


def test_replies_of_the_conversation_have_it(window: MainWindow, chat: Driver) -> None:
    window.chat.composer.options.click()
    dialog = prompting_dialog(window)
    dialog.form.show_form(Grammar("json_schema", SCHEMA))
    assert dialog.prompting() == Prompting(form=Grammar("json_schema", SCHEMA))
    dialog.save.click()
    assert "It has its own." in window.chat.composer.options.toolTip()
    assert chat.ask("x").grammar == Grammar("json_schema", SCHEMA)
    chat.finish('{"a": "*b*"}')
    assert [block.text() for block in chat.reply.text_blocks()] == ['{"a": "*b*"}']
    window.chat.composer.options.click()
    assert prompting_dialog(window).form.form == Grammar("json_schema", SCHEMA)
    window.chat.new_chat()
    assert chat.ask("y").grammar is None
