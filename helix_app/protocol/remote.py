"""Servers as engines: what is asked about one, and what it offers."""

from __future__ import annotations

from dataclasses import dataclass

from helix_app.protocol.events import Failed


@dataclass(frozen=True)
class RemoteItem:
    """A model that a server offers.

    Attributes:
        context_length: tokens of prompt and reply together; None where the server does not tell.
        owner: who owns it as the server says, which tells servers apart (``helix``, ``vllm``); "" for no word on it.
        chat_template: whether it has one; True where the server does not tell.
    """

    id: str
    context_length: int | None = None
    owner: str = ""
    chat_template: bool = True


@dataclass(frozen=True)
class RemoteAsked:
    """Which models does a server offer? Answered by RemoteFound.

    Attributes:
        address: as the person wrote it.
        key: of the server; None for the one that is kept. Once the server has answered it is kept for it.
    """

    address: str
    key: str | None = None


@dataclass(frozen=True)
class RemoteFound:
    """What a server offers, or why that is not known.

    Attributes:
        url: base of its API.
        keyed: a key is kept for it.
    """

    url: str
    models: tuple[RemoteItem, ...] = ()
    keyed: bool = False
    failed: Failed | None = None
