"""A reply that goes on: its prompt is the conversation and what was written; what is told of it is what is new."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import InputError
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.replies.reply import Reply
from helix_app.engine.rounds.session import Session, prompt_tokens
from helix_app.engine.text.tokenizer import Tokenizer, TokenizerInfo
from helix_app.protocol.events import Finished, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.requests import ChatMessage, GenerateRequest, SamplingParams, Written
from tests.engine.made.tiny import GREEDY, START, STOP, TEMPLATE, Zoo, events, finish, loaded, session_of, tokenizer
from tests.engine.rounds.replies.test_reply import certain, first_token
from tests.engine.rounds.session.test_session import PENALISED, engine as engine
from tests.engine.runs.crowds import Models
from tests.engine.text.made.files import NORMAL, write_gguf
from tests.engine.text.test_prompts import LETTERS, TYPES

QUESTION = "the cat sat on the mat and the dog lay in the sun"
BEGUN = "then the rain came and the cat"
SEEDED = SamplingParams(temperature=1.0, seed=5)


def going_on(begun: str = BEGUN, question: str = QUESTION, **options: Any) -> GenerateRequest:
    """A greedy request to continue a reply."""
    options = {"request_id": "r", "sampling": GREEDY, "max_tokens": 24, **options}
    return GenerateRequest(messages=(ChatMessage("user", question), ChatMessage("assistant", begun)), **options)


def as_raw(begun: str = BEGUN, **options: Any) -> GenerateRequest:
    """The same prompt, as text."""
    options = {"request_id": "raw", "sampling": GREEDY, "max_tokens": 24, **options}
    prompt = f"{START}user\n{QUESTION}{STOP}\n{START}assistant\n{begun}"
    return GenerateRequest(prompt=prompt, raw=True, **options)


@pytest.mark.covering
@pytest.mark.parametrize("sampling", [GREEDY, PENALISED, SEEDED], ids=["greedy", "penalty", "seeded"])
@pytest.mark.parametrize("k", ["fixed:1", "fixed:4", "auto", "plain"])
def test_it_says_what_follows_its_text(engine: Engine, k: str, sampling: SamplingParams) -> None:
    how: dict[str, Any] = {"mode": "autoregressive"} if k == "plain" else {"k": k}
    session = session_of(engine)
    assert prompt_tokens(session, going_on()) == prompt_tokens(session, as_raw())
    want = finish(engine, as_raw(sampling=sampling, mode="autoregressive"))
    got = finish(engine, going_on(sampling=sampling, **how))
    assert (got.token_ids, got.text, got.reason) == (want.token_ids, want.text, want.reason)
    assert got.metrics.prompt_tokens == want.metrics.prompt_tokens
    assert got.metrics.tokens_generated == len(got.token_ids)


def test_only_what_is_new_is_told(ngram: Engine) -> None:
    seen = events(ngram, going_on(k="fixed:2"))
    last = seen[-1]
    assert isinstance(last, Finished)
    prefill = next(event for event in seen if isinstance(event, PrefillDone))
    rounds = [event for event in seen if isinstance(event, RoundDone)]
    told = [*prefill.emitted, *(token for event in rounds for token in event.emitted)]
    assert tuple(token.token_id for token in told) == last.token_ids
    assert "".join(event.text for event in seen if isinstance(event, TextDelta)) == last.text
    assert rounds[-1].tokens_generated == last.metrics.tokens_generated == len(told) <= 24
    assert prefill.prompt_tokens == len(prompt_tokens(session_of(ngram), going_on()))


def test_with_nothing_written_it_is_a_new_reply(ngram: Engine) -> None:
    plain = GenerateRequest("r", (ChatMessage("user", QUESTION),), sampling=GREEDY, max_tokens=24)
    assert finish(ngram, going_on("")).token_ids == finish(ngram, plain).token_ids


def test_what_the_cache_holds_of_the_conversation_is_found(ngram: Engine) -> None:
    session_of(ngram).clear_caches()
    first = finish(ngram, GenerateRequest("r", (ChatMessage("user", QUESTION),), sampling=GREEDY, max_tokens=8))
    got = finish(ngram, going_on())
    size = session_of(ngram).runner.pool.block_size
    assert got.metrics.cached_tokens >= first.metrics.prompt_tokens // size * size > 0
    again = finish(ngram, going_on())
    assert again.metrics.cached_tokens >= (got.metrics.prompt_tokens - 1) // size * size
    assert again.token_ids == got.token_ids


@pytest.mark.parametrize("dtype", ["float32", "packed"])
def test_it_is_the_same_with_packed_weights(zoo: Zoo, dtype: str) -> None:
    made = loaded(zoo.gguf("llama", quant="Q8_0"), "ngram", dtype=dtype)
    assert made.ready is not None
    if made.ready.dtype != dtype:
        pytest.skip("no packed kernels here")
    want = finish(made, as_raw(mode="autoregressive"))
    assert finish(made, going_on(k="fixed:3")).token_ids == want.token_ids


def test_its_first_space_is_kept(tmp_path: Path) -> None:
    """Nearly every word of this vocabulary begins with a space, so that the first new word does."""
    words = ["<unk>", "<s>", "</s>", "▁", *(f"▁{c}" for c in LETTERS), "a", "b", "h", "i"]
    path = write_gguf(tmp_path / "m.gguf", words, TYPES[:3] + [NORMAL] * (len(words) - 3), kind="llama")
    engine = loaded(path)
    session_of(engine).eos = frozenset()
    read = session_of(engine).tokenizer
    request = going_on("a b", "hi", max_tokens=12)
    got, before = finish(engine, request), prompt_tokens(session_of(engine), request)
    assert [read.token(i) for i in before[-2:]] == ["a", "▁b"]
    assert got.text[0] == " "
    assert read.decode(before) + got.text == read.decode([*before, *got.token_ids])


# --------------------------------------------------------------------------- without a model


@pytest.fixture(scope="module")
def session(models: Models) -> Session:
    """Nothing here runs its model."""
    return models.session("ngram")


def made(session: Session, begun: str, **options: Any) -> Reply:
    return Reply(session, going_on(begun, **options), threading.Event())


def test_stop_texts_are_looked_for_in_what_is_new(session: Session) -> None:
    (token,) = session.tokenizer.encode("c")
    reply = made(session, "a stop and a", stop=("stop", "ac", " and "))
    _, text = first_token(reply, token)
    assert (text, reply.reason) == (TextDelta("r", "c"), None)
    ended = made(session, "a stop and a", stop=("c",))
    first_token(ended, token)
    assert ended.reason == "stop"


def test_the_limit_is_one_of_new_tokens(session: Session) -> None:
    reply = made(session, BEGUN, max_tokens=10)
    assert reply.prompt_length == len(reply.tokens) == reply.goal
    assert reply.limit == reply.prompt_length + 10


def test_what_another_engine_added_is_there_and_is_told_anew(session: Session) -> None:
    ids = tuple(session.tokenizer.encode(" ran"))
    before = Written(ids, 9, 4, ((0, 0, 1, 0.5),) * (len(ids) - 1), 3.0, 1.0)
    reply = made(session, BEGUN, written=before, max_tokens=len(ids) + 5)
    assert tuple(reply.tokens[reply.prompt_length :]) == ids
    reply.opened(0)
    (text,) = reply.prefilled(certain(0))
    assert text == TextDelta("r", " ran")
    assert made(session, BEGUN, written=before, max_tokens=len(ids)).reason == "length"


def test_what_cannot_be_continued_is_refused(session: Session) -> None:
    alone = GenerateRequest("r", (ChatMessage("assistant", BEGUN),))
    for request in (alone, going_on(question=" \n"), going_on("", question="")):
        with pytest.raises(InputError) as caught:
            Reply(session, request, threading.Event())
        assert caught.value.code == "prompt_empty"
    with pytest.raises(InputError) as caught:
        made(session, BEGUN * 100)
    assert caught.value.code.startswith("prompt_too_long")


@pytest.mark.parametrize("thinking", [None, True, False])
def test_reasoning_is_switched_by_yes_no_or_not_at_all(session: Session, thinking: bool | None) -> None:
    assert made(session, BEGUN, thinking=thinking).tokens == made(session, BEGUN).tokens  # this template has no switch
    with pytest.raises(InputError) as caught:
        made(session, BEGUN, thinking="yes")
    assert caught.value.code == "option_invalid"


def test_a_template_s_switch_is_set_as_asked(session: Session) -> None:
    switch = "{% if enable_thinking is defined %}{{ 'on' if enable_thinking else 'off' }}{% endif %}"
    read = Tokenizer(tokenizer(), TokenizerInfo(TEMPLATE + switch, "", STOP, None, False))
    switched = replace(session, tokenizer=read)
    plain = made(switched, BEGUN).tokens
    for thinking, text in ((True, "on"), (False, "off")):
        told = read.decode(made(switched, BEGUN, thinking=thinking).tokens)
        assert told == read.decode(plain).replace(BEGUN, text + BEGUN)
