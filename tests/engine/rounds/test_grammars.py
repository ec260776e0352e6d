"""Replies with a grammar by whole engines: whatever drafts, beside others, preempted, taken up again."""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from helix_app.base.errors import InputError
from helix_app.engine.engine import Engine
from helix_app.engine.rounds.certify import Certified, certify
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import Event, Failed, Finished, PrefillDone, RoundDone, TextDelta
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, SamplingParams, Written
from tests.engine.made.random_schemas import random_schema
from tests.engine.made.tiny import GREEDY, TEMPLATE, Zoo, ask, events, finish, loaded, write_gguf
from tests.engine.runs.crowds import TEXTS, Crowd, Models, alone, plain

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "maxLength": 6},
        "pets": {"type": "array", "items": {"enum": ["the cat", "the dog"]}, "minItems": 1, "maxItems": 3},
        "age": {"type": "integer", "minimum": 0, "maximum": 150},
    },
    "required": ["name", "pets", "age"],
    "additionalProperties": False,
}
SCHEMA = Grammar("json_schema", json.dumps(PERSON))
COUPLED = SamplingParams(temperature=0.9, seed=3)
WARM = SamplingParams(temperature=1.0, top_k=0, top_p=1.0)
KINDS = ["none", "ngram", "model", "mixed", "self", "mixed-self"]


@pytest.fixture(scope="module")
def long(zoo: Zoo) -> Engine:
    return loaded(zoo.gguf("llama-long"), "ngram")


def told(session: Session, request: GenerateRequest) -> list[Event]:
    """All events of a reply by itself."""
    return list(write_reply(session, request, threading.Event()))


def shaped(**options: Any) -> GenerateRequest:
    return ask("the cat", **{"grammar": SCHEMA, "max_tokens": 90, **options})


def check_valid(result: Finished | Failed, schema: Any = PERSON) -> None:
    assert isinstance(result, Finished), result
    assert result.reason == "eos", result
    jsonschema.validate(json.loads(result.text), schema)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("sampling", [GREEDY, COUPLED, dataclasses.replace(COUPLED, presence_penalty=0.8, top_k=5)])
def test_the_same_reply_with_and_without_speculation(models: Models, kind: str, sampling: SamplingParams) -> None:
    for text, k in zip(TEXTS, ("auto", "fixed:1", "fixed:8", "additive")):
        request = ask(text, grammar=SCHEMA, sampling=sampling, max_tokens=90, k=k)
        want = alone(models.session(), dataclasses.replace(request, mode="autoregressive"))
        seen = told(models.session(kind), request)
        got = seen[-1]
        assert isinstance(got, Finished)
        assert (got.token_ids, got.text, got.reason) == (want.token_ids, want.text, want.reason)
        check_valid(got)
        forced = [e for e in seen if isinstance(e, RoundDone) and e.source == "grammar"]
        assert sum(e.k for e in forced) >= 10
        assert all(e.accepted == e.k and e.k_reason == "forced" and e.draft_seconds >= 0 for e in forced)
        assert got.metrics.target_passes < want.metrics.target_passes
        assert want.metrics.drafted_tokens == 0


@pytest.mark.parametrize("kind", KINDS)
def test_sampled_replies_are_valid(models: Models, kind: str) -> None:
    session = models.session(kind)
    for i in range(6):
        check_valid(alone(session, shaped(sampling=WARM, k=("auto", "fixed:3")[i % 2], request_id=f"r{i}")))


