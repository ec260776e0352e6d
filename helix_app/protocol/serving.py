"""The local API of a window: what is asked of it, and what it tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Union

from helix_app.protocol.events import Failed

ServedState = Literal["writing", "done", "stopped", "failed"]


@dataclass(frozen=True)
class StartServing:
    """Answer requests of other programs; told by ServingBegun, or by ServingEnded with why not.

    Attributes:
        host: address to listen on; any but loopback needs a key.
        port: 0 takes any that is free.
        key: that every request must carry; empty for none.
        model: what the model is called in answers; empty for what people call it.
    """

    host: str = "127.0.0.1"
    port: int = 0
    key: str = ""
    model: str = ""


@dataclass(frozen=True)
class StopServing:
    """End it; replies that are being written end within a round."""


@dataclass(frozen=True)
class StopServed:
    """End one reply of it."""

    request_id: str


ServingAsked = Union[StartServing, StopServing, StopServed]


@dataclass(frozen=True)
class ServingBegun:
    """Requests are answered at ``url``, from now on."""

    url: str


@dataclass(frozen=True)
class ServingEnded:
    """Requests are no longer answered; ``failed`` says why, None where a person ended it."""

    failed: Failed | None = None


@dataclass(frozen=True)
class ServedReply:
    """One reply for another program.

    Attributes:
        began: seconds since 1970.
        prompt: the beginning of what was asked.
        tokens: written so far.
        tokens_per_second: while decoding; None where it is not known yet.
        acceptance_rate: accepted / drafted tokens; None without a draft.
    """

    request_id: str
    began: float
    prompt: str
    state: ServedState
    tokens: int = 0
    seconds: float = 0.0
    tokens_per_second: float | None = None
    acceptance_rate: float | None = None


@dataclass(frozen=True)
class ServedReplies:
    """The replies there are, the newest first, and how many of them wait for their turn."""

    replies: tuple[ServedReply, ...]


@dataclass(frozen=True)
class ServedRequest:
    """A request was answered.

    Attributes:
        at: seconds since 1970.
        path: without what follows a question mark.
        status: of HTTP.
    """

    at: float
    method: str
    path: str
    status: int
    seconds: float


ServingNews = Union[ServingBegun, ServingEnded, ServedReplies, ServedRequest]
