"""What is told of a prompt that is not sent: counts, names, and what is wrong with its template, with the line."""

from __future__ import annotations

from pathlib import Path

import pytest

from helix_app.engine.text.examine import examine
from helix_app.engine.text.tokenizer import Tokenizer, load_tokenizer
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.conversations.prompts import PromptAsked, PromptCounted
from helix_app.protocol.requests import ChatMessage

HELLO = (ChatMessage("system", "Be short."), ChatMessage("user", "Hello there"))


@pytest.fixture(scope="module")
def tokenizer(default_model: Path) -> Tokenizer:
    return load_tokenizer(inspect(default_model))


def look(tokenizer: Tokenizer, *messages: ChatMessage, context: int = 8192, **values: object) -> PromptCounted:
    return examine(tokenizer, PromptAsked(3, "m", context, messages or HELLO, 100, **values))  # type: ignore[arg-type]


def test_counts_add_up_and_leave_the_rest(tokenizer: Tokenizer) -> None:
    told = look(tokenizer)
    assert (told.number, told.failed, told.left_out, told.tokens) == (3, None, 0, ())
    assert (told.of("system"), told.of("message"), told.of("history"), told.of("reply")) == (3, 2, 0, 0)
    assert told.total == sum(told.counts) > 5
    assert told.room == 8192 - told.total


def test_tokens_have_ids_texts_and_parts(tokenizer: Tokenizer) -> None:
    told = look(tokenizer, tokens=True)
    assert len(told.tokens) == told.total
    first = told.tokens[0]
    assert (first.text, first.special, first.part) == ("<|im_start|>", True, "template")
    assert [token.text for token in told.tokens if token.part == "message"] == ["Hello", " there"]
    assert not any(token.special for token in told.tokens if token.part != "template")


def test_a_long_text_is_counted(tokenizer: Tokenizer) -> None:
    text = "The quick brown fox jumps. " * 8000
    told = look(tokenizer, ChatMessage("user", text))
    assert told.of("message") == len(tokenizer.encode(text))
    assert told.room == 0


def test_a_text_that_cannot_fit_is_refused_without_a_number(tokenizer: Tokenizer) -> None:
    told = look(tokenizer, ChatMessage("user", "x" * 5000), context=64)
    assert told.failed is not None
    assert (told.failed.code, dict(told.failed.fields)["tokens"]) == ("prompt_too_long", "over 64")
    assert not told.raw
    assert look(tokenizer, ChatMessage("user", "x" * 5000), context=64, raw=True).raw


def test_the_oldest_are_left_out_as_the_engine_would(tokenizer: Tokenizer) -> None:
    turns = [ChatMessage(role, "word " * 30) for _ in range(6) for role in ("user", "assistant")]  # type: ignore[arg-type]
    told = look(tokenizer, *turns, ChatMessage("user", "Why?"), context=256, on_full="drop_oldest", tokens=True)
    assert told.left_out == 8
    assert told.room >= 64
    assert sum(token.text.strip() == "word" for token in told.tokens) == 4 * 30


@pytest.mark.parametrize(
    ("template", "code", "line", "reason"),
    [
        ("a\n{% if %}", "template_own_failed", 2, "Expected an expression"),
        ("a\nb\n{{ messages[7].content.x }}", "template_own_failed", 3, "no element 7"),
        ("{{ 1 | nope }}", "template_own_failed", 1, "nope"),
        ("{{ 1 / 0 }}", "template_own_failed", 1, "division"),
        ("a\n{{ ''.__class__.__mro__ }}", "template_own_failed", 2, "unsafe"),
        ("\n{{ raise_exception('Not so.') }}", "template_refused", 2, "Not so."),
    ],
)
def test_a_fault_is_told_with_its_line(tokenizer: Tokenizer, template: str, code: str, line: int, reason: str) -> None:
    told = look(tokenizer, template=template)
    assert told.failed is not None
    assert (told.failed.code, told.line) == (code, line)
    assert reason in dict(told.failed.fields)["reason"]
    assert told.own_template == tokenizer.info.chat_template


def test_a_model_without_a_template_says_so_and_takes_another_one(tokenizer: Tokenizer) -> None:
    bare = Tokenizer(tokenizer._backend, type(tokenizer.info)(None, "", "", None, False))
    told = look(bare)
    assert told.failed is not None
    assert (told.failed.code, told.own_template) == ("no_chat_template", "")
    assert look(bare, template="{{ messages[-1].content }}").of("message") == 2


def test_a_text_that_is_continued_has_no_template(tokenizer: Tokenizer) -> None:
    pieces = (ChatMessage("user", "Once upon"), ChatMessage("assistant", " a time"), ChatMessage("user", " there was"))
    told = look(tokenizer, *pieces, raw=True, tokens=True, template="{{ nothing", thinking=True)
    assert told.raw
    assert [token.token_id for token in told.tokens] == tokenizer.encode("Once upon a time there was", add_bos=True)
    assert [(token.text, token.part) for token in told.tokens] == [
        ("Once", "history"),
        (" upon", "history"),
        (" a", "history"),
        (" time", "history"),
        (" there", "message"),
        (" was", "message"),
    ]
    begun = look(tokenizer, *pieces[:2], raw=True)
    assert (begun.of("history"), begun.of("reply"), begun.of("message")) == (2, 2, 0)
    assert look(tokenizer, *pieces, raw=True, sum_only=True).total == 6


def test_the_beginning_of_a_text_is_left_out(tokenizer: Tokenizer) -> None:
    pieces = tuple(ChatMessage("user" if n % 2 == 0 else "assistant", " word" * 20) for n in range(9))
    told = look(tokenizer, *pieces, context=100, raw=True, on_full="drop_oldest", tokens=True)
    assert told.left_out == 5
    assert (told.total, told.room) == (75, 25)
    assert (told.of("history"), told.of("message")) == (55, 20)
    assert [token.text for token in told.tokens] == [" word"] * 75


@pytest.mark.parametrize(("words", "cut"), [(60, False), (90, True), (300, True)])
def test_a_text_of_one_piece_says_that_it_is_cut(tokenizer: Tokenizer, words: int, cut: bool) -> None:
    told = look(tokenizer, ChatMessage("user", " word" * words), context=100, raw=True, on_full="drop_oldest")
    assert (told.cut, told.left_out) == (cut, 0)
    assert told.total == min(words, 75)
