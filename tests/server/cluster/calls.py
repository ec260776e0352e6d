"""Requests as they travel to a replica, and answers as they come back."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

from helix_app.server.cluster.calls import Call, Head

JSON = ((b"content-type", b"application/json"), (b"host", b"localhost"))


def call(path: str, body: object = None, method: str = "POST", headers: tuple[tuple[bytes, bytes], ...] = JSON) -> Call:
    return Call(method, path, b"", headers, b"" if body is None else json.dumps(body).encode())


async def read(parts: AsyncIterator[Head | bytes]) -> tuple[Head, bytes]:
    head = await parts.__anext__()
    assert isinstance(head, Head)
    return head, b"".join([part async for part in parts if isinstance(part, bytes)])
