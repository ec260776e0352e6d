"""A request for a reply as the body that OpenAI-compatible servers take. Drafts are the server's own matter."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from helix_app.base.errors import InputError
from helix_app.protocol.requests import ChatMessage, GenerateRequest, Grammar, SamplingParams

# What a server may not know, and can do without: each is left out once it was refused.
OPTIONAL = (
    "stream_options", "top_k", "min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed",
    "logit_bias", "chat_template_kwargs", "temperature", "top_p",
)  # fmt: skip
_CONTINUES = {"helix": {}, "llamacpp": {}, "vllm": {"continue_final_message": True, "add_generation_prompt": False}}
_LONGEST_WORD = 64  # characters that are given up so that a text begins with a whole word
_PLAIN_FORMS = ("json_object", "json_schema")


def check(request: GenerateRequest, owner: str) -> None:
    """Raise InputError ``remote_unsupported`` for what no server of this kind can be asked, ``grammar_invalid`` for a
    schema that is no JSON.

    Args:
        owner: what the server's model list says of who owns the model, such as ``vllm``; "" where it says nothing.
    """
    refused = ""
    if request.tools or any(message.role == "tool" or message.tool_calls for message in request.messages):
        refused = "tools"
    elif request.template:
        refused = "a chat template of your own"
    elif request.grammar is not None and request.grammar.kind not in _PLAIN_FORMS and owner != "helix":
        refused = "a reply by a grammar or a regular expression"
    elif _continues(request) and owner not in _CONTINUES:
        refused = "to go on with a reply"
    elif request.raw and request.grammar is not None and not request.prompt and _begun(request):
        refused = "to go on with a reply"  # a server sees one text, not which part of it the form is for
    if refused:
        raise InputError("remote_unsupported", what=refused)
    if request.grammar is not None and request.grammar.kind == "json_schema":
        _check_schema(request.grammar.text)


def _check_schema(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as exc:
        raise InputError("grammar_invalid", reason=str(exc), detail=str(exc)) from exc


def body_of(request: GenerateRequest, model: str, owner: str, without: Collection[str] = ()) -> dict[str, Any]:
    """The JSON body; ``without`` these optional fields."""
    body: dict[str, Any] = {"model": model, "stream": True, "stream_options": {"include_usage": True}}
    if request.raw:
        body["prompt"] = request.text
    else:
        body["messages"] = [_message(m) for m in _told(request.messages)]
        body |= _CONTINUES[owner] if _continues(request) else {}
    most = "max_completion_tokens" if "max_tokens" in without else "max_tokens"
    body[most] = request.max_tokens
    body |= _sampling(request.sampling)
    if request.stop:
        body["stop"] = list(request.stop)
    if request.grammar is not None:
        body["response_format"] = _form(request.grammar)
    if request.thinking is not None and not request.raw:
        body["chat_template_kwargs"] = {"enable_thinking": request.thinking}
    return {name: value for name, value in body.items() if name not in without}


def refused_field(body: dict[str, Any], told: dict[str, Any]) -> str:
    """The optional field that a server's error is about, "" for none."""
    text = f"{told.get('param') or ''} {told.get('message') or ''}"
    if "max_completion_tokens" in text and "max_tokens" in body:
        return "max_tokens"
    named = [name for name in OPTIONAL if name in body and name in text]
    return max(named, key=len, default="")


def shorter(messages: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...]:
    """The conversation without its oldest turn; the same where only system messages and the last turn are left."""
    kept = list(messages)
    first = next((at for at, message in enumerate(kept) if message.role != "system"), len(kept))
    after = next((at for at in range(first + 1, len(kept)) if kept[at].role == "user"), len(kept))
    last = max((at for at, message in enumerate(kept) if message.role == "user"), default=0)
    return messages if after > last else tuple(kept[:first] + kept[after:])


def shorter_request(request: GenerateRequest) -> GenerateRequest:
    """With less of what was said first: a conversation without its oldest turn, a text without its beginning; the same
    where nothing can be left out."""
    if request.raw:
        text = shorter_text(request.text)
        return request if text == request.text else replace(request, prompt=text)
    return replace(request, messages=shorter(request.messages))


def shorter_text(text: str) -> str:
    """A text without its first quarter, from the beginning of a word on; the same where next to nothing is left."""
    at = -(-len(text) // 4)
    rest = text[at:]
    if rest and not text[at - 1].isspace():
        word, _, after = rest.partition(" ")
        rest = after if after and len(word) < _LONGEST_WORD else rest
    return rest if rest.strip() else text


def _told(messages: tuple[ChatMessage, ...]) -> tuple[ChatMessage, ...]:
    empty = bool(messages) and messages[-1].role == "assistant" and not messages[-1].content
    return messages[:-1] if empty else messages


def _message(message: ChatMessage) -> dict[str, str]:
    told = {"role": message.role, "content": message.content}
    return {**told, "name": message.name} if message.name else told


def _continues(request: GenerateRequest) -> bool:
    return not request.raw and _begun(request)


def _begun(request: GenerateRequest) -> bool:
    last = request.messages[-1:]
    return bool(last) and last[0].role == "assistant" and bool(last[0].content)


def _sampling(sampling: SamplingParams) -> dict[str, Any]:
    """Every value that changes anything; those of the neutral ones that a server may have otherwise by default."""
    neutral = SamplingParams(temperature=1.0, top_k=0, top_p=1.0)
    told: dict[str, Any] = {"temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": sampling.top_k}
    for name in ("min_p", "repetition_penalty", "presence_penalty", "frequency_penalty", "seed"):
        if getattr(sampling, name) != getattr(neutral, name):
            told[name] = getattr(sampling, name)
    if sampling.logit_bias:
        told["logit_bias"] = {str(token): value for token, value in sampling.logit_bias}
    return told


def _form(grammar: Grammar) -> dict[str, Any]:
    if grammar.kind == "json_object":
        return {"type": "json_object"}
    if grammar.kind == "json_schema":
        return {"type": "json_schema", "json_schema": {"name": "reply", "schema": json.loads(grammar.text)}}
    return {"type": grammar.kind, "value": grammar.text}  # Helix's own
