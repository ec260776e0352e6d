"""Errors: which form a path answers in, which field is named, and what becomes of the engine's own failures."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from helix_app.base.language import ENGLISH, Language, speak
from helix_app.base.message_texts.reasons import fields_of, reason_of
from helix_app.base.messages import error_text
from helix_app.protocol.events import Failed
from helix_app.server.anthropic.models import MessagesBody
from helix_app.server.http.errors import ApiError, body_of, family_of, of_failed, of_validation, unknown_route
from helix_app.server.openai.models import ChatBody, CompletionBody
from helix_app.server.openai.responses.models import ResponsesBody


@pytest.mark.parametrize(
    ("path", "family"),
    [
        ("/generate", "service"),
        ("/v1", "openai"),
        ("/v1/chat/completions", "openai"),
        ("/v1/messages", "anthropic"),
        ("/v1/messages/count_tokens", "anthropic"),
        ("/v1x", "service"),
    ],
)
def test_the_form_of_a_path(path: str, family: str) -> None:
    assert family_of(path) == family
    body = body_of(ApiError(400, "prompt_empty"), family_of(path))
    assert "The prompt is empty." in str(body)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("prompt_too_long", 400),
        ("option_invalid", 400),
        ("template_refused", 400),
        ("no_model_loaded", 503),
        ("device_out_of_memory", 503),
        ("engine_died", 503),
        ("internal", 500),
        ("a code that nobody knows", 500),
    ],
)
def test_the_engine_s_failures(code: str, status: int) -> None:
    error = of_failed(Failed(code, fields=(("status", "9"), ("code", "8"))))
    assert (error.status, error.code) == (status, code)
    assert error.message


def test_when_to_try_again() -> None:
    assert ApiError(429, "api_stopping", retry_after=0.2).headers == {"retry-after": "1"}
    assert ApiError(400, "prompt_empty").headers == {}


def said(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": list(blocks)}]}


SCHEMA = {"type": "json_schema", "json_schema": {"name": 1, "schema": {}}}


@pytest.mark.parametrize(
    ("model", "body", "code", "param"),
    [
        (ChatBody, said({"type": "text", "text": 5}), "invalid", "messages[0].content[0]"),
        (ChatBody, {"response_format": SCHEMA}, "invalid", "response_format.json_schema.name"),
        (ChatBody, {"stop": ["a", ""]}, "invalid", "stop[1]"),
        (ChatBody, {"tool_choice": {"type": "function"}}, "missing", "tool_choice.function"),
        (ChatBody, {"wing": 1}, "unknown", "wing"),
        (ResponsesBody, {"input": "x", "tools": [{"type": "namespace", "name": "a"}]}, "missing", "tools[0].tools"),
        (MessagesBody, {"thinking": {"type": "enabled"}}, "missing", "thinking.budget_tokens"),
        (MessagesBody, said({"type": "text", "text": "x", "y": 1}), "unknown", "messages[0].content[0].y"),
        (MessagesBody, {"messages": [{"role": "user"}]}, "missing", "messages[0].content"),
        (MessagesBody, said({"type": "thinking"}), "missing", "messages[0].content[0].thinking"),
        (MessagesBody, said({"type": "thinking", "thinking": 1}), "invalid", "messages[0].content[0].thinking"),
    ],
)
def test_the_field_that_is_wrong_is_named(model: type[BaseModel], body: dict[str, Any], code: str, param: str) -> None:
    good = {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
    with pytest.raises(ValidationError) as raised:
        model.model_validate({"model": "m", **body} if "input" in body else {**good, **body})
    error = of_validation(raised.value.errors())
    assert (error.code, error.param) == (f"api_field_{code}", param)
    assert param in error.message


@pytest.mark.parametrize(
    ("model", "body", "says"),
    [
        (
            ChatBody,
            said({"type": "image_url", "image_url": {"url": "data:,"}}),
            "'image_url' is not supported, only 'text'",
        ),
        (MessagesBody, said({"type": "image", "source": {}}), "'image' is not supported, only 'text', 'thinking'"),
        (ChatBody, {"stop": ["y"] * 65}, "list should have at most 64 items"),
        (ChatBody, {"tool_choice": "sometimes"}, "'sometimes' is not supported, only 'none', 'auto' or 'required'"),
    ],
    ids=str,
)
def test_what_is_not_supported_is_named_beside_what_is(model: type[BaseModel], body: dict[str, Any], says: str) -> None:
    good = {"model": "m", "messages": [{"role": "user", "content": "x"}], "max_tokens": 5}
    with pytest.raises(ValidationError) as raised:
        model.model_validate({**good, **body})
    assert says in of_validation(raised.value.errors()).message


def test_what_is_said_over_http_is_english_whatever_the_window_speaks() -> None:
    said = {"The prompt is empty. Type something to send.": "Die Eingabe ist leer."}
    speak(Language("de", lambda context, text: said.get(text, text), comma=True))
    try:
        error = ApiError(413, "api_body_large", limit="8,388,608")
        failed = ApiError(400, "prompt_empty")
        of_reason = of_failed(Failed("option_invalid", fields=fields_of(hint=reason_of("hint_tokens", n="1,024"))))
        assert error_text("prompt_empty") == "Die Eingabe ist leer."
        assert body_of(failed, "service")["error"] == "The prompt is empty. Type something to send."
        assert str(error) == error.message == "The request has more than 8,388,608 bytes. Send less."
        assert of_reason.message.endswith("Use 1,024 tokens or more.")
    finally:
        speak(ENGLISH)


def test_a_prompt_that_is_too_long_is_told_in_the_words_that_clients_know() -> None:
    error = of_failed(Failed("prompt_too_long", fields=(("tokens", "50,031"), ("limit", "8,192"))))
    told = body_of(error, "anthropic")["error"]["message"]
    assert told.startswith("prompt is too long: 50031 tokens > 8192 maximum. The prompt has 50,031 tokens, but")
    openai = body_of(error, "openai")["error"]
    assert openai["code"] == "context_length_exceeded"
    assert openai["message"] == error.message


def test_a_prompt_too_long_to_be_counted_is_told_with_a_number() -> None:
    fields = fields_of(tokens=reason_of("over", n="8,192"), limit="8,192")
    told = body_of(of_failed(Failed("prompt_too_long", fields=fields)), "anthropic")["error"]["message"]
    assert told.startswith("prompt is too long: 8193 tokens > 8192 maximum. The prompt has over 8,192 tokens, but")


@pytest.mark.parametrize(
    ("path", "code", "near"),
    [
        ("/api/v1/chat/completions", "api_route_near", "/v1/chat/completions"),
        ("/api/v1/models/", "api_route_near", "/v1/models"),
        ("/api/v1/tags", "api_route_ollama", ""),
        ("/api/generate", "api_route_ollama", ""),
        ("/api", "api_route_ollama", ""),
        ("/openai/chat/completions", "api_route_near", "/v1/chat/completions"),
        ("/elsewhere", "api_route_unknown", ""),
    ],
)
def test_what_there_is_near_a_path_is_named(path: str, code: str, near: str) -> None:
    error = unknown_route(path, ["/v1/chat/completions", "/v1/models", "/generate", "/"])
    assert (error.status, error.code, error.fields.get("near", "")) == (404, code, near)


def test_an_option_that_the_engine_refuses_is_named_as_the_field_that_it_is() -> None:
    fields = (("option", "logit-bias"), ("value", "99999999"), ("hint", "The tokens have the numbers 0 to 9."))
    error = of_failed(Failed("option_invalid", fields=fields))
    assert body_of(error, "openai")["error"]["param"] == "logit_bias"


def test_values_are_told_as_programs_send_them() -> None:
    with pytest.raises(ValidationError) as raised:
        CompletionBody.model_validate({"model": "m", "prompt": "x", "echo": True})
    assert of_validation(raised.value.errors()).message.startswith(
        "The field echo cannot be used: true is not supported, only false."
    )


def test_a_tool_of_anthropic_s_own_is_refused_by_its_type() -> None:
    said = [{"role": "user", "content": "x"}]
    tool = {"type": "bash_20250124", "name": "bash"}
    with pytest.raises(ValidationError) as raised:
        MessagesBody.model_validate({"model": "m", "max_tokens": 5, "messages": said, "tools": [tool]})
    error = of_validation(raised.value.errors())
    assert (error.param, "'bash_20250124' is not supported, only 'custom'" in error.message) == ("tools[0].type", True)


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        ({"messages": [{"role": "human", "content": "x"}]}, "messages[0].role", "'human' is not supported, only"),
        ({"messages": [{"content": "x"}]}, "messages[0].role", "The field messages[0].role is missing. Add it."),
        ({"messages": ["x"]}, "messages[0]", "it is no JSON object"),
        ({"response_format": {"type": "yaml"}}, "response_format.type", "'yaml' is not supported, only"),
        ({"response_format": {}}, "response_format.type", "is missing"),
        ({"metadata": "x"}, "metadata", "it is no JSON object"),
    ],
)
def test_kinds_of_objects_are_told_by_the_field_that_tells_them(body: dict[str, Any], param: str, says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ChatBody.model_validate({"model": "m", "messages": [{"role": "user", "content": "x"}], **body})
    error = of_validation(raised.value.errors())
    assert error.param == param
    assert says in error.message


def test_an_empty_prompt_is_told_to_programs_as_what_they_send() -> None:
    error = of_failed(Failed("prompt_empty"))
    assert (error.status, error.code) == (400, "api_prompt_empty")
    assert "Type something" not in error.message


@pytest.mark.parametrize(
    ("item", "param", "says"),
    [
        ({"type": "banana"}, "input[0].type", "'banana' is not supported, only 'message'"),
        (3, "input[0]", "it is no JSON object"),
        ({}, "input[0].role", "is missing"),
    ],
)
def test_an_item_of_a_response_is_told_by_its_type(item: object, param: str, says: str) -> None:
    with pytest.raises(ValidationError) as raised:
        ResponsesBody.model_validate({"model": "m", "input": [item]})
    error = of_validation(raised.value.errors())
    assert error.param == param
    assert says in error.message
