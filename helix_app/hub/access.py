"""How the hub is reached: its address or that of a mirror, the access token, and whether at all."""

from __future__ import annotations

import logging
import os

from helix_app.base import settings
from helix_app.base.errors import HelixError
from helix_app.base.process.keys import system_keyring
from helix_app.protocol.library import TokenPlace

log = logging.getLogger(__name__)

SERVICE, USER = "Helix", "huggingface.co"  # under which the keyring keeps the token
_DEFAULT = "https://huggingface.co"


def endpoint() -> str:
    """Address of the hub; ``HF_ENDPOINT`` names a mirror."""
    return (os.environ.get("HF_ENDPOINT") or _DEFAULT).rstrip("/")


def offline() -> str:
    """What keeps Helix off the network: ``setting`` or ``HF_HUB_OFFLINE``; empty for nothing."""
    from huggingface_hub import constants

    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE"
    return "setting" if settings.load().offline else ""


def check_online() -> None:
    """Raise HelixError ``hub_offline`` or ``hub_offline_variable`` where nobody is to be asked."""
    origin = offline()
    if origin == "setting":
        raise HelixError("hub_offline")
    if origin:
        raise HelixError("hub_offline_variable", variable=origin)


def find_token() -> tuple[str, TokenPlace]:
    """The access token and where it is: ``HF_TOKEN``, the keyring, or what the hub's own login kept."""
    named = os.environ.get("HF_TOKEN", "").strip()
    if named:
        return named, "environment"
    kept = _from_keyring()
    if kept:
        return kept, "keyring"
    import huggingface_hub

    found = huggingface_hub.get_token() or ""
    return found, "hub_login" if found else ""


def token() -> str | bool:
    """The access token as huggingface_hub takes it: False sends none."""
    return find_token()[0] or False


def keep_token(value: str) -> None:
    """Keep the token in the system's keyring; an empty one is deleted there.

    Raises:
        HelixError: ``token_no_keyring`` without the package, ``token_not_kept`` when the keyring refuses.
    """
    keyring = system_keyring()
    if keyring is None:
        raise HelixError("token_no_keyring")
    try:
        if value.strip():
            keyring.set_password(SERVICE, USER, value.strip())
        elif keyring.get_password(SERVICE, USER) is not None:
            keyring.delete_password(SERVICE, USER)
    except Exception as exc:  # each system's keyring has errors of its own
        raise HelixError("token_not_kept", reason=str(exc) or type(exc).__name__, detail=repr(exc)) from exc


def _from_keyring() -> str:
    keyring = system_keyring()
    if keyring is None:
        return ""
    try:
        return keyring.get_password(SERVICE, USER) or ""
    except Exception as exc:  # a keyring that is locked or not there
        log.info("the keyring gives no token: %s", exc)
        return ""
