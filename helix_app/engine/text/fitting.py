"""A conversation that is to fit into a context: whole turns of it are left out, from the oldest on.

A text that is continued has no turns that must stay whole: it loses as many tokens at its beginning as are too many.

A turn is a question with all that follows it up to the next one. System messages stay, and so does the last turn, which
is to be answered. As few turns go as leave room for a reply.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from helix_app.protocol.events import Notice
from helix_app.protocol.requests import ChatMessage

_ROOM_SHARE = 4  # a reply is kept room for its longest, but no more than this part of the context
CHARACTERS_PER_TOKEN = 64  # a text longer than that for each token cannot fit and need not be tokenised to know

Encode = Callable[[Sequence[ChatMessage]], "tuple[list[int], Notice | None]"]


@dataclass(frozen=True)
class Fitted:
    """A prompt.

    Attributes:
        messages: what it is made of.
        ids: its tokens; None where it has so many characters that nobody counted them.
        left_out: how many of the oldest messages are not in it.
        notice: what encoding it gave rise to.
        skipped: from which token of ``messages`` up to which they are not in it: the beginning of a text.
    """

    messages: tuple[ChatMessage, ...]
    ids: list[int] | None
    left_out: int = 0
    notice: Notice | None = None
    skipped: tuple[int, int] = (0, 0)


def room_for(max_tokens: int, limit: int) -> int:
    """Tokens of a context of ``limit`` that older turns make way for."""
    return max(1, min(max_tokens, limit // _ROOM_SHARE))


def fitted(encode: Encode, messages: Sequence[ChatMessage], limit: int, max_tokens: int, *, drop: bool) -> Fitted:
    """The prompt of a conversation, and with ``drop`` without the turns that it has no room for.

    Args:
        encode: gives the tokens of messages; it may raise.
        limit: tokens of the context.
        max_tokens: of the reply.

    What is left may be too long all the same: where nothing may be dropped, or the last turn alone is.
    """
    whole = _encoded(encode, messages, 0, limit)
    starts = _turns(messages) if drop else []
    room = room_for(max_tokens, limit)
    if len(starts) < 2 or _fits(whole, limit, room):
        return whole
    low, high = 1, len(starts) - 1  # turns to be left out: the fewest that do, or all but the last one
    best = _encoded(encode, messages, starts[high], limit)
    while low < high:
        middle = (low + high) // 2
        tried = _encoded(encode, messages, starts[middle], limit)
        if _fits(tried, limit, room):
            high, best = middle, tried
        else:
            low = middle + 1
    return best


def fitted_text(encode: Encode, messages: Sequence[ChatMessage], limit: int, max_tokens: int, *, drop: bool) -> Fitted:
    """The prompt of a text in pieces, and with ``drop`` its end alone where there is no room for all of it.

    Arguments as in ``fitted``. Pieces of which nothing is left are counted as left out.
    """
    whole = _encoded(encode, messages, 0, limit)
    room = room_for(max_tokens, limit)
    if not drop or not messages or _fits(whole, limit, room):
        return whole
    low, high = 0, len(messages) - 1  # the last piece from which on the text fills the context
    while low < high:
        middle = (low + high + 1) // 2
        if _fits(_encoded(encode, messages[middle:], 0, limit), limit - 1, room):
            high = middle - 1
        else:
            low = middle
    kept = _ending(messages[low:], limit * CHARACTERS_PER_TOKEN)
    ids, begin = encode(kept)[0], len(encode(())[0])
    end = begin + max(0, len(ids) + room - limit)
    return Fitted(kept, ids[:begin] + ids[end:], low, Notice("text_begin_left_out"), (begin, end))


def _ending(messages: Sequence[ChatMessage], characters: int) -> tuple[ChatMessage, ...]:
    """The pieces with no more than so many characters of the first one and those after it."""
    first, *rest = messages
    free = max(0, characters - sum(len(message.content) for message in rest))
    at = max(0, len(first.content) - free)
    return (replace(first, content=first.content[at:]), *rest)


def _turns(messages: Sequence[ChatMessage]) -> list[int]:
    """Where each turn begins."""
    return [index for index, message in enumerate(messages) if message.role == "user"]


def _encoded(encode: Encode, messages: Sequence[ChatMessage], start: int, limit: int) -> Fitted:
    """Without what stands before ``start``, but for system messages."""
    kept = tuple(m for index, m in enumerate(messages) if index >= start or m.role == "system")
    left_out = len(messages) - len(kept)
    if sum(len(message.content) for message in kept) > limit * CHARACTERS_PER_TOKEN:
        return Fitted(kept, None, left_out)
    ids, notice = encode(kept)
    return Fitted(kept, ids, left_out, notice)


def _fits(tried: Fitted, limit: int, room: int) -> bool:
    return tried.ids is not None and len(tried.ids) + room <= limit
