"""Replies of the service's own routes: whole, in pieces, and many."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from helix_app.protocol.requests import GenerateRequest, is_coupled
from helix_app.server.desk import Desk, Reply
from helix_app.server.http.errors import ApiError, body_of
from helix_app.server.reading import Answer, End, parts_of, read_whole
from helix_app.server.service.models import Batch, BatchItem, Generated


def generated(desk: Desk, request: GenerateRequest, end: End) -> Generated:
    """A reply that is over, with its figures, as ``generate --json`` has them."""
    ready = desk.ready
    drafts = request.mode == "speculative"
    return Generated(
        generated_text=end.text,
        token_ids=list(end.token_ids),
        **asdict(end.metrics),
        finish_reason=end.reason,
        target=ready.target_name,
        device=ready.device,
        device_name=ready.device_name,
        dtype=ready.dtype,
        draft=ready.draft_label if drafts else "none",
        mode=request.mode,
        k=request.k,
        verify="coupled" if is_coupled(request) else "rejection",
    )


async def whole(desk: Desk, reply: Reply) -> Generated:
    """A reply once it is written. Raises ApiError."""
    end = (await read_whole(parts_of(reply))).end
    assert end is not None
    return generated(desk, reply.request, end)


async def batch(desk: Desk, replies: list[Reply], prompts: list[str]) -> Batch:
    """All replies; one that fails is told in its place."""
    begin = time.perf_counter()

    async def item(reply: Reply, prompt: str) -> BatchItem:
        try:
            return BatchItem(prompt=prompt, reply=await whole(desk, reply))
        except ApiError as error:
            return BatchItem(prompt=prompt, **body_of(error, "service"))

    items = await asyncio.gather(*(item(reply, prompt) for reply, prompt in zip(replies, prompts)))
    seconds = time.perf_counter() - begin
    tokens = sum(item.reply.tokens_generated for item in items if item.reply is not None)
    return Batch(
        replies=list(items),
        total_time_seconds=seconds,
        tokens_generated=tokens,
        tokens_per_second=tokens / seconds if seconds > 0 and tokens else None,
    )


async def pieces(desk: Desk, reply: Reply) -> AsyncIterator[dict[str, Any]]:
    """A reply as it is written: ``{"text"}`` each time there is more, then the whole with ``"done": true``."""
    async for part in parts_of(reply):
        if isinstance(part, Answer):
            yield {"text": part.text, "done": False}
        elif isinstance(part, End):
            yield {"text": "", "done": True, **generated(desk, reply.request, part).model_dump()}
        else:
            yield {}  # it goes on
