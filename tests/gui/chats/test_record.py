"""What is kept beside a reply comes back as it was, also when a later Helix wrote it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from helix_app.gui.chats.conversation import Conversation
from helix_app.gui.chats.record import Record, begun_text, context_tokens, from_text, record_of, to_text
from helix_app.gui.chats.writing import Writing, writing_of
from helix_app.protocol.events import Failed
from helix_app.protocol.requests import GenerateRequest, Grammar, SamplingParams
from tests.gui import fake

REQUEST = GenerateRequest("r", mode="speculative", k="fixed:3", max_tokens=9, sampling=SamplingParams(0.2, seed=5))


def written(plain_rounds: list[float] | None = None) -> Writing:
    """A reply that was written."""
    return Writing(REQUEST, Conversation(), "m", plain_rounds=plain_rounds or [])


def test_a_finished_reply_comes_back() -> None:
    end = fake.finished("r", "text", "length", k_mean=None)
    record = record_of(written([0.3, 0.1, 0.2]), fake.ready(exact_rows=True, draft="ngram"), end)
    again = from_text(to_text(record))
    assert again == record
    assert again is not None
    assert again.finished("x", "text") == fake.finished("x", "text", "length", k_mean=None)
    request = again.request((), "x")
    assert (request.k, request.max_tokens, request.sampling) == ("fixed:3", 9, REQUEST.sampling)
    assert (again.draft, again.exact_rows, again.plain_round, again.plain_rounds) == ("ngram", True, 0.2, 3)


def test_how_much_of_the_context_a_conversation_took() -> None:
    talk = Conversation()
    assert context_tokens(talk) == 0
    talk.add("user", "Why?")
    reply = talk.add("assistant", "So.")
    talk.change(reply.id, text="So.", state="done", details=to_text(record_of(written(), None, fake.finished("r"))))
    talk.add("user", "And?")
    assert context_tokens(talk) == 48 + 212


def test_a_failed_one_knows_why() -> None:
    failed = Failed("prompt_too_long", "detail", (("tokens", "9000"),), "r")
    record = from_text(to_text(record_of(written(), None, failed)))
    assert record is not None
    assert record.failed == failed
    assert record.finished("r", "") is None


@pytest.mark.parametrize("details", ["", "no json", "[1]", '{"k": 7}', '{"metrics": {}}'])
def test_what_cannot_be_read_is_nothing(details: str) -> None:
    assert from_text(details) is None


def test_fields_that_nobody_knows_are_left_out() -> None:
    later = json.loads(to_text(Record(k="fixed:2"))) | {"news": 1}
    assert from_text(json.dumps(later)) == Record(k="fixed:2")


def test_template_policy_and_what_was_left_out_are_kept() -> None:
    writing = Writing(replace(REQUEST, template="T", on_full="drop_oldest", thinking=True), Conversation(), "m")
    writing.left_out = 4
    record = from_text(to_text(record_of(writing, None, fake.finished("r"))))
    assert record is not None
    assert record.left_out == 4
    request = record.request((), "x")
    assert (request.template, request.on_full, request.thinking) == ("T", "drop_oldest", True)


def test_the_form_of_a_reply_is_kept_and_known_from_its_begin() -> None:
    form = Grammar("json_schema", '{"type": "object"}')
    writing = Writing(replace(REQUEST, grammar=form), Conversation(), "m")
    record = from_text(to_text(record_of(writing, None, fake.finished("r"))))
    assert record is not None
    assert record.request((), "x").grammar == form
    begun = from_text(begun_text(writing))
    assert begun is not None
    assert (begun.grammar, begun.plain) == (form, False)
    text = from_text(begun_text(Writing(replace(REQUEST, raw=True), Conversation(), "m")))
    assert text is not None
    assert text.plain
    assert begun_text(written()) == ""


@pytest.mark.parametrize(("form", "opens"), [(Grammar("json_object"), False), (None, True)])
def test_the_marks_of_a_thought_are_known_from_its_begin(form: Grammar | None, opens: bool) -> None:
    ready = fake.ready(thinking=("<t>", "</t>"), thinking_opens=opens)
    writing = writing_of(replace(REQUEST, grammar=form), Conversation(), "m", ready)
    begun = from_text(begun_text(writing))
    assert begun is not None
    assert (begun.marks, begun.opens, begun.grammar) == (("<t>", "</t>"), opens, form)
