"""Whether there is a newer Helix: asked of the releases page, where a person wants that, at most once a day.

What is sent is the request alone: no version, no id, nothing of this computer. The network is left alone wherever the
hub is (``access.py``), and proxies and certificates are those of the downloads.
"""

from __future__ import annotations

import json
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx

import helix_app
from helix_app.base import settings, texts
from helix_app.base.errors import InputError
from helix_app.base.files import replacing
from helix_app.base.process import paths
from helix_app.hub.access import offline
from helix_app.hub.sources import in_thread
from helix_app.hub.transfer.failures import Cancelled
from helix_app.hub.transfer.fetch import ssl_context
from helix_app.hub.transfer.proxies import without_secrets
from helix_app.protocol.inquiries import UpdateKnown

log = logging.getLogger(__name__)
DAY = 24 * 3600.0
_SECONDS, _ANSWER_SECONDS = 10.0, 30.0  # of silence, and for the whole answer
_MOST = 2 * 1024 * 1024  # bytes of an answer
_HEADERS = {"User-Agent": "Helix", "Accept": "application/json"}


@dataclass(frozen=True)
class _Kept:
    """When the releases page was asked last (seconds since 1970), and what it said; empty where it gave no answer.

    Attributes:
        told: when it said that; earlier than ``at`` where it gave no answer since.
    """

    at: float
    version: str = ""
    page: str = ""
    told: float = 0.0


def look(cancel: threading.Event, clock: Callable[[], float] = time.time) -> UpdateKnown:
    """What is known of newer versions; asks where that is due. Never raises, and a failure is only logged."""
    if not settings.load().updates:
        return UpdateKnown("off")
    if not helix_app.RELEASES:
        return UpdateKnown("no_address")
    kept = _read()
    if kept is None or not 0 <= clock() - kept.at < DAY:
        try:
            kept = _ask(helix_app.RELEASES, cancel, kept or _Kept(0), clock())
        except Cancelled:
            return UpdateKnown("unknown")
    return _known(kept)


def is_newer(version: str, than: str) -> bool:
    """Whether a version has the larger numbers: ``v1.10`` is newer than ``1.9.3``, ``1.0`` is as new as ``1.0.0``."""
    a, b = _numbers(version), _numbers(than)
    longest = max(len(a), len(b))
    return (*a, *(0,) * (longest - len(a))) > (*b, *(0,) * (longest - len(b)))


def _ask(address: str, cancel: threading.Event, before: _Kept, now: float) -> _Kept:
    """What the page says, kept for a day; a page that does not answer is not asked again before that, either."""
    reason = offline()
    if reason:
        log.info("no newer version is looked for, by %s", reason)
        return before
    kept = replace(before, at=now)
    try:
        version, page = in_thread(lambda: _fetch(address), cancel, _ANSWER_SECONDS)
        kept = _Kept(now, version, page, now)
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as exc:
        log.info("the releases page gave no answer: %s", without_secrets(f"{type(exc).__name__}: {exc}"))
    _write(kept)
    return kept


def _fetch(address: str) -> tuple[str, str]:
    """Version and page of the newest release. Raises httpx.HTTPError, and ValueError for what is no answer."""
    with (
        httpx.Client(verify=ssl_context(), follow_redirects=True, timeout=_SECONDS, headers=_HEADERS) as client,
        client.stream("GET", address) as response,
    ):
        response.raise_for_status()
        body = b""
        for part in response.iter_bytes():
            body += part
            if len(body) > _MOST:
                raise ValueError("the answer has no end")
    told = texts.parse_json(texts.decode(body)[0])
    version = told.get("tag_name") if isinstance(told, dict) else None
    if not isinstance(version, str) or not _numbers(version):
        raise ValueError("the answer names no version")
    page = told.get("html_url")
    return version.lstrip("vV"), page if isinstance(page, str) and page.startswith(("https://", "http://")) else ""


def _known(kept: _Kept) -> UpdateKnown:
    if not kept.version:
        return UpdateKnown("unknown")
    newer = is_newer(kept.version, helix_app.__version__)
    return UpdateKnown("newer" if newer else "newest", kept.version, kept.page, kept.told)


def _numbers(version: str) -> tuple[int, ...]:
    found = re.match(r"[vV]?(\d{1,9}(?:\.\d{1,9}){0,5})", version.strip())
    return tuple(int(part) for part in found[1].split(".")) if found is not None else ()


def _file() -> Path:
    return paths.cache_dir() / "updates.json"


def _read() -> _Kept | None:
    try:
        raw = texts.read_json(_file())
        return _Kept(float(raw["at"]), str(raw["version"]), str(raw["page"]), float(raw["told"]))
    except (OSError, ValueError, LookupError, TypeError, InputError):
        return None


def _write(kept: _Kept) -> None:
    file = _file()
    part = file.with_suffix(f".{os.getpid()}.part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(asdict(kept)), encoding="utf-8")
        replacing.replace(part, file)
    except OSError as exc:
        log.info("when the releases page was asked is not remembered: %s", exc)
