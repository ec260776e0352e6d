"""One server: its connection, and what it offers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import httpx

from helix_app.base.errors import HelixError, InputError
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.remote import RemoteModel, is_local
from helix_app.engine.remote.failures import of_exception, of_status
from helix_app.protocol.remote import RemoteItem

CONNECT_SECONDS = 10.0
SILENT_SECONDS = 300.0  # that a server may send nothing, waiting for its turn or reading a long prompt
LIST_SECONDS = 20.0
_CONTEXTS = ("context_length", "max_model_len", "context_window", "max_context_length", "n_ctx")


def headers_of(key: str) -> dict[str, str]:
    """How a key is sent."""
    return {"authorization": f"Bearer {key}"} if key else {}


def timeouts(silent_seconds: float) -> httpx.Timeout:
    """Times for a stream."""
    return httpx.Timeout(silent_seconds, connect=CONNECT_SECONDS, write=30.0, pool=None)


def models_of(place: RemoteModel, key: str) -> tuple[RemoteItem, ...]:
    """The models of a server, in its order; those of a server that has no list of them: none.

    Raises:
        HelixError: there is no answer, the key is refused, or it is not such an API.
    """
    try:
        with httpx.Client(
            timeout=httpx.Timeout(LIST_SECONDS, connect=CONNECT_SECONDS), trust_env=not is_local(place.url)
        ) as http:
            answer = http.get(f"{place.url}/models", headers=headers_of(key))
    except (
        httpx.HTTPError,
        httpx.InvalidURL,
        OSError,
        ValueError,
        ImportError,
    ) as error:
        raise of_exception(error, place, begun=False, silent_seconds=LIST_SECONDS) from error
    if answer.status_code != 200:
        raise of_status(answer.status_code, answer.content, place)
    try:
        told = json.loads(answer.content)
    except ValueError as error:
        raise HelixError("remote_not_api", host=place.host, reason=reason_of("remote_no_json")) from error
    cards = told.get("data", told.get("models")) if isinstance(told, dict) else told
    if not isinstance(cards, list):
        raise HelixError("remote_not_api", host=place.host, reason=reason_of("remote_no_models"))
    items = (_item(card) for card in cards if isinstance(card, dict))
    return tuple(item for item in items if item.id)


def chosen(place: RemoteModel, items: Sequence[RemoteItem]) -> RemoteItem:
    """The model that is named, or the only one there is.

    Raises:
        HelixError: it is not there, there are several, or none.
    """
    if place.model:
        found = next((item for item in items if item.id == place.model), None)
        if found is None:
            raise InputError("remote_model_gone", host=place.host, model=place.model)
        return found
    if not items:
        raise HelixError("remote_empty", host=place.host)
    if len(items) > 1 and items[0].owner != "helix":  # which lists one model under each of its names
        names = ", ".join(item.id for item in items[:8])
        raise InputError("remote_choose", host=place.host, models=names)
    return items[0]


def _item(card: dict[str, Any]) -> RemoteItem:
    meta = card.get("meta")
    known = {**(meta if isinstance(meta, dict) else {}), **card}
    context = next((known[name] for name in _CONTEXTS if isinstance(known.get(name), int)), None)
    name = card.get("id") or card.get("name")
    owner = card.get("owned_by")
    return RemoteItem(
        name if isinstance(name, str) else "",
        context or None,
        owner if isinstance(owner, str) else "",
        card.get("chat_template") is not False,
    )
