"""Why a source gave no model, and which error a person sees when none did."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from helix_app.base.errors import DownloadError
from helix_app.base.sizes import size_text
from helix_app.hub.catalog import CatalogEntry
from helix_app.hub.transfer.proxies import Proxy, without_secrets

Reason = Literal["skipped", "offline", "refused", "network", "interrupted", "checksum"]

_DISK_FULL = {errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)}


class Cancelled(Exception):
    """The person stopped it."""


class SourceError(Exception):
    """One source gave no model; the next may.

    Attributes:
        reason: ``skipped`` (not possible here), ``offline`` (nobody is to be asked), ``refused`` (answered, but not
            with this file), ``network`` (nobody answered), ``interrupted`` (broke off; the part is kept), ``checksum``
            (arrived, but is another file).
        text: the technical cause.
        host: who was asked, empty when nobody was.
        proxy: what the connection went through, None for nothing.
        status: of HTTP, where somebody answered with one; otherwise 0.
        repo: whose file it is, on a hub.
    """

    def __init__(
        self, reason: Reason, text: str, host: str = "", proxy: Proxy | None = None, status: int = 0, repo: str = ""
    ) -> None:
        self.reason: Reason = reason
        self.text = text
        self.host = host
        self.proxy = proxy
        self.status = status
        self.repo = repo
        super().__init__(f"{reason}: {text}")


def all_failed(entry: CatalogEntry, folder: Path, failures: Sequence[SourceError]) -> DownloadError:
    """The one error for a download whose sources all failed: that of the source that came furthest."""
    detail = without_secrets("\n".join(f"{f.host or 'source'}: {f.text}" for f in failures))
    reasons = {f.reason for f in failures} - {"skipped"}
    if "interrupted" in reasons:
        return DownloadError("download_failed", detail=detail, name=entry.name)
    if "checksum" in reasons:
        return DownloadError("download_checksum", detail=detail, name=entry.name)
    for f in failures:
        if f.reason == "network" and f.proxy is not None:
            named = {"proxy": f.proxy.address, "origin": f.proxy.origin, "host": f.host}
            return DownloadError("download_proxy", detail=detail, folder=folder, **named)
    if reasons == {"network"}:
        host = next(f.host for f in failures if f.reason == "network")
        return DownloadError("download_no_network", detail=detail, host=host, folder=folder)
    if reasons == {"offline"}:
        origin = next(f.text for f in failures if f.reason == "offline")
        if origin == "setting":
            return DownloadError("download_offline", detail=detail, name=entry.name, folder=folder)
        return DownloadError(
            "download_offline_variable", detail=detail, name=entry.name, variable=origin, folder=folder
        )
    if reasons == {"refused"}:
        answered = refusal(failures)
        if answered is not None:
            fields = {"host": answered.host, "repo": answered.repo or entry.origin, "folder": folder}
            return DownloadError(_answer(answered.status), detail=detail, name=entry.name, **fields)
    return DownloadError("download_source", detail=detail, name=entry.name, folder=folder)


def refusal(failures: Sequence[SourceError]) -> SourceError | None:
    """The answer that a person can do most about: a login, then waiting, then another file; None for none of them."""
    answered = [f for f in failures if _answer(f.status)]
    return min(answered, key=lambda f: _RANKED.index(_answer(f.status)), default=None)


def _answer(status: int) -> str:
    """The code of an answer of HTTP; empty for one that tells nothing more."""
    if status >= 500:
        return "download_server"
    return {401: "download_login", 403: "download_gated", 404: "download_missing", 429: "download_busy"}.get(status, "")


_RANKED = ("download_gated", "download_login", "download_busy", "download_server", "download_missing")


def cancelled(entry: CatalogEntry) -> DownloadError:
    """The error of a download that the person stopped."""
    return DownloadError("download_cancelled", name=entry.name)


def disk_failed(entry: CatalogEntry, folder: Path, exc: OSError, missing_bytes: int) -> DownloadError:
    """The error for an OSError on the model's folder; ``missing_bytes`` were still to be written."""
    detail = f"{type(exc).__name__}: {exc}"
    if exc.errno in _DISK_FULL:
        return disk_full(entry, folder, missing_bytes, detail)
    return DownloadError("download_write", detail=detail, folder=folder)


def check_space(entry: CatalogEntry, folder: Path, needed_bytes: int) -> None:
    """Raise DownloadError ``download_disk_full`` when ``folder`` has no room for ``needed_bytes``."""
    if shutil.disk_usage(folder).free < needed_bytes:
        raise disk_full(entry, folder, needed_bytes)


def disk_full(entry: CatalogEntry, folder: Path, needed_bytes: int, detail: str = "") -> DownloadError:
    """The error of a full disk; it says how much has to be freed for ``needed_bytes`` to fit."""
    free = shutil.disk_usage(folder).free
    missing = needed_bytes - free if needed_bytes > free else needed_bytes
    return DownloadError(
        "download_disk_full", detail=detail, name=entry.name, needed=format_bytes(missing), folder=folder
    )


def format_bytes(count: int) -> str:
    """A size for people, in decimal units: ``98.4 MB``."""
    return size_text(count, exact=True)
