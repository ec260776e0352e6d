"""``/v1/models``, ``/v1/chat/completions``, ``/v1/completions`` and ``/v1/embeddings``."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import JSONResponse, Response

from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import GenerateRequest
from helix_app.server.abilities import with_tools
from helix_app.server.desk import Desk, Reply
from helix_app.server.http.errors import ApiError, of_field
from helix_app.server.http.fields import Body, check_model, check_thinking, model_names, new_id
from helix_app.server.http.wire import begin_stream, while_connected
from helix_app.server.openai.chat import ChatCompletion, told_in_stream
from helix_app.server.openai.completions import Completion
from helix_app.server.openai.models import ChatBody, CompletionBody, chat_message, grammar_of
from helix_app.server.reading import Form, form_of, parts_of, together

STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}
_MADE = int(time.time())


class EmbeddingsBody(Body):
    """Texts to turn into numbers."""

    model: str
    input: str | list[str] = Field(min_length=1)
    encoding_format: str | None = None
    dimensions: int | None = None
    user: str | None = None


def make_router(desk: Desk) -> APIRouter:
    """The routes over this desk."""
    router = APIRouter(prefix="/v1", tags=["OpenAI"])

    @router.get("/models")
    async def models() -> dict[str, Any]:
        """The model that is loaded, under each of its names."""
        ready = desk.ready
        told = [model_card(name, ready) for name in model_names(desk.options, ready)]
        # has_more and its kin are what Anthropic's clients look for
        ends = {"first_id": told[0]["id"], "last_id": told[-1]["id"], "has_more": False}
        return {"object": "list", "data": told, **ends}

    @router.get("/models/{model:path}")
    async def one_model(model: str) -> dict[str, Any]:
        """One of these names."""
        check_model(model, desk.options, desk.ready)
        return model_card(model, desk.ready)

    @router.post("/chat/completions", responses=STREAM)
    async def chat_completions(body: ChatBody, request: Request) -> Response:
        """Go on with a conversation; with ``stream`` as server-sent events."""
        ready = desk.ready
        check_model(body.model, desk.options, ready)
        if body.top_logprobs is not None and not body.logprobs:
            raise of_field("top_logprobs", "it needs logprobs to be true")
        completion_id, n = new_id("chatcmpl-"), body.n or 1
        _check_count(n, desk)
        asked = [_chat_request(body, f"{completion_id}-{index}", index, ready) for index in range(n)]
        top = (body.top_logprobs or 0) if body.logprobs else None
        form = form_of(ready, asked[0], one_call=body.parallel_tool_calls is False)
        answer = ChatCompletion(completion_id, body.model, n, top, body.wants_usage, form)
        return await _answer(desk, request, "chat/completions", asked, form, answer, bool(body.stream))

    @router.post("/completions", responses=STREAM)
    async def completions(body: CompletionBody, request: Request) -> Response:
        """Go on with a text as it stands, without the chat template."""
        ready = desk.ready
        check_model(body.model, desk.options, ready)
        completion_id, n, prompts = new_id("cmpl-"), body.n or 1, body.prompts
        _check_count(len(prompts) * n, desk)
        asked = [
            GenerateRequest(
                f"{completion_id}-{at}-{index}",
                prompt=prompt,
                raw=True,
                max_tokens=body.max_tokens or ready.context_length,
                sampling=body.params(index),
                stop=body.stops,
                alternatives=body.logprobs or 0,
                logprobs=body.logprobs is not None,
                priority=body.priority,
            )
            for at, prompt in enumerate(prompts)
            for index in range(n)
        ]
        answer = Completion(completion_id, body.model, len(prompts), n, body.logprobs, body.wants_usage)
        return await _answer(desk, request, "completions", asked, Form(), answer, bool(body.stream))

    @router.post("/embeddings")
    async def embeddings(body: EmbeddingsBody) -> Response:
        """Refused: the models that Helix runs write text."""
        check_model(body.model, desk.options, desk.ready)
        raise ApiError(400, "api_embeddings", param="model", model=desk.ready.target_name)

    return router


def _check_count(replies: int, desk: Desk) -> None:
    """Raise ApiError for more than one request may ask for."""
    most = desk.options.limits.together
    if replies > most:
        raise of_field("n", f"one request may ask for {most:,} at most")


def model_card(name: str, ready: ModelReady) -> dict[str, Any]:
    """A model as both OpenAI's and Anthropic's clients read it, with its context and whether it can chat."""
    return {
        "id": name,
        "object": "model",
        "created": _MADE,
        "owned_by": "helix",
        "context_length": ready.context_length,
        "max_model_len": ready.context_length,
        "chat_template": ready.chat_template,
        "type": "model",
        "display_name": ready.target_name,
        "lifecycle": "active",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(_MADE)),
        "parameters": ready.parameters,
        "dtype": ready.dtype,
        "device": ready.device_name,
    }


def _chat_request(body: ChatBody, request_id: str, index: int, ready: ModelReady) -> GenerateRequest:
    """What a chat asks of the engine. Raises ApiError."""
    param = "chat_template_kwargs" if body.chat_template_kwargs is not None else "reasoning_effort"
    most = body.max_completion_tokens or body.max_tokens or ready.context_length
    tools = () if body.tool_choice == "none" else tuple(_tool_json(tool) for tool in body.tools or ())
    asked = GenerateRequest(
        request_id,
        messages=tuple(chat_message(message) for message in body.messages),
        max_tokens=most,
        sampling=body.params(index),
        stop=body.stops,
        alternatives=(body.top_logprobs or 0) if body.logprobs else 0,
        logprobs=bool(body.logprobs),
        priority=body.priority,
        thinking=check_thinking(body.thinking, ready, param),
        grammar=grammar_of(body.response_format),
        tools=tools,
    )
    return with_tools(asked, ready, body.forced)


def _tool_json(tool: Body) -> str:
    return json.dumps(tool.model_dump(exclude_none=True), ensure_ascii=False)


async def _answer(
    desk: Desk,
    request: Request,
    endpoint: str,
    asked: Sequence[GenerateRequest],
    form: Form,
    answer: ChatCompletion | Completion,
    stream: bool,
) -> Response:
    """Have all replies written, and told in one way or the other."""
    replies = desk.open(request.scope["state"]["caller"], endpoint, asked)
    parts = together([parts_of(reply, form) for reply in replies])

    def close() -> None:
        close_all(replies)

    if stream:
        return await begin_stream(
            request, answer.chunks(parts), close, told_in_stream, desk.options.limits.stall_seconds
        )
    try:
        return JSONResponse(await while_connected(request, answer.whole(parts)))
    finally:
        close()


def close_all(replies: Sequence[Reply]) -> None:
    """Nobody reads these any more."""
    for reply in replies:
        reply.close()
