"""What a server is told once: who may use it, from where, and how much."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from helix_app.base.errors import InputError
from helix_app.base.settings import DEFAULT_CONTEXT

DEFAULT_PORT = 8765
_BODY_RATE = float(1 << 20)  # bytes a second, which a large body may at least take to come


@dataclass(frozen=True)
class Limits:
    """Bounds of what one server takes on.

    Attributes:
        running: replies that are written at once.
        waiting: replies that may wait for that; more are refused with 429.
        seconds: of one request, waiting and writing together.
        stall_seconds: that a client may take nothing of what is sent to it.
        drain_seconds: that replies may go on once the server is to stop.
        body_bytes: of a request.
        read_seconds: that a request may take to come, its head and its body each; a large body has ``body_seconds``.
        requests_per_minute: of one key; 0 for no limit.
        choices: replies of one request, by ``n`` or as a batch.
        stored: responses kept for ``previous_response_id``, the oldest go first.
        stored_bytes: of all of them.
    """

    running: int = 8
    waiting: int = 64
    seconds: float = 600.0
    stall_seconds: float = 60.0
    drain_seconds: float = 10.0
    body_bytes: int = 8 << 20
    read_seconds: float = 60.0
    requests_per_minute: int = 0
    choices: int = 64
    stored: int = 256
    stored_bytes: int = 32 << 20

    @property
    def together(self) -> int:
        """Replies that one request may ask for: no more than ever find a place together."""
        return min(self.choices, self.running + self.waiting)

    @property
    def body_seconds(self) -> float:
        """Seconds that a body may take to come: what the largest one takes at a mebibyte a second, if that is more."""
        return max(self.read_seconds, self.body_bytes / _BODY_RATE)


@dataclass(frozen=True)
class ServerOptions:
    """How a server is set up.

    Attributes:
        keys: any of them opens it; empty for no key, which is for loopback alone.
        origins: of web pages that may use it.
        hosts: names, beyond ``localhost`` and addresses, that it may be called by.
        model: what the model is called in answers; empty for what people call whichever is loaded.
        aliases: other names of it.
    """

    keys: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    model: str = "model"
    aliases: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)


KEY_VARIABLE = "HELIX_API_KEY"
BOUNDS: dict[str, tuple[int, int]] = {  # of the options of ``serve``, both ends allowed
    "port": (0, 65_535),
    "max_running": (1, 64),
    "max_waiting": (0, 100_000),
    "max_seconds": (1, 86_400),
    "max_body": (1024, 1 << 30),
    "requests_per_minute": (0, 1_000_000),
    "replicas": (1, 10_000),
    "max_replicas": (0, 10_000),
    "replica_cpus": (0, 4096),
    "replica_gpus": (0, 64),
}
_CONTEXTS = 2  # that the cache holds unless told otherwise
_SEVERAL = ("api_key", "cors_origin", "allow_host", "model_name")


def options_from(given: Mapping[str, Any]) -> ServerOptions:
    """What the options of ``serve`` and the environment say of a server. Raises InputError."""
    for name, (least, most) in BOUNDS.items():
        if name in given and not least <= given[name] <= most:
            raise _wrong(name, given[name], f"Use {least:,} to {most:,}.")
    for name in _SEVERAL:
        if any(not text.strip() for text in given[name]):
            raise _wrong(name, "empty", "Give one of some characters.")
    keys = [*given["api_key"], *os.environ.get(KEY_VARIABLE, "").split(",")]
    limits = Limits(
        running=given["max_running"],
        waiting=given["max_waiting"],
        seconds=given["max_seconds"],
        body_bytes=given["max_body"],
        requests_per_minute=given["requests_per_minute"],
    )
    return ServerOptions(
        keys=tuple(dict.fromkeys(key.strip() for key in keys if key.strip())),
        origins=tuple(origin.rstrip("/") for origin in given["cors_origin"]),
        hosts=tuple(given["allow_host"]),
        aliases=tuple(given["model_name"]),
        limits=limits,
    )


def cache_tokens(asked: int | None, context: int | None) -> int:
    """What the cache is to hold: requests of several programs share it. Raises InputError."""
    tokens = asked if asked is not None else _CONTEXTS * (context or DEFAULT_CONTEXT)
    if tokens < 64:
        raise _wrong("cache_tokens", tokens, "Use 64 or more.")
    return tokens


def _wrong(name: str, value: object, hint: str) -> InputError:
    return InputError("option_invalid", option=name.replace("_", "-"), value=value, hint=hint)
