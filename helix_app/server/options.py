"""What a server is told once: who may use it, from where, and how much."""

from __future__ import annotations

from dataclasses import dataclass, field

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
