"""Failures of the API, and the form in which each of its families tells them.

/v1/messages...   {"type": "error", "error": {"type", "message"}}                  Anthropic
/v1/...           {"error": {"message", "type", "param", "code"}}                  OpenAI
the rest          {"error": sentence, "error_code": code}                          as on the command line
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any, Literal

from helix_app.base import messages
from helix_app.base.language import english
from helix_app.protocol.events import Failed

Family = Literal["service", "openai", "anthropic"]
_INPUT_CODES = (
    "bad_input", "prompt_", "option_", "no_chat_template", "template_", "tokenizer_", "grammar_", "tool", "schema_",
)  # fmt: skip
_UNAVAILABLE = (
    "no_model_loaded",
    "engine_died",
    "engine_busy",
    "out_of_memory",
    "device_",
    "cache_exhausted",
    "compare_running",
    "bench_",
)
_RETRY = 5.0  # seconds; a load or a measurement takes as long
_OPENAI_CODES = {  # where programs look for a name of OpenAI's own
    "api_key_wrong": "invalid_api_key",
    "api_model_unknown": "model_not_found",
    "api_rate_limited": "rate_limit_exceeded",
    "api_queue_full": "rate_limit_exceeded",
    "prompt_too_long": "context_length_exceeded",
    "prompt_too_long_default": "context_length_exceeded",
    "prompt_too_long_setting": "context_length_exceeded",
    "prompt_too_long_memory": "context_length_exceeded",
    "api_field_unknown": "unknown_parameter",
    "api_field_missing": "missing_required_parameter",
    "api_field_invalid": "invalid_value",
}
_FOR_PROGRAMS = {"no_chat_template": "api_no_chat_template", "prompt_empty": "api_prompt_empty"}  # what they can do
_OPENAI_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_ANTHROPIC_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_UNION_WORDS = {"str", "int", "float", "bool", "none", "body", "query"}  # and where the field stands
_TAGS = {  # by which pydantic tells the kinds of an object apart
    "system", "developer", "user", "assistant", "tool", "text", "thinking", "tool_use", "tool_result", "json_object",
    "json_schema", "regex", "lark", "message", "function_call", "function_call_output", "reasoning",
    "auto", "any", "none", "namespace", "redacted_thinking", "enabled", "adaptive", "disabled",
}  # fmt: skip
_TAGGED = ("response_format", "tool_choice", "format", "thinking")
_NO_OBJECT = ("model_type", "model_attributes_type", "dict_type")
_NAME = re.compile(r"[a-z_][a-z0-9_.]*\Z")


class ApiError(Exception):
    """A request that is refused or that failed.

    Attributes:
        status: of HTTP.
        code: of ``base/messages.py``, with its ``fields``.
        param: the field that is wrong, "" for none.
        retry_after: seconds, None where trying again is no use.
    """

    def __init__(
        self, status: int, code: str, *, param: str = "", retry_after: float | None = None, **fields: object
    ) -> None:
        self.status, self.code, self.param = status, code, param
        self.retry_after = None if retry_after is None else max(1, math.ceil(retry_after))
        self.fields = {name: str(value) for name, value in fields.items()}
        super().__init__(self.message)

    @property
    def message(self) -> str:
        """The sentence, in English whatever the window speaks: programs and their authors read it."""
        with english():
            return messages.error_text(self.code, self.fields)

    @property
    def headers(self) -> dict[str, str]:
        told = {} if self.retry_after is None else {"retry-after": str(self.retry_after)}
        return {**told, "connection": "close"} if self.status == 408 else told  # the rest of it is not waited for


def of_failed(event: Failed) -> ApiError:
    """What the engine refused or failed at."""
    if event.code.startswith(_INPUT_CODES):
        status = 400
    else:
        status = 503 if event.code.startswith(_UNAVAILABLE) else 500
    code = _FOR_PROGRAMS.get(event.code, event.code)
    fields = dict(event.fields)
    param = fields.get("option", "").replace("-", "_") if code == "option_invalid" else ""
    error = ApiError(status, code, param=param, retry_after=_RETRY if status == 503 else None)
    error.fields = fields
    return error


def of_field(field: str, reason: str) -> ApiError:
    """A field with a value that cannot be used."""
    return ApiError(400, "api_field_invalid", param=field, field=field, reason=reason.rstrip("."))


def unknown_route(path: str, known: Sequence[str]) -> ApiError:
    """There is nothing at this path; most often the base URL is that of another program, or lacks its end."""
    ollama = path == "/api" or path.startswith("/api/")
    near = [one for one in known if len(one) > 1 and path.rstrip("/").endswith(one.removeprefix("/v1"))]
    if near and (not ollama or path.startswith("/api/v1/")):  # where some providers have OpenAI's API
        return ApiError(404, "api_route_near", path=path, near=max(near, key=len))
    if ollama:
        return ApiError(404, "api_route_ollama", path=path)
    return ApiError(404, "api_route_unknown", path=path)


def of_validation(errors: Sequence[Any]) -> ApiError:
    """What pydantic says of a request's body: the first of what it says deepest inside, for of a union it says more.

    Of a value that suits one part of a union by its type and another not, what is wrong with it in the one is told.
    """
    first = max(errors, key=lambda error: (len(error.get("loc", ())), not str(error.get("type")).endswith("_type")))
    kind, place = str(first.get("type", "")), _place(first.get("loc", ()))
    if place and kind.startswith("union_tag_"):
        return _of_tag(first, place)
    if kind == "json_invalid":
        return ApiError(400, "api_body_invalid", reason=_reason(first))
    if not place:
        untold = isinstance(first.get("input"), bytes)  # nobody said that it is JSON
        reason = "its content-type is not application/json" if untold else "it is not a JSON object"
        reason = _reason(first) if kind == "value_error" else reason
        return ApiError(400, "api_body_invalid", reason=reason)
    if kind == "extra_forbidden":
        return ApiError(400, "api_field_unknown", param=place, field=place)
    if kind == "missing":
        return ApiError(400, "api_field_missing", param=place, field=place)
    return of_field(place, _reason(first))


def _of_tag(error: Any, place: str) -> ApiError:
    """What tells the kinds of an object apart is wrong, or is not there."""
    if not isinstance(error.get("input"), dict):
        return of_field(place, "it is no JSON object")
    quoted = re.fullmatch(r"'(\w+)'", str((error.get("ctx") or {}).get("discriminator")))
    field = f"{place}.{quoted[1] if quoted else 'type'}"
    if error.get("type") == "union_tag_not_found":
        return ApiError(400, "api_field_missing", param=field, field=field)
    return of_field(field, _reason(error))


def _place(loc: Sequence[str | int]) -> str:
    """The field as programs write it, such as ``messages[0].content``, without what pydantic says of unions."""
    place = ""
    before: str | int | None = None
    for part in loc:
        tag = part in _TAGS and (isinstance(before, int) or before in _TAGGED)
        before = None if tag else part  # what follows a tag is a field, also one of the same name
        if tag:
            continue
        if isinstance(part, int):
            place += f"[{part}]" if place else ""
        elif part not in _UNION_WORDS and (_NAME.match(part) or not place):
            place += f".{part}" if place else part
    return messages.filling.shortened(place)


def _reason(error: Any) -> str:
    context, given = error.get("ctx") or {}, error.get("input")
    if error.get("type") == "literal_error" and isinstance(given, (str, bool, int, float)):
        told = repr(given[:80]) if isinstance(given, str) else _as_json(str(given))
        return messages.filling.shortened(f"{told} is not supported, only {_as_json(str(context.get('expected')))}")
    if error.get("type") == "union_tag_invalid":
        tag, tags = str(context.get("tag"))[:80], context.get("expected_tags")
        return messages.filling.shortened(f"{tag!r} is not supported, only {tags}")
    if error.get("type") in _NO_OBJECT:
        return "it is no JSON object"
    said = str(context.get("error") or error.get("msg") or "it is wrong").removeprefix("Value error, ")
    return messages.filling.shortened(said[:1].lower() + said[1:]).rstrip(".")


def _as_json(words: str) -> str:
    """Values as programs send them, not as Python writes them."""
    return re.sub(r"\b(True|False|None)\b", lambda found: "null" if found[0] == "None" else found[0].lower(), words)


def family_of(path: str) -> Family:
    """Which form a path answers in."""
    if path.startswith("/v1/messages"):
        return "anthropic"
    return "openai" if path.startswith("/v1/") or path == "/v1" else "service"


def _too_long(error: ApiError) -> str:
    """The words by which Anthropic's clients know that a conversation is too long, and shorten it."""
    if not error.code.startswith("prompt_too_long"):
        return ""
    tokens, limit = (error.fields.get(name, "").replace(",", "") for name in ("tokens", "limit"))
    if not tokens.isdecimal() and limit.isdecimal():  # too long to be counted; clients look for a number
        tokens = str(int(limit) + 1)
    return f"prompt is too long: {tokens} tokens > {limit} maximum. "


def body_of(error: ApiError, family: Family) -> dict[str, Any]:
    """The JSON object that tells an error."""
    if family == "anthropic":
        kind = _ANTHROPIC_TYPES.get(error.status, "api_error" if error.status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": _too_long(error) + error.message}}
    if family == "openai":
        kind = _OPENAI_TYPES.get(error.status, "server_error" if error.status >= 500 else "invalid_request_error")
        code = _OPENAI_CODES.get(error.code, error.code)
        return {"error": {"message": error.message, "type": kind, "param": error.param or None, "code": code}}
    return {"error": error.message, "error_code": error.code}
