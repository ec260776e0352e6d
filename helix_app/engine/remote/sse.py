"""Server-sent events out of bytes, however these are cut into pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator


async def events_of(pieces: AsyncIterator[bytes]) -> AsyncIterator[str]:
    """The data of each event. Comments and names are left out, an event without a blank line at the end counts.

    Lines end with CR LF, LF or CR alone, as the standard has it; other line ends of Unicode are part of the data.
    """
    data: list[str] = []
    async for line in _lines(pieces):
        if not line:
            if data:
                yield "\n".join(data)
            data = []
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" ").decode("utf-8", "replace"))
    if data:
        yield "\n".join(data)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    held, after_return = b"", False
    async for piece in pieces:
        if after_return and piece.startswith(b"\n"):  # the second half of a CR LF that was cut
            piece = piece[1:]
        if not piece:
            continue
        after_return = piece.endswith(b"\r")
        *lines, held = (held + piece).replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        for line in lines:
            yield line
    if held:
        yield held
