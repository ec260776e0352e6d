"""``/generate/ws``: a prompt, its text as it is written, and a word that stops it.

--> {"prompt": ...}      as for /generate
<-- {"text": ..., "done": false} ...  {"text": "", "done": true, ...figures}
--> {"cancel": true}     ends the reply that is being written; its last message says ``cancelled``
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from fastapi import WebSocket, WebSocketDisconnect
from pydantic import ValidationError

from helix_app.server.desk import Desk, Reply
from helix_app.server.http.errors import ApiError, body_of, of_validation
from helix_app.server.service.models import GenerateBody
from helix_app.server.service.replies import pieces


class Conversation:
    """One socket: one reply at a time, as many as its client likes."""

    def __init__(self, socket: WebSocket, desk: Desk, open_reply: Callable[[GenerateBody], Reply]) -> None:
        self._socket, self._desk, self._open = socket, desk, open_reply
        self._reply: Reply | None = None
        self._writing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Until the client goes."""
        try:
            while True:
                message = await self._socket.receive()
                if message["type"] == "websocket.disconnect":
                    return
                try:
                    self._take(_object(message))
                except ApiError as error:
                    await self._send({**body_of(error, "service"), "done": self._reply is None})
        except (WebSocketDisconnect, OSError, asyncio.TimeoutError):
            return
        finally:
            if self._reply is not None:
                self._reply.close()
            if self._writing is not None:
                self._writing.cancel()
                await asyncio.gather(self._writing, return_exceptions=True)

    def _take(self, asked: dict[str, Any]) -> None:
        """Begin a reply, or stop the one that is being written. Raises ApiError."""
        if "cancel" in asked:
            if asked["cancel"] is not True or len(asked) > 1:
                raise ApiError(400, "api_field_invalid", field="cancel", reason='it stands alone: {"cancel": true}')
            if self._reply is not None:
                self._reply.cancel()
            return
        if self._reply is not None:
            raise ApiError(409, "engine_busy")
        try:
            body = GenerateBody.model_validate(asked)
        except ValidationError as error:
            raise of_validation(error.errors()) from None
        self._reply = self._open(body)
        self._writing = asyncio.create_task(self._write(self._reply))

    async def _write(self, reply: Reply) -> None:
        last: dict[str, Any] = {}
        try:
            async for piece in pieces(self._desk, reply):
                if piece.get("done"):
                    last = piece
                elif piece:
                    await self._send(piece)
        except ApiError as error:
            last = {**body_of(error, "service"), "done": True}
        finally:
            reply.close()
            self._reply = None  # before its end is told: the next prompt may come at once
        await self._send(last)

    async def _send(self, value: dict[str, Any]) -> None:
        """Raises TimeoutError for a client that takes nothing any more; its reply is over then."""
        text = json.dumps(value, ensure_ascii=False)
        await asyncio.wait_for(self._socket.send_text(text), self._desk.options.limits.stall_seconds)


def _object(message: Any) -> dict[str, Any]:
    """The JSON object of a message. Raises ApiError."""
    try:
        text = message.get("text")
        value = json.loads(text if text is not None else message.get("bytes") or b"")
    except (ValueError, RecursionError) as exc:
        raise ApiError(400, "api_body_invalid", reason=str(exc)[:200]) from None
    if not isinstance(value, dict):
        raise ApiError(400, "api_body_invalid", reason="it is not a JSON object")
    return value
