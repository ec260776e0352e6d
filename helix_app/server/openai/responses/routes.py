"""``/v1/responses``: answer, and what was answered."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import ChatMessage, GenerateRequest
from helix_app.server.abilities import with_tools
from helix_app.server.desk import Caller, Desk
from helix_app.server.http.errors import ApiError
from helix_app.server.http.fields import check_model, check_thinking
from helix_app.server.http.wire import begin_stream, while_connected
from helix_app.server.openai.responses.answer import Responding
from helix_app.server.openai.responses.items import Order, page_of
from helix_app.server.openai.responses.memory import Kept, Responses, new_response_id
from helix_app.server.openai.responses.models import ResponsesBody
from helix_app.server.reading import form_of, parts_of

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def make_router(desk: Desk, memory: Responses) -> APIRouter:
    """The routes over this desk, and over what keeps its responses."""
    router = APIRouter(prefix="/v1/responses", tags=["OpenAI"])
    limits = desk.options.limits

    async def found(request: Request, response_id: str, param: str = "") -> Kept:
        caller: Caller = request.scope["state"]["caller"]
        kept = await memory.find(caller.key, response_id)
        if kept is None:
            raise ApiError(404, "api_response_unknown", param=param, id=response_id[:100], kept=f"{memory.most:,}")
        return kept

    @router.post("", responses=_STREAM)
    async def respond(body: ResponsesBody, request: Request) -> Response:
        """Answer a text or items, after an earlier response if one is named."""
        ready = desk.ready
        check_model(body.model, desk.options, ready)
        caller: Caller = request.scope["state"]["caller"]
        before: tuple[ChatMessage, ...] = ()
        if body.previous_response_id is not None:
            before = (await found(request, body.previous_response_id, "previous_response_id")).conversation
        said = (*before, *body.messages())
        asked = _request_of(new_response_id(request.scope["state"].get("session", "")), body, said, ready)

        async def keep(answer: Responding) -> None:
            if body.store is not False:
                await memory.keep(caller.key, answer.told(), (*said, answer.reply))

        answer = Responding(asked.request_id, body, keep)
        reply = desk.open(caller, "responses", [asked])[0]
        parts = parts_of(reply, form_of(ready, asked, one_call=body.parallel_tool_calls is False))
        if body.stream:
            return await begin_stream(request, answer.events(parts), reply.close, answer.failed, limits.stall_seconds)
        try:
            return JSONResponse(await while_connected(request, answer.whole(parts)))
        finally:
            reply.close()

    @router.get("/{response_id}")
    async def one(response_id: str, request: Request) -> dict[str, Any]:
        """A response that is still kept."""
        return (await found(request, response_id)).response

    @router.get("/{response_id}/input_items")
    async def input_items(
        response_id: str,
        request: Request,
        limit: Annotated[int, Query(ge=1, le=100)] = 20,
        order: Order = "desc",
        after: str = "",
        before: str = "",
    ) -> dict[str, Any]:
        """What a response that is still kept was made of, the responses before it among it."""
        return page_of(await found(request, response_id), limit, order, after, before)

    @router.delete("/{response_id}")
    async def forget(response_id: str, request: Request) -> dict[str, Any]:
        """Keep a response no longer."""
        await found(request, response_id)
        caller: Caller = request.scope["state"]["caller"]
        return {"id": response_id, "object": "response", "deleted": await memory.forget(caller.key, response_id)}

    return router


def _request_of(
    response_id: str, body: ResponsesBody, said: tuple[ChatMessage, ...], ready: ModelReady
) -> GenerateRequest:
    """What it asks of the engine. Raises ApiError."""
    body.check_names()
    instructions = (ChatMessage("system", body.instructions),) if body.instructions else ()
    asked = GenerateRequest(
        response_id,
        messages=(*instructions, *said),
        max_tokens=body.max_output_tokens or ready.context_length,
        sampling=body.params(),
        priority=body.priority,
        thinking=check_thinking(body.thinking, ready, "reasoning.effort"),
        grammar=body.grammar,
        tools=body.offered,
    )
    return with_tools(asked, ready, body.forced, "input")
