"""``/v1/messages`` and ``/v1/messages/count_tokens``."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from helix_app.protocol.requests import GenerateRequest
from helix_app.server.abilities import with_tools
from helix_app.server.anthropic.messages import Answering, told_in_stream
from helix_app.server.anthropic.models import Conversation, MessagesBody
from helix_app.server.desk import Desk
from helix_app.server.http.fields import check_model, check_thinking, new_id
from helix_app.server.http.wire import begin_stream, while_connected
from helix_app.server.reading import form_of, parts_of

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def make_router(desk: Desk) -> APIRouter:
    """The routes over this desk."""
    router = APIRouter(prefix="/v1/messages", tags=["Anthropic"])

    def asked_of(body: Conversation, request_id: str) -> GenerateRequest:
        """What a conversation asks of the engine, but for its sampling. Raises ApiError."""
        ready = desk.ready
        check_model(body.model, desk.options, ready)
        thinking = check_thinking(body.reasons(bool(ready.thinking[0])), ready, "thinking")
        asked = GenerateRequest(request_id, body.chat(), thinking=thinking, tools=body.offered, grammar=body.grammar)
        return with_tools(asked, ready, body.forced)

    @router.post("", responses=_STREAM)
    async def messages(body: MessagesBody, request: Request) -> Response:
        """Go on with a conversation; with ``stream`` as server-sent events."""
        chat = asked_of(body, new_id("msg_"))
        body.check_budget(desk.ready.context_length)
        asked = GenerateRequest(
            chat.request_id,
            chat.messages,
            thinking=chat.thinking,
            tools=chat.tools,
            grammar=chat.grammar,
            max_tokens=body.max_tokens,
            sampling=body.params(),
            stop=tuple(body.stop_sequences or ()),
            priority=body.priority,
        )
        reply = desk.open(request.scope["state"]["caller"], "messages", [asked])[0]
        form = form_of(desk.ready, asked, one_call=body.one_call)
        answer, parts = Answering(asked.request_id, body.model), parts_of(reply, form)
        if body.stream:
            stall = desk.options.limits.stall_seconds
            return await begin_stream(request, answer.events(parts), reply.close, told_in_stream, stall)
        try:
            return JSONResponse(await while_connected(request, answer.whole(parts)))
        finally:
            reply.close()

    @router.post("/count_tokens")
    async def count_tokens(body: Conversation, request: Request) -> dict[str, int]:
        """How many tokens a conversation is as a prompt, with the model's own chat template."""
        asked = asked_of(body, "count")
        return {"input_tokens": await desk.count(request.scope["state"]["caller"], asked)}

    return router
