"""Responses that later requests may follow on: a bounded number of them, in memory alone."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import Any, Protocol

from helix_app.protocol.requests import ChatMessage
from helix_app.server.http.fields import new_id

SESSION_LENGTH = 16  # hexadecimal digits
_OF_SESSION = re.compile(rf"resp_[0-9a-f]{{32}}_([0-9a-f]{{{SESSION_LENGTH}}})")


def new_response_id(session: str = "") -> str:
    """An id that no other response has; among several replicas it names the conversation, which one of them has."""
    return f"{new_id('resp_')}_{session}" if session else new_id("resp_")


def session_in(response_id: str) -> str:
    """The conversation that an id names, empty for none."""
    found = _OF_SESSION.fullmatch(response_id)
    return "" if found is None else found[1]


@dataclass(frozen=True)
class Kept:
    """A response and the messages it was made of, with the reply as the last one."""

    response: dict[str, Any]
    messages: tuple[ChatMessage, ...]
    size: int

    @property
    def conversation(self) -> tuple[ChatMessage, ...]:
        """What follows on it goes on with: a reply that went on with a begun answer is one message with that."""
        last = self.messages[-2:]
        if len(last) < 2 or last[0].role != "assistant" or last[0].tool_calls:
            return self.messages
        return (*self.messages[:-2], replace(last[1], content=last[0].content + last[1].content))


class Responses(Protocol):
    """What keeps responses for the requests that follow on them; each key sees its own.

    Attributes:
        most: responses that are kept.
    """

    most: int

    async def keep(self, key: str, response: dict[str, Any], messages: tuple[ChatMessage, ...]) -> None:
        """Keep a response of this key; one that is too large by itself is not."""

    async def find(self, key: str, response_id: str) -> Kept | None:
        """The response of this id, None where this key has none."""

    async def forget(self, key: str, response_id: str) -> bool:
        """Drop a response; whether there was one."""


class Memory:
    """``Responses`` in this process. The one that was used longest ago goes first."""

    def __init__(self, most: int, most_bytes: int) -> None:
        self.most, self._most_bytes = most, most_bytes
        self._kept: OrderedDict[tuple[str, str], Kept] = OrderedDict()
        self._size = 0

    async def keep(self, key: str, response: dict[str, Any], messages: tuple[ChatMessage, ...]) -> None:
        """Keep a response of this key; one that is too large by itself is not."""
        size = len(json.dumps(response)) + sum(len(m.content) + len(m.tool_calls) for m in messages)
        if size > self._most_bytes:
            return
        self._kept[key, response["id"]] = Kept(response, messages, size)
        self._size += size
        while len(self._kept) > self.most or self._size > self._most_bytes:
            self._size -= self._kept.popitem(last=False)[1].size

    async def find(self, key: str, response_id: str) -> Kept | None:
        """The response of this id, None where this key has none."""
        kept = self._kept.get((key, response_id))
        if kept is not None:
            self._kept.move_to_end((key, response_id))
        return kept

    async def forget(self, key: str, response_id: str) -> bool:
        """Drop a response; whether there was one."""
        kept = self._kept.pop((key, response_id), None)
        self._size -= kept.size if kept is not None else 0
        return kept is not None
