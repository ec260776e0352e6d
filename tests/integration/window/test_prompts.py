"""What the window says of a prompt of the default model is what its engine is given, to the token."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import build, make_client
from helix_app.base.settings import Settings
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_of
from helix_app.engine.text.prompt_child import Examiner
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.protocol.conversations.prompts import PromptAsked
from helix_app.protocol.events import Finished, PrefillDone
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import GREEDY, events, session_of
from tests.gui.prompting.prompt_views import prompting_dialog
from tests.integration.lending import CONTEXT, Lend

pytestmark = pytest.mark.model
SECONDS = 120_000  # a bound for waiting in milliseconds, never the time that anything takes
SYSTEM = ChatMessage("system", "Answer in one sentence, in plain words. 🐈")
TURNS = tuple(
    ChatMessage(role, f"{text} {number}. " * 8)
    for number in range(8)
    for role, text in (("user", "What is the capital of country"), ("assistant", "It is the city of"))
)
LAST = ChatMessage("user", "And `the` last one?\n\n```a.py\nprint('<|im_end|>')\n```")
OTHER = "{% for m in messages %}### {{ m.role }}: {{ m.content }}\n{% endfor %}### assistant:"


@pytest.fixture(scope="module")
def engine(lend: Lend) -> Engine:
    return lend("auto")


@pytest.mark.parametrize(
    ("messages", "values"),
    [
        ((LAST,), {}),
        ((SYSTEM, *TURNS[:4], LAST), {}),
        ((SYSTEM, *TURNS, LAST), {"on_full": "drop_oldest", "max_tokens": 100}),
        ((SYSTEM, *TURNS[:2], LAST, ChatMessage("assistant", "It is")), {}),
        ((SYSTEM, *TURNS[:2], LAST), {"template": OTHER}),
        ((SYSTEM, *TURNS, LAST), {"template": OTHER, "on_full": "drop_oldest", "max_tokens": 64}),
    ],
    ids=["message", "history", "cut", "begun", "template", "both"],
)
def test_the_tokens_that_are_shown_are_those_of_the_engine(
    engine: Engine, default_model: Path, messages: tuple[ChatMessage, ...], values: dict[str, object]
) -> None:
    options = {"max_tokens": 16, **values}
    request = GenerateRequest("r", messages=messages, sampling=GREEDY, **options)  # type: ignore[arg-type]
    asked = PromptAsked(1, str(default_model), CONTEXT, messages, tokens=True, **options)  # type: ignore[arg-type]
    told = Examiner()(asked)
    given = prompt_of(session_of(engine), request)
    assert [token.token_id for token in told.tokens] == given.ids
    assert told.left_out == given.left_out
    assert (told.left_out > 0) == ("on_full" in values)
    assert told.room == CONTEXT - len(given.ids)


def test_a_reply_to_a_conversation_that_was_cut(engine: Engine) -> None:
    messages = (SYSTEM, *TURNS, LAST)
    seen = events(engine, GenerateRequest("r", messages, sampling=GREEDY, max_tokens=4, on_full="drop_oldest"))
    (prefill,) = [event for event in seen if isinstance(event, PrefillDone)]
    assert isinstance(seen[-1], Finished)
    assert prefill.left_out > 0
    assert prefill.prompt_tokens <= CONTEXT - 4


def test_the_window_counts_and_shows_what_it_then_sends(default_model: Path, qtbot: QtBot) -> None:
    settings = Settings(
        target=str(default_model),
        engine_process="thread",
        context_length=CONTEXT,
        max_tokens=4,
        temperature=0.0,
        draft="none",
        learn=False,
        system_prompt="Be brief.",
    )
    app = build(settings, lambda chosen: make_client(chosen))
    window = app.window
    qtbot.addWidget(window)
    prefills: list[PrefillDone] = []
    app.controller.events.connect(lambda batch: prefills.extend(e for e in batch if isinstance(e, PrefillDone)))
    app.start()
    qtbot.waitUntil(lambda: window.state.ready is not None, timeout=SECONDS)
    qtbot.keyClicks(window.chat.composer.editor, "Say the word apple.")

    def typed_is_counted() -> bool:
        found = window.counting.counted
        return found is not None and found.of("message") == 5

    qtbot.waitUntil(typed_is_counted, timeout=SECONDS)
    counted = window.counting.counted
    assert counted is not None
    assert window.count_line.text().startswith("5 tokens · prompt ")
    window.prompting.open_dialog()
    prompting_dialog(window).preview.click()
    shown = window.findChild(PromptPreview)
    assert shown is not None
    qtbot.waitUntil(lambda: len(shown.sheet.tokens) > 0, timeout=SECONDS)
    assert len(shown.sheet.tokens) == counted.total
    shown.accept()
    prompting_dialog(window).reject()
    window.chat.send()
    qtbot.waitUntil(lambda: bool(prefills), timeout=SECONDS)
    assert prefills[0].prompt_tokens == counted.total
    qtbot.waitUntil(lambda: not window.chat.generating, timeout=SECONDS)
    window.close()
    assert not app.prompts.thread_.isRunning()
