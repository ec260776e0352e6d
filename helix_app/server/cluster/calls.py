"""Requests and answers on their way between the ingress and a replica, and which conversation a request is of."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from helix_app.server.openai.responses.memory import SESSION_LENGTH, session_in

SESSION_HEADER = "x-session-id"
_RESPONSES = "/v1/responses"


@dataclass(frozen=True)
class Call:
    """A request as it travels to a replica."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    session: str = ""  # the conversation it is of, as ``session_of`` tells


@dataclass(frozen=True)
class Head:
    """The beginning of an answer; pieces of its body follow."""

    status: int
    headers: tuple[tuple[str, str], ...]


def session_of(call: Call) -> str:
    """Which conversation a request is of: that of the response it asks for or follows on, as its header says, or by
    how it begins; empty where nothing tells.

    The next turn of a conversation has the same system prompt and first question, so that it finds its prefix. The id
    of a response tells the conversation whose prefix a replica has, whatever a header says.
    """
    header = next((value for name, value in call.headers if name.lower() == SESSION_HEADER.encode()), None)
    if header is not None and not call.path.startswith(_RESPONSES):
        return _short(header)
    body = _object(call.body)
    for response_id in (call.path.removeprefix(f"{_RESPONSES}/").partition("/")[0], body.get("previous_response_id")):
        if isinstance(response_id, str) and (session := session_in(response_id)):
            return session
    return _begun_by(body) if header is None else _short(header)


def _object(body: bytes) -> dict[str, Any]:
    """A body of JSON; empty for any other, which the replica refuses."""
    try:
        told = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _begun_by(body: dict[str, Any]) -> str:
    begin = [body.get("system"), body.get("instructions"), body.get("prompt")]
    said = body.get("messages", body.get("input"))
    if isinstance(said, list):
        users = [at for at, message in enumerate(said) if isinstance(message, dict) and message.get("role") == "user"]
        begin.append(said[: users[0] + 1] if users else said[:1])
    else:
        begin.append(said)
    if not any(begin):
        return ""
    return _short(json.dumps(begin, sort_keys=True).encode())


def _short(name: bytes) -> str:
    return hashlib.sha256(name).hexdigest()[:SESSION_LENGTH]
