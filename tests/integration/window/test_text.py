"""Gemma 3 270M has no chat template: it continues text, in the engine and the window, by the tokens shown."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from helix_app.app import App, build, make_client
from helix_app.base.settings import Settings
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_of
from helix_app.engine.text.prompt_child import Examiner
from helix_app.gui.prompting.preview import PromptPreview
from helix_app.protocol.conversations.prompts import PromptAsked
from helix_app.protocol.events import Failed, Finished, PrefillDone
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import GREEDY, events, finish, loaded, session_of
from tests.gui.prompting.prompt_views import prompting_dialog

pytestmark = pytest.mark.model
SECONDS = 120_000  # a bound for waiting in milliseconds, never the time that anything takes
CONTEXT = 512
PIECES = (
    ChatMessage("user", "The capital of France is Paris. The capital of Germany"),
    ChatMessage("assistant", " is Berlin."),
    ChatMessage("user", " The capital of Italy is"),
)


def text(*pieces: ChatMessage, **options: Any) -> GenerateRequest:
    """A greedy request to continue a text."""
    options = {"request_id": "t", "sampling": GREEDY, "max_tokens": 16, "raw": True, **options}
    return GenerateRequest(messages=pieces or PIECES, **options)


@pytest.fixture(scope="module")
def engine(gemma: Path) -> Iterator[Engine]:
    made = loaded(gemma, "ngram", dtype="auto", context_length=CONTEXT)
    yield made
    made.close()


def test_it_says_that_it_has_no_template(engine: Engine) -> None:
    assert engine.ready is not None
    assert engine.ready.chat_template is False
    (failed,) = [e for e in events(engine, text(raw=False)) if isinstance(e, Failed)]
    assert failed.code == "no_chat_template"


def test_the_pieces_are_one_text_behind_one_token_that_begins_it(engine: Engine) -> None:
    session = session_of(engine)
    whole = "".join(piece.content for piece in PIECES)
    ids = prompt_of(session, text()).ids
    assert ids == prompt_of(session, GenerateRequest("t", prompt=whole, raw=True)).ids
    assert ids == session.tokenizer.encode(whole, add_bos=True)
    bos = session.tokenizer.info.bos_token_id
    assert (ids[0], ids.count(ids[0])) == (bos, 1)
    assert finish(engine, text()).text.startswith(" Rome")


@pytest.mark.parametrize("k", ["auto", "fixed:4"])
def test_drafts_change_no_token(engine: Engine, k: str) -> None:
    plain = finish(engine, text(mode="autoregressive", max_tokens=24))
    assert finish(engine, text(k=k, max_tokens=24)).token_ids == plain.token_ids


def test_the_text_is_found_in_the_cache(engine: Engine) -> None:
    long = ChatMessage("user", "Once upon a time there was a king who had three sons and a castle by the sea. " * 4)
    first = finish(engine, text(long, max_tokens=24))
    more = text(long, ChatMessage("assistant", first.text), ChatMessage("user", " And then"))
    assert finish(engine, more).metrics.cached_tokens >= first.metrics.prompt_tokens // 16 * 16 > 0


def test_the_tokens_that_are_shown_are_those_of_the_engine(engine: Engine, gemma: Path) -> None:
    long = tuple(
        ChatMessage(role, f" {words} {n}. " * 12)
        for n in range(8)
        for role, words in (("user", "The king went to town"), ("assistant", "and he came back"))
    )
    for pieces, drops in ((PIECES, False), (PIECES[:2], False), ((*long, PIECES[0]), True)):
        options: dict[str, Any] = {"max_tokens": 32, "on_full": "drop_oldest" if drops else "stop"}
        told = Examiner()(PromptAsked(1, str(gemma), CONTEXT, pieces, tokens=True, raw=True, **options))
        given = prompt_of(session_of(engine), text(*pieces, **options))
        assert [token.token_id for token in told.tokens] == given.ids
        assert told.left_out == given.left_out
        assert (told.left_out > 0) == drops
        assert (told.of("template"), told.of("system")) == (1, 0)
        assert told.of("reply" if pieces[-1].role == "assistant" else "message") > 0


def test_a_model_of_other_tokens_drafts_the_same_text(gemma: Path, default_model: Path) -> None:
    made = loaded(gemma, default_model, dtype="auto", context_length=CONTEXT)
    try:
        assert made.ready is not None
        assert made.ready.draft == "reencoded"
        plain = finish(made, text(mode="autoregressive", max_tokens=24))
        drafted = finish(made, text(k="fixed:4", max_tokens=24))
        assert drafted.token_ids == plain.token_ids
        assert drafted.metrics.accepted_tokens
    finally:
        made.close()


def open_window(target: Path, qtbot: QtBot, **values: Any) -> App:
    """A window with this model."""
    options = {"engine_process": "thread", "context_length": CONTEXT, "max_tokens": 8, "temperature": 0.0, **values}
    app = build(Settings(target=str(target), draft="ngram", learn=False, **options), lambda chosen: make_client(chosen))
    qtbot.addWidget(app.window)
    app.start()
    qtbot.waitUntil(lambda: app.window.state.ready is not None, timeout=SECONDS)
    return app


def test_a_person_has_a_text_continued(gemma: Path, qtbot: QtBot) -> None:
    app = open_window(gemma, qtbot, system_prompt="Be brief.")
    window = app.window
    chat, book = window.chat, window.book
    seen: list[PrefillDone | Finished] = []
    app.controller.events.connect(lambda batch: seen.extend(e for e in batch if isinstance(e, (PrefillDone, Finished))))

    def continued() -> Finished:
        """Send what is typed, and wait for what is written."""
        counted = window.counting.counted
        before = len(seen)
        chat.send()
        qtbot.waitUntil(lambda: len(seen) == before + 2 and not chat.generating, timeout=SECONDS)
        prefill, end = seen[before:]
        assert isinstance(prefill, PrefillDone)
        assert isinstance(end, Finished)
        if counted is not None:
            assert prefill.prompt_tokens == counted.total
        return end

    qtbot.keyClicks(chat.composer.editor, "The capital of France is Paris. The capital of Germany is")
    qtbot.waitUntil(lambda: window.counting.counted is not None and window.counting.settled, timeout=SECONDS)
    assert window.counting.counted is not None
    assert window.counting.counted.of("system") == 0
    first = continued()
    assert first.text.startswith(" Berlin")
    assert first.reason == "length"
    written = book.current.path()[0].text + first.text
    qtbot.waitUntil(lambda: window.counting.settled, timeout=SECONDS)
    window.prompting.open_dialog()
    dialog = prompting_dialog(window)
    assert not dialog.editors["system_prompt"].widget.isEnabled()
    dialog.preview.click()
    shown = window.findChild(PromptPreview)
    assert shown is not None
    qtbot.waitUntil(lambda: len(shown.sheet.tokens) > 0, timeout=SECONDS)
    assert "".join(token.text for token in shown.sheet.tokens[1:]) == written
    shown.accept()
    dialog.reject()
    second = continued()
    assert len(book.current) == 2
    assert chat.list.last_reply() is not None
    assert book.current.path()[1].text == first.text + second.text
    app.window.close()


def test_a_chat_goes_on_as_text(gemma: Path, default_model: Path, qtbot: QtBot) -> None:
    app = open_window(default_model, qtbot)
    chat, book = app.window.chat, app.window.book
    chat.composer.editor.setPlainText("What is the capital of France?")
    chat.send()
    qtbot.waitUntil(lambda: not chat.generating, timeout=SECONDS)
    app.window.models.pick("target", str(gemma))
    qtbot.waitUntil(lambda: app.window.state.ready is not None and chat.continuing.plain, timeout=SECONDS)
    chat.composer.editor.setPlainText("The capital of Germany is")
    chat.send()
    qtbot.waitUntil(lambda: not chat.generating, timeout=SECONDS)
    assert [message.role for message in book.current.path()] == ["user", "assistant", "user", "assistant"]
    assert book.current.path()[-1].text
    assert chat.error.isHidden()
    app.window.close()
