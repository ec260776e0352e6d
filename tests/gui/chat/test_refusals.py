"""A full context: the reply says what limits it, and its buttons do something about it."""

from __future__ import annotations

import pytest

from helix_app.gui.chat.refusals import larger_context
from helix_app.gui.kit.controls.notices import OfferBox
from helix_app.gui.settings.dialog import SettingsDialog
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.events import Failed
from helix_app.protocol.requests import LoadChoice
from tests.gui import fake
from tests.gui.driver import Driver

DEFAULT = {"context_length": 8192, "model_context": 32768, "context_limit": "default"}


@pytest.fixture
def chat(window: MainWindow) -> Driver:
    window.on_event(fake.ready(**DEFAULT))
    return Driver(window)


def loads_of(chat: Driver) -> list[LoadChoice]:
    loads: list[LoadChoice] = []
    chat.window.load_requested.connect(loads.append)
    return loads


def full(chat: Driver) -> OfferBox:
    """What a reply offers that filled the context."""
    chat.ask("a long story")
    chat.write("Once upon a time")
    chat.finish("Once upon a time", "context_full")
    assert chat.reply.offer is not None
    return chat.reply.offer


def test_a_full_context_offers_a_larger_one(chat: Driver) -> None:
    loads, offer = loads_of(chat), full(chat)
    assert "8,192" in offer.sentence.text()
    assert "32,768" in offer.sentence.text()
    offer.action.click()
    assert loads[-1].context_length == 16384
    assert chat.window.settings.context_length == 16384
    assert chat.reply.offer is None
    assert chat.window.chat.view.messages()  # the conversation is still there


def test_a_full_context_offers_a_new_conversation(chat: Driver) -> None:
    loads, offer = loads_of(chat), full(chat)
    offer.other.click()
    assert not chat.window.chat.view.messages()
    assert loads == []


@pytest.mark.parametrize("limit", ["model", "memory"])
def test_where_a_setting_cannot_help_only_a_new_conversation_is_offered(chat: Driver, limit: str) -> None:
    chat.window.on_event(fake.ready(**{**DEFAULT, "context_limit": limit}))
    offer = full(chat)
    assert not offer.other.isVisibleTo(offer)
    offer.action.click()
    assert not chat.window.chat.view.messages()


def test_a_reply_that_ends_otherwise_offers_nothing(chat: Driver) -> None:
    chat.ask("x")
    chat.finish("done")
    assert chat.reply.offer is None


@pytest.mark.parametrize(
    ("code", "tokens", "want"),
    [
        ("prompt_too_long_default", "9,000", 16384),
        ("prompt_too_long_default", "16,300", 32768),
        ("prompt_too_long", "40,000", None),
        ("no_chat_template", "", None),
    ],
)
def test_a_prompt_over_the_context_offers_one_that_holds_it(
    chat: Driver, code: str, tokens: str, want: int | None
) -> None:
    loads = loads_of(chat)
    request = chat.ask("long")
    fields = (("tokens", tokens), ("limit", "8,192"), ("model", "32,768"))
    chat.window.on_event(Failed(code, "", fields, request.request_id))
    page = chat.window.chat
    assert page.composer.text() == "long"  # it was never sent, and is not lost
    assert page.view.messages() == []
    assert page.error.action.isHidden() is (want is None)
    page.error.action.click()
    assert [load.context_length for load in loads] == [want or 0][: 1 if want else 0]
    assert len(chat.requests) == 1


def test_the_next_context() -> None:
    assert larger_context(None) == 0
    assert larger_context(fake.ready(**{**DEFAULT, "model_context": 9000})) == 9000
    assert larger_context(fake.ready(**{**DEFAULT, "context_length": 512, "context_limit": "setting"})) == 8192


def test_settings_name_the_context_in_tokens(window: MainWindow) -> None:
    window.preferences.open_dialog()
    dialog = window.findChild(SettingsDialog)
    assert dialog is not None
    context = dialog.editors["context_length"].widget
    assert context.accessibleName() == "Context in tokens"
    assert "8,192" in context.accessibleDescription()
    dialog.reject()


def test_where_the_oldest_go_a_reply_that_filled_the_context_can_be_continued(window: MainWindow, chat: Driver) -> None:
    window.state.change(on_full="drop_oldest")
    chat.ask("Tell me a story")
    chat.finish("Once upon a time", "context_full")
    assert chat.reply.offer is None
    chat.reply.continue_requested.emit()
    request = chat.requests[-1]
    assert request.messages[-1].content == "Once upon a time"
    assert request.on_full == "drop_oldest"


def test_a_message_that_met_a_broken_template_comes_back(window: MainWindow, chat: Driver) -> None:
    request = chat.ask("Why?")
    window.on_event(Failed("template_own_failed", "", (("reason", "a loop"),), request.request_id))
    assert window.chat.composer.text() == "Why?"
    assert "Correct it under Prompt and sampling" in window.chat.error.sentence.text()


@pytest.mark.parametrize("code", ["grammar_invalid", "grammar_missing", "grammar_tokenizer"])
def test_a_message_whose_form_cannot_be_had_comes_back(window: MainWindow, chat: Driver, code: str) -> None:
    request = chat.ask("Why?")
    window.on_event(Failed(code, "", (("reason", "a loop"),), request.request_id))
    assert window.chat.composer.text() == "Why?"
    assert window.chat.view.messages() == []
