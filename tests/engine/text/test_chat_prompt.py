"""Templates that refuse: their own sentence is shown, and a system prompt they refuse goes into the first message."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.engine.engine import Engine
from helix_app.engine.text.chat_prompt import fold_system
from helix_app.protocol.events import Event, Failed, Finished, Notice
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import GREEDY, TEMPLATE, check_idle, events, loaded, session_of, write_gguf

NO_SYSTEM = "{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
TURNS = (
    "{% for m in messages %}{% if (m['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}"
    "{% endif %}{% endfor %}"
)
SYSTEM, FIRST = ChatMessage("system", "be short"), ChatMessage("user", "the cat")


def engine_with(folder: Path, template: str) -> Engine:
    return loaded(write_gguf("llama-small", 0, folder / "m.gguf", template=template))


def reply(engine: Engine, *conversation: ChatMessage) -> list[Event]:
    request = GenerateRequest("r", messages=conversation, sampling=GREEDY, max_tokens=4)
    seen = events(engine, request)
    check_idle(engine)
    return seen


def told(seen: list[Event]) -> list[str]:
    return [messages.notice_text(event.code, event.fields) for event in seen if isinstance(event, Notice)]


def refusal(seen: list[Event]) -> tuple[str, str]:
    assert isinstance(seen[-1], Failed)
    return seen[-1].code, messages.error_text(seen[-1].code, seen[-1].fields)


@pytest.mark.parametrize("rule", [NO_SYSTEM, NO_SYSTEM + TURNS, TURNS], ids=["no system", "both", "turns"])
def test_a_refused_system_prompt_goes_into_the_first_message_and_is_told_once(tmp_path: Path, rule: str) -> None:
    engine = engine_with(tmp_path, rule + TEMPLATE)
    seen = reply(engine, SYSTEM, FIRST)
    assert isinstance(seen[-1], Finished)
    (sentence,) = told(seen)
    assert "first message" in sentence
    assert ("System role not supported" in sentence) == (NO_SYSTEM in rule)
    want = reply(engine, ChatMessage("user", "be short\n\nthe cat"))
    assert isinstance(want[-1], Finished)
    assert seen[-1].token_ids == want[-1].token_ids
    assert not told(reply(engine, SYSTEM, FIRST))


def test_a_template_that_takes_a_system_prompt_gets_it(tmp_path: Path) -> None:
    engine = engine_with(tmp_path, TEMPLATE)
    seen = reply(engine, SYSTEM, FIRST)
    assert isinstance(seen[-1], Finished)
    assert not told(seen)
    prompt = session_of(engine).tokenizer.encode_chat((SYSTEM, FIRST))
    assert "system" in session_of(engine).tokenizer.decode(prompt)


def test_a_conversation_that_is_refused_shows_the_templates_own_sentence(tmp_path: Path) -> None:
    engine = engine_with(tmp_path, TURNS + TEMPLATE)
    code, sentence = refusal(reply(engine, FIRST, FIRST))
    assert code == "template_refused"
    assert "Conversation roles must alternate user/assistant/user/assistant/... Start a new conversation" in sentence
    assert refusal(reply(engine, SYSTEM, FIRST, FIRST))[0] == "template_refused"
    assert isinstance(reply(engine, FIRST)[-1], Finished)


@pytest.mark.parametrize("template", ["{% for x in %}", "{{ 1 / 0 }}", "{{ messages[9].content }}"])
def test_a_template_with_a_fault_is_told_from_one_that_refuses(tmp_path: Path, template: str) -> None:
    code, sentence = refusal(reply(engine_with(tmp_path, template), SYSTEM, FIRST))
    assert code == "template_failed"
    assert "--raw" in sentence


def test_folding() -> None:
    answer = ChatMessage("assistant", "yes")
    assert fold_system((SYSTEM, FIRST, answer, FIRST)) == (ChatMessage("user", "be short\n\nthe cat"), answer, FIRST)
    assert fold_system((FIRST,)) == fold_system((SYSTEM,)) == fold_system((SYSTEM, answer)) == ()