def mixed_requests() -> list[GenerateRequest]:
    """Every other one with a grammar."""
    return [
        ask(
            text,
            request_id=f"r{i}",
            sampling=(COUPLED, GREEDY)[i // 2 % 2],
            max_tokens=60,
            grammar=SCHEMA if i % 2 else None,
            k=("auto", "fixed:4")[i % 2],
        )
        for i, text in enumerate(TEXTS)
    ]


@pytest.mark.parametrize(("kind", "blocks"), [("mixed", 128), ("model", 16), ("ngram", 14)])
def test_beside_free_replies_and_preempted(models: Models, kind: str, blocks: int) -> None:
    crowd = Crowd(models.session(kind, blocks=blocks))
    asked = mixed_requests()
    results = crowd.add(*asked).run()
    if blocks < 100:
        assert set(crowd.preempted) & {request.request_id for request in asked if request.grammar}
    for request in asked:
        want, got = plain(models, request), results[request.request_id]
        assert isinstance(got, Finished)
        assert (got.token_ids, got.reason) == (want.token_ids, want.reason)


@pytest.mark.parametrize("sampling", [GREEDY, COUPLED])
def test_taken_up_by_another_engine_it_goes_on_the_same(models: Models, sampling: SamplingParams) -> None:
    whole = alone(models.session("mixed"), shaped(sampling=sampling))
    for at in (1, 4, len(whole.token_ids) // 2, len(whole.token_ids) - 1, len(whole.token_ids)):
        written = Written(whole.token_ids[:at], 5, 0, (), 1.0, 0.5)
        again = alone(models.session("mixed"), shaped(sampling=sampling, written=written))
        assert (again.token_ids, again.text, again.reason) == (whole.token_ids, whole.text, whole.reason)


def test_cut_by_its_limit_it_says_so(models: Models) -> None:
    result = alone(models.session("ngram"), shaped(max_tokens=7))
    assert (result.reason, len(result.token_ids)) == ("length", 7)


def test_a_begun_reply_goes_on_by_the_grammar(models: Models) -> None:
    begun = '{"name": "ca", "pe'
    request = dataclasses.replace(
        shaped(sampling=COUPLED), messages=(ChatMessage("user", "the cat"), ChatMessage("assistant", begun))
    )
    result = alone(models.session("ngram"), request)
    jsonschema.validate(json.loads(begun + result.text), PERSON)
    for wrong in ("Sure: ", '{"name": "a", "pets": ["the cat"], "age": 1}'):
        bad = dataclasses.replace(request, messages=(request.messages[0], ChatMessage("assistant", wrong)))
        assert _error(models, bad) == "grammar_begun"


def test_a_text_in_messages_goes_on_by_the_grammar(models: Models) -> None:
    begun = '{"name": "ca", "pe'
    pieces = (ChatMessage("user", "the cat "), ChatMessage("assistant", begun))
    request = dataclasses.replace(shaped(sampling=COUPLED), raw=True, messages=pieces)
    result = alone(models.session("ngram"), request)
    jsonschema.validate(json.loads(begun + result.text), PERSON)
    for wrong in ("Sure: ", '{"name": "a", "pets": ["the cat"], "age": 1}'):
        bad = dataclasses.replace(request, messages=(pieces[0], ChatMessage("assistant", wrong)))
        assert _error(models, bad) == "grammar_begun"
    other = dataclasses.replace(request, messages=(*pieces, ChatMessage("user", " the cat ")))
    check_valid(alone(models.session("ngram"), other))  # another one begins where a person wrote last


def _error(models: Models, request: GenerateRequest) -> str:
    with pytest.raises(InputError) as caught:
        Scheduler(models.session("ngram")).add(request)
    return caught.value.code


def test_what_is_no_grammar_is_an_event(long: Engine) -> None:
    failed = events(long, shaped(grammar=Grammar("json_schema", '{"type": "nope"}')))[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, dict(failed.fields)["reason"]) == ("grammar_invalid", "Invalid type: nope")
    check_valid(finish(long, shaped()))


def test_a_raw_prompt_takes_a_grammar_and_a_first_space_is_told(long: Engine) -> None:
    request = GenerateRequest(
        "r", prompt="the cat", raw=True, sampling=GREEDY, grammar=Grammar("regex", " (the|a) (cat|dog)")
    )
    result = finish(long, request)
    assert result.text in {f" {a} {b}" for a in ("the", "a") for b in ("cat", "dog")}
    assert "".join(e.text for e in events(long, request) if isinstance(e, TextDelta)) == result.text


def test_a_stop_text_still_ends_it(long: Engine) -> None:
    result = finish(long, shaped(stop=('", "pets',)))
    assert result.reason == "stop"
    assert result.text.startswith('{"name": "')


@pytest.mark.parametrize("sampling", [GREEDY, COUPLED, WARM], ids=["greedy", "coupled", "sampled"])
def test_certificates_hold(models: Models, sampling: SamplingParams) -> None:
    last = list(certify(models.session("model"), shaped(sampling=sampling, k="fixed:3"), threading.Event()))[-1]
    assert isinstance(last, Certified)
    assert last.certificate.holds
    check_valid(last.finished)


# --------------------------------------------------------------------------- reasoning


OPENS = (
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\\n' + m.content + '<|im_end|>\\n' }}{% endfor %}"
    "{{ '<|im_start|>assistant\\n' }}{% if enable_thinking is not defined or enable_thinking %}{{ '<think>' }}"
    "{% endif %}{# </think> #}"
)


@pytest.fixture(scope="module")
def thinker(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    path: Path = tmp_path_factory.mktemp("models") / "m.gguf"
    return loaded(write_gguf("llama-long", 0, path, template=OPENS), "ngram")


def test_the_grammar_begins_after_the_thought(thinker: Engine) -> None:
    assert thinker.ready is not None
    assert thinker.ready.thinking_opens
    close = "</think>"
    ids = thinker.session.tokenizer.encode_continued(close) if thinker.session else []
    # a model that never closes its thought by itself: what was written before does
    thought = tuple(thinker.session.tokenizer.encode_continued("the cat") if thinker.session else ())
    written = Written((*thought, *ids), 5, 0, (), 1.0, 0.5)
    result = finish(thinker, shaped(written=written, max_tokens=150))
    text, answer = result.text.split(close)
    assert text == "the cat"
    jsonschema.validate(json.loads(answer), PERSON)
    free = finish(thinker, shaped(max_tokens=20))
    assert free.reason == "length"  # inside its thought nothing is forced, and no end allowed
    assert not free.text.startswith("{")
    check_valid(finish(thinker, shaped(thinking=False)))


def opens(engine: Engine, **options: Any) -> bool:
    """What is told of the prompt."""
    return next(event for event in events(engine, ask(**options)) if isinstance(event, PrefillDone)).opens


def test_it_is_told_whether_a_prompt_opens_a_thought(long: Engine, thinker: Engine) -> None:
    assert opens(thinker)
    assert opens(thinker, template=OPENS.replace("{# <", "{# another: <"))
    assert not opens(long, template=OPENS)  # it has no marks that anybody could know the end of its thought by
    assert not opens(thinker, thinking=False)
    assert not opens(thinker, template=TEMPLATE)
    assert not opens(thinker, text="a <think>", raw=True)


def test_a_template_of_the_conversation_says_where_the_grammar_begins(long: Engine, thinker: Engine) -> None:
    check_valid(finish(thinker, shaped(template=TEMPLATE)))
    free = finish(long, shaped(template=OPENS, max_tokens=20))
    assert free.reason == "length"
    assert not free.text.startswith("{")
    check_valid(finish(long, shaped(template=OPENS, thinking=False)))


# --------------------------------------------------------------------------- many schemas


def check_schemas(engine: Engine, seeds: range) -> Iterator[Finished]:
    for seed in seeds:
        schema = random_schema(seed)
        sampling = (GREEDY, COUPLED, WARM)[seed % 3]
        request = ask("the cat", grammar=Grammar("json_schema", json.dumps(schema)), sampling=sampling, max_tokens=600)
        result = finish(engine, request)
        if result.reason == "eos":
            jsonschema.validate(json.loads(result.text), schema)
        yield result


def test_replies_by_random_schemas_are_valid(long: Engine) -> None:
    results = list(check_schemas(long, range(12)))
    assert sum(result.reason == "eos" for result in results) >= 10


@pytest.mark.soak
def test_replies_by_two_hundred_random_schemas_are_valid(long: Engine) -> None:
    results = list(check_schemas(long, range(200)))
    assert sum(result.reason == "eos" for result in results) >= 190
