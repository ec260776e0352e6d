"""A conversation that is too long for its context, and a chat template in place of the model's own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.rounds.session import prompt_of, prompt_tokens
from helix_app.protocol.events import Failed, Finished, PrefillDone
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from tests.engine.made.tiny import GREEDY, check_idle, events, loaded, session_of, write_gguf

SYSTEM = ChatMessage("system", "be short")
TURNS = tuple(ChatMessage(role, "the cat sat on the mat") for _ in range(8) for role in ("user", "assistant"))
LAST = ChatMessage("user", "and the dog")
PLAIN = "{% for m in messages %}{{ m.content }} {% endfor %}"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path = tmp_path_factory.mktemp("m") / "m.gguf"
    return loaded(write_gguf("llama-small", 0, path), context_length=128)


def request(*messages: ChatMessage, **values: object) -> GenerateRequest:
    options = {"sampling": GREEDY, "max_tokens": 8, **values}
    return GenerateRequest("r", messages=messages or (SYSTEM, *TURNS, LAST), **options)  # type: ignore[arg-type]


def test_stop_fails_and_leaves_nothing_out(engine: Engine) -> None:
    (end,) = [event for event in events(engine, request()) if isinstance(event, (Failed, Finished))]
    assert isinstance(end, Failed)
    assert end.code == "prompt_too_long"


def test_the_oldest_turns_are_left_out_and_the_prefill_says_how_many(engine: Engine) -> None:
    asked = request(on_full="drop_oldest")
    seen = events(engine, asked)
    check_idle(engine)
    assert isinstance(seen[-1], Finished)
    (prefill,) = [event for event in seen if isinstance(event, PrefillDone)]
    assert 0 < prefill.left_out < len(TURNS)
    assert prefill.left_out % 2 == 0
    kept = (SYSTEM, *TURNS[prefill.left_out :], LAST)
    session = session_of(engine)
    assert prompt_tokens(session, asked) == prompt_tokens(session, request(*kept))
    assert prefill.prompt_tokens == len(prompt_tokens(session, asked)) <= 128 - 8
    fuller = (SYSTEM, *TURNS[prefill.left_out - 2 :], LAST)
    assert prompt_of(session, request(*fuller, on_full="drop_oldest")).left_out == 2


def test_what_fits_is_sent_whole(engine: Engine) -> None:
    seen = events(engine, request(SYSTEM, *TURNS[:2], LAST, on_full="drop_oldest"))
    assert [event.left_out for event in seen if isinstance(event, PrefillDone)] == [0]


def test_a_last_message_that_is_too_long_alone_fails(engine: Engine) -> None:
    long = ChatMessage("user", "the cat " * 200)
    end = events(engine, request(*TURNS[:2], long, on_full="drop_oldest"))[-1]
    assert isinstance(end, Failed)
    assert end.code == "prompt_too_long"


def test_a_reply_goes_on_with_the_oldest_left_out(engine: Engine) -> None:
    begun = ChatMessage("assistant", "the rain came")
    seen = events(engine, request(*TURNS, LAST, begun, on_full="drop_oldest"))
    (prefill,) = [event for event in seen if isinstance(event, PrefillDone)]
    assert prefill.left_out > 0
    assert isinstance(seen[-1], Finished)


def test_another_template_makes_another_prompt(engine: Engine) -> None:
    session = session_of(engine)
    own, other = prompt_tokens(session, request(LAST)), prompt_tokens(session, request(LAST, template=PLAIN))
    assert other == session.tokenizer.encode("and the dog ", add_bos=True)
    assert own != other
    assert prompt_tokens(session, request(LAST)) == own  # the model keeps its own
    seen = events(engine, request(LAST, template=PLAIN))
    assert isinstance(seen[-1], Finished)
    assert [event.prompt_tokens for event in seen if isinstance(event, PrefillDone)] == [len(other)]


def test_a_template_with_a_fault_fails_by_its_own_sentence(engine: Engine) -> None:
    end = events(engine, request(LAST, template="{% if %}"))[-1]
    assert isinstance(end, Failed)
    assert end.code == "template_own_failed"
    assert "Expected an expression" in dict(end.fields)["reason"]


@pytest.mark.parametrize("values", [{"template": 3}, {"on_full": "forget"}])
def test_options_that_make_no_sense(engine: Engine, values: dict[str, object]) -> None:
    end = events(engine, request(LAST, **values))[-1]
    assert isinstance(end, Failed)
    assert end.code == "option_invalid"


@pytest.mark.parametrize("mode", ["autoregressive", "speculative"])
def test_a_text_that_is_one_turn_goes_on_without_its_beginning(engine: Engine, mode: str) -> None:
    pieces = (ChatMessage("user", "the cat sat"), ChatMessage("assistant", " on the mat" * 150))
    asked = request(*pieces, raw=True, on_full="drop_oldest", mode=mode)
    seen = events(engine, asked)
    check_idle(engine)
    assert isinstance(seen[-1], Finished)
    session = session_of(engine)
    ids, whole = prompt_tokens(session, asked), session.tokenizer.encode(asked.text, add_bos=True)
    begin = len(session.tokenizer.encode("", add_bos=True))
    assert len(ids) == 128 - 8
    assert ids == whole[:begin] + whole[begin - len(ids) :]
    (prefill,) = [event for event in seen if isinstance(event, PrefillDone)]
    assert (prefill.prompt_tokens, prefill.left_out) == (len(ids), 1)
    again = next(event for event in events(engine, asked) if isinstance(event, PrefillDone))
    assert again.cached_tokens > 0
    stopped = events(engine, replace(asked, on_full="stop"))[-1]
    assert isinstance(stopped, Failed)
    assert stopped.code == "prompt_too_long"


def test_a_raw_prompt_has_no_turns(engine: Engine) -> None:
    asked = GenerateRequest("r", prompt="the cat " * 300, raw=True, sampling=GREEDY, on_full="drop_oldest")
    end = events(engine, asked)[-1]
    assert isinstance(end, Failed)
    assert end.code == "prompt_too_long"
