"""Requests as bodies: only what says something, only what a server is known to take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helix_app.base.errors import InputError
from helix_app.engine.remote import body
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, SamplingParams

USER = ChatMessage("user", "hi")


def told(owner: str = "", without: tuple[str, ...] = (), **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {"messages": (USER,), **changes}
    return body.body_of(GenerateRequest("r", **values), "m", owner, without)


def test_a_chat_with_what_differs_from_neutral() -> None:
    made = told(max_tokens=7, sampling=SamplingParams(0.5, 0, 0.9, seed=3, logit_bias=((5, -1.0),)), stop=("x",))
    assert made == {
        "model": "m", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 7,
        "messages": [{"role": "user", "content": "hi"}], "temperature": 0.5, "top_p": 0.9, "top_k": 0, "seed": 3,
        "logit_bias": {"5": -1.0}, "stop": ["x"],
    }  # fmt: skip


def test_text_as_it_stands_forms_and_reasoning() -> None:
    assert told(raw=True, prompt="once")["prompt"] == "once"
    assert "messages" not in told(raw=True, prompt="once")
    assert told(thinking=False)["chat_template_kwargs"] == {"enable_thinking": False}
    form = told(grammar=Grammar("json_schema", '{"type": "null"}'))["response_format"]
    assert form["json_schema"]["schema"] == {"type": "null"}
    assert told(grammar=Grammar("json_object"))["response_format"] == {"type": "json_object"}
    assert told(grammar=Grammar("lark", "start: /a/"))["response_format"] == {"type": "lark", "value": "start: /a/"}


def test_who_says_it_is_told() -> None:
    made = told(messages=(ChatMessage("user", "hi", name="ann"), USER))
    assert made["messages"] == [{"role": "user", "content": "hi", "name": "ann"}, {"role": "user", "content": "hi"}]


def test_a_begun_reply_is_continued_where_servers_can() -> None:
    begun = (USER, ChatMessage("assistant", "yes"))
    assert told("vllm", messages=begun)["continue_final_message"] is True
    assert told("helix", messages=begun)["messages"][-1]["content"] == "yes"
    assert len(told(messages=(USER, ChatMessage("assistant", "")))["messages"]) == 1
    with pytest.raises(InputError):
        body.check(GenerateRequest("r", begun), "openai")
    body.check(GenerateRequest("r", begun), "llamacpp")


def test_a_text_that_is_begun_in_a_form_is_not_gone_on_with() -> None:
    request = GenerateRequest("r", (USER, ChatMessage("assistant", "{")), raw=True, grammar=Grammar("json_object"))
    for owner in ("helix", "vllm", ""):
        with pytest.raises(InputError) as caught:
            body.check(request, owner)
        assert caught.value.code == "remote_unsupported"
    for other in (replace(request, grammar=None), replace(request, prompt="x"), replace(request, messages=(USER,))):
        body.check(other, "")


@pytest.mark.parametrize("schema", ["{", "[" * 100_000, "1" * 5000], ids=["no json", "deep", "long number"])
def test_a_schema_that_is_no_json_is_told(schema: str) -> None:
    with pytest.raises(InputError) as caught:
        body.check(GenerateRequest("r", (USER,), grammar=Grammar("json_schema", schema)), "helix")
    assert caught.value.code == "grammar_invalid"
    assert caught.value.fields["reason"]


def test_fields_that_were_refused_are_left_out() -> None:
    made = told(without=("top_k", "max_tokens", "stream_options"))
    assert not {"top_k", "max_tokens", "stream_options"} & made.keys()
    assert made["max_completion_tokens"] == 512
    assert body.refused_field(made, {"message": "unknown field `top_p`"}) == "top_p"
    assert body.refused_field(made, {"message": "messages is too long"}) == ""
    assert body.refused_field(told(), {"param": "stream_options"}) == "stream_options"


@pytest.mark.parametrize(
    ("roles", "left"),
    [("suaua", "sua"), ("uau", "u"), ("su", "su"), ("u", "u"), ("s", "s"), ("", ""), ("suauau", "suau")],
)
def test_the_oldest_turn_goes_first_and_the_last_question_never(roles: str, left: str) -> None:
    names: dict[str, Any] = {"s": "system", "u": "user", "a": "assistant"}
    talk = tuple(ChatMessage(names[role], str(at)) for at, role in enumerate(roles))
    kept = body.shorter(talk)
    assert "".join(message.role[0] for message in kept) == left
    assert kept[-1:] == talk[-1:]


def test_a_text_loses_its_beginning_up_to_a_word() -> None:
    text = "one two three four five six seven eight"
    rest = body.shorter_text(text)
    assert text.endswith(rest)
    assert rest.split()[0] in text.split()
    assert len(text) // 2 < len(rest) <= len(text) * 3 // 4
    assert body.shorter_text("x" * 400) == "x" * 300  # no word to begin with
    assert [body.shorter_text(short) for short in ("", "x", "a ")] == ["", "x", "a "]
    while (shorter := body.shorter_text(text)) != text:
        text = shorter
    assert len(text) < 8


def test_a_request_is_made_shorter_by_what_it_is() -> None:
    pieces = tuple(ChatMessage(role, f"{role} " * 30) for role in ("user", "assistant", "user"))
    asked = GenerateRequest("r", pieces)
    assert body.shorter_request(asked).messages == pieces[2:]
    raw = replace(asked, raw=True)
    assert raw.text.endswith(body.shorter_request(raw).text)
    assert 0 < len(body.shorter_request(raw).text) < len(raw.text)
    shortest = GenerateRequest("r", (ChatMessage("user", "x"),), raw=True)
    assert body.shorter_request(shortest) == shortest, "not the same text in another field, to be asked once more"
