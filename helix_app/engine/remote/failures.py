"""What goes wrong between here and a server, as the failures that people are told."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx

from helix_app.base.errors import HelixError, InputError
from helix_app.base.message_texts.filling import shortened
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.remote import RemoteModel

_CONTEXT = re.compile(r"context[ _-]?(length|window|size)|maximum context|too many tokens|prompt is too long", re.I)
_NUMBER = re.compile(r"^\[Errno -?\d+\] ", re.I)
_MODEL = re.compile(r"\bmodel\b", re.I)


def of_exception(error: Exception, place: RemoteModel, *, begun: bool, silent_seconds: float) -> HelixError:
    """A failure of the connection; ``begun`` once anything of an answer had come."""
    if isinstance(error, HelixError):
        return error
    reason = _words(error)
    if isinstance(error, httpx.ReadTimeout):
        return HelixError("remote_silent", host=place.host, seconds=round(silent_seconds), detail=reason)
    if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout)) or not begun:
        return HelixError("remote_unreachable", host=place.host, reason=reason)
    return HelixError("remote_cut", host=place.host, reason=reason)


def of_status(status: int, body: bytes, place: RemoteModel) -> HelixError:
    """An answer that is an error, by its status and what it says."""
    told = error_of(body)
    reason = message_of(told) or f"HTTP {status}"
    fields = {"host": place.host, "reason": reason, "detail": f"HTTP {status}: {reason}"}
    code = str(told.get("code") or told.get("type") or "")
    if status in (401, 403):
        return InputError("remote_key_wrong", host=place.host, detail=f"HTTP {status}: {reason}")
    if code == "context_length_exceeded" or (status in (400, 413, 422) and _CONTEXT.search(reason)):
        return InputError("remote_context_full", **fields)
    if status == 404 and (code in ("model_not_found", "not_found_error") or _MODEL.search(reason)):
        return InputError("remote_model_gone", host=place.host, model=place.model, detail=reason)
    if status in (404, 405) or 300 <= status < 400:
        return HelixError("remote_not_api", host=place.host, reason=f"HTTP {status}")
    if status in (429, 503):
        return HelixError("remote_busy", **fields)
    return InputError("remote_refused", **fields) if status < 500 else HelixError("remote_failed", **fields)


def of_event(told: Any, place: RemoteModel) -> HelixError:
    """An error in the middle of a stream."""
    reason = message_of(told if isinstance(told, dict) else {"message": told}) or reason_of("remote_no_more")
    return HelixError("remote_failed", host=place.host, reason=reason)


def error_of(body: bytes) -> dict[str, Any]:
    """The error in an answer, whichever way the server wraps it; empty for none."""
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    inner = told.get("error", told.get("detail", told))
    return inner if isinstance(inner, dict) else {"message": inner}


def message_of(told: dict[str, Any]) -> str:
    """What it says, short enough for a sentence."""
    return shortened(str(told.get("message") or "")).strip().rstrip(".")


def _words(error: Exception) -> str:
    text = _NUMBER.sub("", str(error)).strip().rstrip(".")
    return shortened(text).lower() if text else type(error).__name__
