"""``/generate``, ``/generate/batch``, ``/generate/stream``, ``/generate/ws``, ``/health`` and ``/metrics``."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Request, WebSocket
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from helix_app import __version__
from helix_app.server.desk import Caller, Desk, Reply
from helix_app.server.http.errors import ApiError, body_of, of_field
from helix_app.server.http.fields import model_names, new_id
from helix_app.server.http.wire import BEAT, begin_stream, sse, while_connected
from helix_app.server.service.models import Batch, BatchBody, GenerateBody, Generated, Health, Refused
from helix_app.server.service.replies import batch, pieces, whole
from helix_app.server.service.socket import Conversation

_REFUSALS: dict[int | str, dict[str, Any]] = {code: {"model": Refused} for code in (400, 401, 413, 429, 503)}
_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {}}}}


def make_router(desk: Desk) -> APIRouter:
    """The routes over this desk."""
    router = APIRouter(tags=["Helix"])

    def opened(request: Request | WebSocket, endpoint: str, body: GenerateBody) -> Reply:
        caller: Caller = request.scope["state"]["caller"]
        return desk.open(caller, endpoint, [body.request(new_id("gen-"), body.prompt)])[0]

    @router.post("/generate", responses=_REFUSALS)
    async def generate(body: GenerateBody, request: Request) -> Generated:
        """Write one reply to a prompt."""
        reply = opened(request, "generate", body)
        try:
            return await while_connected(request, whole(desk, reply))
        finally:
            reply.close()

    @router.post("/generate/batch", responses=_REFUSALS)
    async def generate_batch(body: BatchBody, request: Request) -> Batch:
        """Write replies to many prompts, several at a time."""
        most = desk.options.limits.together
        if len(body.prompts) > most:
            raise of_field("prompts", f"there are {len(body.prompts):,} prompts, and one request may have {most:,}")
        asked = [body.request(new_id("gen-"), prompt, index) for index, prompt in enumerate(body.prompts)]
        replies = desk.open(request.scope["state"]["caller"], "generate/batch", asked)
        try:
            return await while_connected(request, batch(desk, replies, body.prompts))
        finally:
            for reply in replies:
                reply.close()

    @router.post("/generate/stream", response_class=Response, responses=_STREAM | _REFUSALS)
    async def generate_stream(body: GenerateBody, request: Request) -> Response:
        """Write one reply; its text comes as server-sent events, the last of which has all figures."""
        reply = opened(request, "generate/stream", body)

        async def chunks() -> AsyncIterator[bytes]:
            async for piece in pieces(desk, reply):
                yield sse(piece) if piece else BEAT

        def told(error: ApiError) -> bytes:
            return sse({**body_of(error, "service"), "done": True})

        return await begin_stream(request, chunks(), reply.close, told, desk.options.limits.stall_seconds)

    @router.websocket("/generate/ws")
    async def generate_ws(socket: WebSocket) -> None:
        await socket.accept()
        await Conversation(socket, desk, lambda body: opened(socket, "generate/ws", body)).run()

    @router.get("/", include_in_schema=False)
    async def root() -> Response:
        """Whoever opens the address in a browser sees what there is."""
        return RedirectResponse("/docs")

    @router.get("/health")
    async def health() -> Health:
        """Whether replies can be written, and how many are."""
        ready = desk.backend.ready
        return Health(
            status="stopping" if desk.stopping else "loading" if ready is None else "ok",
            version=__version__,
            model=desk.options.model if ready is None else model_names(desk.options, ready)[0],
            device=None if ready is None else ready.device_name,
            context_length=None if ready is None else ready.context_length,
            running=desk.queue.running,
            waiting=desk.queue.waiting,
        )

    @router.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        """Figures for Prometheus."""
        return Response(desk.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    return router
