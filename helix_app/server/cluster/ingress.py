"""Takes requests, finds who answers each, and passes the answer on as it comes."""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from helix_app.server.cluster.calls import Call, Head, session_of
from helix_app.server.http.errors import ApiError, body_of, family_of
from helix_app.server.http.wire import in_time
from helix_app.server.options import Limits

log = logging.getLogger(__name__)
TRIES = 3  # of one request, each with another replica
RETRY_SECONDS = 5.0
_DROPPED = ("content-length", "transfer-encoding", "connection")  # of an answer: the ingress frames it anew


class Ingress:
    """Takes requests, finds who answers each, and passes the answer on as it comes."""

    def __init__(self, replicas: Any, limits: Limits) -> None:
        """``replicas`` is the handle of the engines."""
        self._replicas, self._limits = replicas, limits

    async def __call__(self, request: Request) -> Response:
        """The answer to one request."""
        path = request.url.path
        try:
            if path == "/metrics":
                raise ApiError(404, "api_metrics_ray")
            body = await in_time(self._body(request), self._limits.body_seconds)
            call = Call(request.method, path, request.scope.get("query_string", b""), tuple(request.headers.raw), body)
            head, pieces = await self._answered(replace(call, session=session_of(call)))
        except ApiError as error:
            return JSONResponse(body_of(error, family_of(path)), status_code=error.status, headers=error.headers)
        except ClientDisconnect:
            return Response(status_code=499)
        answer = StreamingResponse(pieces, head.status)
        answer.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in head.headers
            if name.lower() not in _DROPPED
        ]
        return answer

    async def _body(self, request: Request) -> bytes:
        parts, size, limit = [], 0, self._limits.body_bytes
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise ApiError(413, "api_body_large", limit=f"{limit:,}")
            parts.append(part)
        return b"".join(parts)

    async def _answered(self, call: Call) -> tuple[Head, AsyncIterator[bytes]]:
        """The beginning of an answer and its pieces; of another replica where the first one is gone.

        Until something of the body is there nothing is passed on, and a body that is sent whole is there whole: a
        replica that goes before that loses nothing.

        Raises:
            ApiError: too many wait, or nobody answers.
        """
        lost, full = _failures()
        handle = self._replicas.options(stream=True)
        if call.session:
            handle = handle.options(session_id=call.session)
        for attempt in range(TRIES):
            stream = handle.answer.remote(call)
            try:
                head = await stream.__anext__()
                begun = await _begun(stream, head)
            except full as error:
                raise ApiError(503, "api_cluster_full", retry_after=RETRY_SECONDS, seconds=5) from error
            except lost as error:
                log.warning("a replica was lost before it answered (try %d): %s", attempt + 1, type(error).__name__)
                continue
            except BaseException:
                stream.cancel()
                raise
            return head, _rest(begun, stream)
        raise ApiError(503, "api_cluster_lost", retry_after=RETRY_SECONDS)


async def _begun(stream: Any, head: Head) -> list[bytes]:
    """The whole body of an answer whose length is known, the first piece of others."""
    if any(name.lower() == "content-length" for name, _ in head.headers):
        return [piece async for piece in stream]
    async for piece in stream:
        return [piece]
    return []


async def _rest(begun: Sequence[bytes], stream: Any) -> AsyncGenerator[bytes, None]:
    """Pieces of the body; a client that goes ends the work for it."""
    over = False
    try:
        for piece in begun:
            yield piece
        async for piece in stream:
            yield piece
        over = True
    finally:
        if not over:
            stream.cancel()


def _failures() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """What tells that a replica is gone, and that too many wait."""
    from ray.exceptions import RayActorError
    from ray.serve.exceptions import BackPressureError

    return (RayActorError,), (BackPressureError,)
