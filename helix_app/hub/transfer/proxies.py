"""Which proxy a connection goes through, and who says so. Credentials are never told."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

from helix_app.base.message_texts.reasons import reason_of

_SYSTEM = reason_of("set_by_system")
_PIP_INDEX = "https://pypi.org/simple"


@dataclass(frozen=True)
class Proxy:
    """A proxy for messages.

    Attributes:
        address: host and port.
        origin: what sets it: a variable of the environment, pip's configuration or the system's settings.
    """

    address: str
    origin: str


def proxy_for(url: str) -> Proxy | None:
    """The proxy that httpx and pip take for this URL (``urllib.request.getproxies``, NO_PROXY), None for none."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or proxy_bypass(parts.hostname or ""):
        return None
    found = getproxies()
    value = found.get(parts.scheme) or found.get("all")
    if not value:
        return None
    names = (f"{parts.scheme}_proxy", f"{parts.scheme}_proxy".upper(), "all_proxy", "ALL_PROXY")
    return Proxy(_address(value), next((name for name in names if os.environ.get(name)), _SYSTEM))


def pip_proxy(config: Mapping[str, str]) -> Proxy | None:
    """The proxy that pip takes for its index; ``config`` is what ``pip config list`` says."""
    for name, origin in (
        (":env:.proxy", "PIP_PROXY"),
        ("install.proxy", reason_of("set_by_pip")),
        ("global.proxy", reason_of("set_by_pip")),
    ):
        if config.get(name):
            return Proxy(_address(config[name]), origin)
    names = (":env:.index-url", "install.index-url", "global.index-url")
    return proxy_for(next((config[name] for name in names if config.get(name)), _PIP_INDEX))


def pip_config(listing: str) -> dict[str, str]:
    """The lines of ``pip config list`` (``global.proxy='http://…'``) as a mapping."""
    pairs = (line.partition("=") for line in listing.splitlines() if "=" in line)
    return {name.strip(): value.strip().strip("'\"") for name, _, value in pairs}


def without_secrets(text: str) -> str:
    """A text with the names and passwords of all known proxies and of the hub's mirror taken out."""
    for value in (*getproxies().values(), os.environ.get("PIP_PROXY", ""), os.environ.get("HF_ENDPOINT", "")):
        secret = value.partition("://")[2].rpartition("@")[0] or value.rpartition("@")[0]
        if secret:
            text = text.replace(secret, "***")
            password = secret.partition(":")[2]
            text = text.replace(password, "***") if password else text
    return text


def _address(value: str) -> str:
    """Host and port of a proxy's URL, however it is written."""
    return value.rpartition("://")[2].rpartition("@")[2].split("/")[0]
