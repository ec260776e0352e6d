"""The prompt as tokens, with what is chosen in the dialog."""

from __future__ import annotations

import pytest

from helix_app.gui.prompting.dialog import PromptingDialog
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.gui.window.main_window import MainWindow
from helix_app.protocol.conversations.prompts import PromptCounted
from helix_app.protocol.events import Failed
from tests.gui.chat.made_prompts import FakeCounter, ready, tokens
from tests.gui.chats.made_chats import FakeStore
from tests.gui.prompting.prompt_views import cut_chat, prompting_dialog


@pytest.fixture
def counter(window: MainWindow) -> FakeCounter:
    window.on_event(ready())
    FakeStore(window, cut_chat(0))
    window.book.open("c0")
    return FakeCounter(window)


def preview(window: MainWindow) -> PromptPreview:
    window.chat.composer.options.click()
    dialog: PromptingDialog = prompting_dialog(window)
    dialog.editors["system_prompt"].show("Be short.")
    dialog.preview.click()
    return next(d for d in dialog.findChildren(PromptPreview) if d.isVisible())


def test_all_tokens_are_shown_and_counted_by_part(window: MainWindow, counter: FakeCounter) -> None:
    window.chat.composer.editor.setPlainText("And then?")
    shown = preview(window)
    asked = counter.asked[-1]
    assert asked.messages[0].content == "Be short."  # as the dialog says, saved or not
    assert shown.sheet.tokens == tokens(asked)
    assert shown.parts["message"].text() == "Message 3"
    assert shown.parts["system"].text() == "System prompt 3"
    assert not shown.parts["message"].parentWidget().isHidden()
    assert shown.parts["reply"].parentWidget().isHidden()
    assert f"{len(shown.sheet.tokens)} tokens of prompt" in shown.said.text()
    shown.sheet.pick(0)
    assert "Token id 1" in shown.about.text()


def test_what_is_left_out_is_said(window: MainWindow, counter: FakeCounter) -> None:
    counter.left_out = 2
    assert "The 2 oldest messages are not in it" in preview(window).said.text()


def test_a_fault_is_said(window: MainWindow, counter: FakeCounter) -> None:
    counter.faults[""] = (Failed("no_chat_template"), 0)
    shown = preview(window)
    assert "chat template" in shown.said.text()
    assert not shown.sheet.tokens


def test_of_a_very_long_prompt_both_ends_are_shown(
    window: MainWindow, counter: FakeCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("helix_app.gui.prompting.preview.MOST_TOKENS", 10)
    shown = preview(window)
    found = tokens(counter.asked[-1])
    assert shown.sheet.tokens == found[:5] + found[-5:]
    assert "first and last 5 tokens" in shown.said.text()


def test_the_answer_to_another_question_is_not_shown(window: MainWindow, counter: FakeCounter) -> None:
    counter.waits = True
    shown = preview(window)
    window.counting.look(window.book.current.prompting, lambda _: None)
    counter.answer()
    assert not shown.sheet.tokens
    counter.answer(counter.asked[-2])
    assert shown.sheet.tokens


def test_without_a_model_the_buttons_are_off(window: MainWindow) -> None:
    from helix_app.protocol.models.loading import Unloaded

    window.on_event(Unloaded())
    window.prompting.open_dialog()
    dialog = prompting_dialog(window)
    assert not dialog.preview.isEnabled()
    assert not dialog.template.isEnabled()


def test_of_a_text_its_beginning_is_said_to_be_left_out(window: MainWindow, counter: FakeCounter) -> None:
    counter.waits = True
    shown = preview(window)
    number = counter.asked[-1].number
    shown.on_told(PromptCounted(number, (0, 9, 3, 0, 1), room=25, raw=True, cut=True))
    assert "The beginning of the text is not in it" in shown.said.text()
    shown.on_told(PromptCounted(number, (0, 9, 3, 0, 1), room=25, raw=True))
    assert "not in it" not in shown.said.text()
