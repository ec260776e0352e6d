"""The responses of all replicas, kept by one process of the cluster, so that each finds what another one gave."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from helix_app.protocol.requests import ChatMessage
from helix_app.server.http.errors import ApiError
from helix_app.server.openai.responses.memory import Kept

log = logging.getLogger(__name__)
_SECONDS = 10.0  # that the process may take to answer: it is replaced within some, and begins with nothing then
_KEEP_SECONDS = 2.0  # that a reply which is done waits for it
_RETRY_SECONDS = 5.0


class SharedMemory:
    """Responses as ``openai/responses/memory.py`` keeps them, in another process.

    Attributes:
        most: responses that are kept.
    """

    def __init__(self, handle: Any, most: int) -> None:
        """``handle`` is that of the deployment of a ``Memory``."""
        self._handle, self.most = handle, most

    async def keep(self, key: str, response: dict[str, Any], messages: tuple[ChatMessage, ...]) -> None:
        """Keep a response, if that can be done: it is given in any case."""
        try:
            await asyncio.wait_for(self._handle.keep.remote(key, response, messages), _KEEP_SECONDS)
        except Exception as error:  # of Ray, of its connection: the reply is done in any case
            log.warning("a response is not kept for those that follow on it: %r", error)

    async def find(self, key: str, response_id: str) -> Kept | None:
        """The response of this id, None where this key has none. Raises ApiError where nobody can tell."""
        found: Kept | None = await self._answer(self._handle.find, key, response_id)
        return found

    async def forget(self, key: str, response_id: str) -> bool:
        """Drop a response; whether there was one. Raises ApiError where nobody can tell."""
        return bool(await self._answer(self._handle.forget, key, response_id))

    async def _answer(self, method: Any, key: str, response_id: str) -> Any:
        try:
            return await asyncio.wait_for(method.remote(key, response_id), _SECONDS)
        except _lost() as error:
            log.warning("the process that keeps responses does not answer: %r", error)
            raise ApiError(503, "api_responses_away", retry_after=_RETRY_SECONDS) from error


def _lost() -> tuple[type[Exception], ...]:
    """What tells that the process or its answer is gone, or that it is silent."""
    from ray.exceptions import RayError
    from ray.serve.exceptions import RayServeException

    return (RayError, RayServeException, asyncio.TimeoutError)
