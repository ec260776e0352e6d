"""The process that looks at prompts: it counts as the engine does, and is replaced when it dies or comes to no end."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from pathlib import Path

import pytest

from helix_app.base import messages
from helix_app.engine.text.chat_prompt import chat_tokens
from helix_app.engine.text.prompt_child import Examiner, PromptChild
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.conversations.prompts import PromptAsked
from helix_app.protocol.requests import ChatMessage

HELLO = (ChatMessage("system", "Be short."), ChatMessage("user", "Hello there"))


def asked(number: int, target: str, **values: object) -> PromptAsked:
    return PromptAsked(number, target, 8192, HELLO, 100, **values)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def tokenizer(default_model: Path) -> Tokenizer:
    return load_tokenizer(inspect(default_model))


@pytest.fixture(scope="module")
def child(default_model: Path) -> Iterator[PromptChild]:
    """One process for all, with little patience once it has read the vocabulary."""
    made = PromptChild(patience=3.0)
    yield made
    made.close()


def test_the_process_counts_what_the_engine_would_be_given(
    child: PromptChild, default_model: Path, tokenizer: Tokenizer
) -> None:
    told = child(asked(7, str(default_model), tokens=True))
    assert (told.number, told.failed) == (7, None)
    ids, _ = chat_tokens(tokenizer, HELLO)
    assert [token.token_id for token in told.tokens] == ids
    assert told.total == len(ids)
    assert told.own_template == tokenizer.info.chat_template
    assert told.room == 8192 - len(ids)
    assert not child(asked(8, str(default_model))).tokens


def test_a_template_that_never_ends_is_ended_and_the_next_question_is_answered(
    child: PromptChild, default_model: Path
) -> None:
    assert child(asked(1, str(default_model))).failed is None  # it has read the vocabulary
    loops = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    told = child(asked(2, str(default_model), template=loops))
    assert told.failed is not None
    assert told.failed.code == "template_endless"
    assert child(asked(3, str(default_model))).failed is None


def test_what_cannot_be_read_is_told(child: PromptChild, tmp_path: Path) -> None:
    told = child(asked(4, str(tmp_path / "none.gguf")))
    assert told.failed is not None
    assert "none.gguf" in messages.error_text(told.failed.code, told.failed.fields)


def test_a_process_that_died_is_replaced(child: PromptChild, default_model: Path) -> None:
    assert child(asked(1, str(default_model))).failed is None
    for process in multiprocessing.active_children():
        if process.name == "helix-prompts":
            process.kill()
            process.join()
    told = child(asked(2, str(default_model)))
    assert told.failed is not None
    assert told.failed.code == "prompt_uncounted"
    assert child(asked(3, str(default_model))).failed is None


def test_nobody_waits_for_a_process_after_the_end(default_model: Path) -> None:
    made = PromptChild()
    made.stop()
    told = made(asked(1, str(default_model)))
    made.close()
    assert told.failed is not None
    assert told.failed.code == "prompt_uncounted"


def test_the_examiner_keeps_a_vocabulary_until_another_model_is_asked_for(
    default_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look, reads = Examiner(), []
    real = load_tokenizer
    monkeypatch.setattr(
        "helix_app.engine.text.tokenizer.load_tokenizer", lambda files: reads.append(files.path) or real(files)
    )
    for number in range(3):
        look(asked(number, str(default_model)))
    assert reads == [default_model]
