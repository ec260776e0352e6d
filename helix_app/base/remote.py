"""Where a remote engine is: a target that is the address of a server and the name of one of its models.

http://127.0.0.1:8765/v1#smollm2-135m-instruct
-------- base ---------- ------- model -------
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

from helix_app.base.errors import InputError
from helix_app.base.message_texts.reasons import reason_of

_SCHEMES = ("http://", "https://")
_ROUTES = ("/chat/completions", "/completions", "/models", "/responses")  # what people copy with an address


@dataclass(frozen=True)
class RemoteModel:
    """A model of a server.

    Attributes:
        url: base of the API, without a slash at its end.
        model: what requests call it; empty where it is not chosen yet.
    """

    url: str
    model: str = ""

    @property
    def target(self) -> str:
        """As settings and requests name it."""
        return f"{self.url}#{quote(self.model, safe='/:@ ')}" if self.model else self.url

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return urlsplit(self.url).netloc


def is_remote(target: str) -> bool:
    """Whether a target is a model of a server rather than one on this computer."""
    return target.lower().startswith(_SCHEMES)


def remote_model(target: str) -> RemoteModel:
    """The parts of a target. Raises InputError ``remote_address``."""
    address, _, model = target.partition("#")
    return RemoteModel(base_url(address), unquote(model))


def base_url(address: str) -> str:
    """What a person wrote as the base of an API: ``localhost:8765`` is ``http://localhost:8765/v1``.

    Raises:
        InputError: ``remote_address``: it is none, or has a name and password in it.
    """
    text = address.strip()
    given = text if is_remote(text) else f"http://{text}"
    try:
        parts = urlsplit(given)
        host, _port = parts.hostname, parts.port
    except ValueError as exc:
        raise InputError("remote_address", address=text[:200], reason=str(exc)) from exc
    if not host or " " in text or (not is_remote(text) and "://" in text):
        raise InputError("remote_address", address=text[:200], reason=reason_of("address_no_server"))
    if parts.username is not None:
        raise InputError("remote_address", address=host, reason=reason_of("address_key"))
    path = parts.path.rstrip("/")
    for route in _ROUTES:
        path = path.removesuffix(route)
    return f"{parts.scheme.lower()}://{parts.netloc}{path or '/v1'}"


def is_local(url: str) -> bool:
    """Whether a server is this computer, which no proxy leads to."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
