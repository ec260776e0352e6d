"""Events out of bytes: the same however these are cut."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator

from hypothesis import given, settings, strategies as st

from helix_app.engine.remote.sse import events_of

STREAM = (
    ': hi\r\n\r\ndata: {"a": "\u00fc\u2028"}\r\n\r\nevent: x\ndata: one\ndata: two\n\n\n\ndata:three\r\rdata: last'
).encode()
EVENTS = ['{"a": "\u00fc\u2028"}', "one\ntwo", "three", "last"]


def read(*pieces: bytes) -> list[str]:
    async def arriving() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    async def run() -> list[str]:
        return [data async for data in events_of(arriving())]

    return asyncio.run(run())


def test_every_kind_of_line_end() -> None:
    assert read(STREAM) == EVENTS
    assert read() == read(b"", b"\n\n", b": only a comment\n\n") == []


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_however_it_is_cut(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(STREAM)]
    assert read(*(STREAM[a:b] for a, b in itertools.pairwise(edges))) == EVENTS
