"""Bytes of one URL into a ``.part`` file: with progress, cancel, resume and retries.

The network is read by a thread of its own, so that a connection that hangs, or a name that does not
resolve, never delays a cancel: the caller waits on a queue and looks at ``cancel`` ten times a
second. Only the caller writes the file.
"""

from __future__ import annotations

import queue
import re
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Union
from urllib.parse import urlsplit
from urllib.request import url2pathname

import httpx

from helix_app.base.files import replacing
from helix_app.hub.transfer.failures import Cancelled, Reason, SourceError
from helix_app.hub.transfer.progress import INTERVAL_SECONDS, Meter
from helix_app.hub.transfer.proxies import proxy_for
from helix_app.protocol.models.hub import DownloadProgress

_CONNECT_SECONDS = 15.0
_SILENCE_SECONDS = 30.0  # a connection that sends nothing for so long is taken as dropped
_QUEUE_CHUNKS = 64
_CHUNK = 1 << 18
_MOST_WAIT = 60.0  # seconds that a server may ask to be left alone
_GAIN_BYTES = 1 << 16  # an attempt that brought so much was no failure
_PROXY_LOGIN = 407
_RETRY_STATUS = {408, 425, 429, 500, 502, 503, 504}


@dataclass(frozen=True)
class Remote:
    """A file to fetch, and what it must be.

    Attributes:
        url: ``http``, ``https`` or ``file``.
        size_bytes, sha256: of the whole file, exact.
        repo: whose file it is, on a hub.
    """

    url: str
    size_bytes: int
    sha256: str
    headers: Mapping[str, str] = field(default_factory=dict)
    repo: str = ""

    @property
    def host(self) -> str:
        """Who is asked, for messages."""
        return host_of(self.url) or "this computer"


@dataclass(frozen=True)
class Retry:
    """How often in a row a dropped connection is tried again, and after how many seconds (doubling)."""

    attempts: int = 5
    backoff_seconds: float = 0.5


@dataclass(frozen=True)
class _Head:
    """What the server said before the first byte. ``start`` and ``total`` are None when it did not say.

    ``wait`` is how many seconds it asks to be left alone.
    """

    status: int
    start: int | None
    total: int | None
    wait: float = 0.0


class _Dropped(Exception):
    """The connection failed or ended early; trying again may help. ``answered`` tells whether anyone was there."""

    def __init__(self, text: str, *, answered: bool = False, status: int = 0, wait: float = 0.0) -> None:
        self.answered = answered
        self.status = status
        self.wait = wait
        super().__init__(text)


@lru_cache(maxsize=1)
def ssl_context() -> ssl.SSLContext:
    """Trust what the system trusts (or SSL_CERT_FILE, SSL_CERT_DIR), and certifi's list."""
    context = ssl.create_default_context()
    try:
        import certifi

        context.load_verify_locations(certifi.where())
    except (ImportError, OSError):
        pass
    return context


def fetch(
    remote: Remote, part: Path, model_id: str, cancel: threading.Event, retry: Retry
) -> Iterator[DownloadProgress]:
    """Bring ``part`` to the full size of ``remote``, continuing after the bytes it already has.

    Raises SourceError, Cancelled, and OSError when ``part`` cannot be written. The part stays on disk.
    """
    meter = Meter(model_id, "download", remote.size_bytes, _size(part))
    failures = 0
    while (before := _size(part)) != remote.size_bytes:
        if before > remote.size_bytes:
            replacing.remove(part)
        meter.restart(_size(part))
        yield meter.event()
        try:
            yield from _attempt(remote, part, meter, cancel)
        except _Dropped as exc:
            size = _size(part)
            failures = 1 if size >= before + _GAIN_BYTES else failures + 1
            # nobody there: most likely there is no network, and waiting long does not help
            attempts = retry.attempts if size or exc.answered else min(2, retry.attempts)
            if failures >= attempts:
                reason: Reason = "interrupted" if size else "refused" if exc.answered else "network"
                text = f"{exc} (has {size} of {remote.size_bytes} bytes)"
                proxy = proxy_for(remote.url) if reason == "network" else None
                status = exc.status if reason == "refused" else 0
                raise SourceError(reason, text, remote.host, proxy, status, remote.repo) from exc
            if cancel.wait(max(exc.wait, retry.backoff_seconds * 2 ** (failures - 1))):
                raise Cancelled from exc
    yield meter.event()


def _attempt(remote: Remote, part: Path, meter: Meter, cancel: threading.Event) -> Iterator[DownloadProgress]:
    """One connection. Ends when the file is whole or has to be asked for again; raises _Dropped when it broke."""
    offset = _size(part)
    headers = {**remote.headers, "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    with closing(_Reader(remote.url, headers, offset)) as reader:
        items = reader.items(cancel)
        head = None
        while head is None:
            head = next(items)
            if head is None and (event := meter.advance(0)) is not None:
                yield event
        assert isinstance(head, _Head)
        if offset and (head.status == 416 or (head.status == 206 and head.start != offset)):
            replacing.remove(part)  # the server cannot continue this part: start over without it
            return
        start = _accepted_start(head, offset, remote)
        with open(part, "r+b" if offset else "wb") as file:
            file.seek(start)
            file.truncate()
            meter.restart(start)
            for item in items:
                chunk = item if isinstance(item, bytes) else b""
                file.write(chunk)
                if (event := meter.advance(len(chunk))) is not None:
                    yield event
                if meter.done_bytes > remote.size_bytes:
                    raise SourceError("refused", "more bytes came than the file has", remote.host)
    if meter.done_bytes < remote.size_bytes:
        raise _Dropped(f"the connection ended after {meter.done_bytes} of {remote.size_bytes} bytes", answered=True)


def _accepted_start(head: _Head, offset: int, remote: Remote) -> int:
    """Where the bytes that follow belong in the file."""
    if head.status in _RETRY_STATUS:
        raise _Dropped(f"HTTP {head.status}", answered=True, status=head.status, wait=head.wait)
    if head.status == _PROXY_LOGIN:
        raise SourceError("network", f"HTTP {head.status}", remote.host, proxy_for(remote.url))
    if head.status not in (200, 206):
        raise SourceError("refused", f"HTTP {head.status}", remote.host, status=head.status, repo=remote.repo)
    if head.total is not None and head.total != remote.size_bytes:
        raise SourceError("refused", f"offers {head.total} bytes, expected {remote.size_bytes}", remote.host)
    if head.status == 200:
        return 0  # no resume: the server sends everything from the start
    if head.start != offset:
        raise SourceError("refused", f"sent bytes from {head.start} on instead of {offset}", remote.host)
    return offset


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


_Item = Union[_Head, bytes, Exception, None]  # None: the end


class _Reader:
    """A thread that reads one response into a bounded queue."""

    def __init__(self, url: str, headers: Mapping[str, str], offset: int) -> None:
        self._queue: queue.Queue[_Item] = queue.Queue(_QUEUE_CHUNKS)
        self._stop = threading.Event()
        self._socket: socket.socket | None = None
        self._answered = False
        self._thread = threading.Thread(target=self._run, args=(url, headers, offset), name="download", daemon=True)
        self._thread.start()

    def items(self, cancel: threading.Event) -> Iterator[_Head | bytes | None]:
        """The head, then chunks; None whenever a tenth of a second passed without either."""
        while True:
            if cancel.is_set():
                raise Cancelled
            try:
                item = self._queue.get(timeout=INTERVAL_SECONDS)
            except queue.Empty:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, Exception):
                raise item
            yield item

    def close(self) -> None:
        """Stop reading, even in the middle of a wait, and see the thread out."""
        self._stop.set()
        if self._socket is not None:
            try:
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            except OSError:
                pass
        self._thread.join(timeout=0.2)  # a connect in progress may take longer; it ends by itself

    def _run(self, url: str, headers: Mapping[str, str], offset: int) -> None:
        try:
            if urlsplit(url).scheme == "file":
                self._read_file(url, offset)
            else:
                self._read_http(url, headers)
            self._put(None)
        except (SourceError, _Dropped) as exc:
            self._put(exc)
        except httpx.TransportError as exc:
            self._put(_Dropped(f"{type(exc).__name__}: {exc}", answered=self._answered))
        except Exception as exc:  # a malformed URL, too many redirects, a local file gone
            self._put(SourceError("refused", f"{type(exc).__name__}: {exc}", host_of(url)))

    def _put(self, item: _Item) -> bool:
        while not self._stop.is_set():
            try:
                self._queue.put(item, timeout=INTERVAL_SECONDS)
                return True
            except queue.Full:
                continue
        return False

    def _read_http(self, url: str, headers: Mapping[str, str]) -> None:
        timeout = httpx.Timeout(_SILENCE_SECONDS, connect=_CONNECT_SECONDS)
        try:
            made = httpx.Client(verify=ssl_context(), timeout=timeout, follow_redirects=True)
        except (ValueError, ImportError, httpx.InvalidURL) as exc:  # a proxy setting that makes no sense
            text = f"{type(exc).__name__}: {exc}"
            raise SourceError("network", text, host_of(url), proxy_for(url)) from exc
        with (
            made as client,
            client.stream("GET", url, headers=headers) as response,
        ):
            self._socket, self._answered = _socket_of(response.extensions), True
            if response.headers.get("Content-Encoding", "identity") != "identity":
                raise SourceError("refused", "sent compressed bytes though none were asked for", response.url.host)
            if not self._put(_head(response.status_code, response.headers)) or not response.is_success:
                return
            for chunk in response.iter_raw():
                if not self._put(chunk):
                    return

    def _read_file(self, url: str, offset: int) -> None:
        path = Path(url2pathname(urlsplit(url).path))
        with open(path, "rb") as file:
            file.seek(offset)
            if not self._put(_Head(206, offset, path.stat().st_size)):
                return
            while chunk := file.read(_CHUNK):
                if not self._put(chunk):
                    return


def _head(status: int, headers: Mapping[str, str]) -> _Head:
    if status in _RETRY_STATUS:
        asked = headers.get("Retry-After", "")
        return _Head(status, None, None, min(float(asked), _MOST_WAIT) if asked.isdigit() else 0.0)
    if status == 206:
        match = re.match(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("Content-Range", ""))
        if match is None:
            return _Head(status, None, None)
        return _Head(status, int(match[1]), None if match[2] == "*" else int(match[2]))
    length = headers.get("Content-Length", "")
    return _Head(status, 0, int(length) if length.isdigit() else None)


def _socket_of(extensions: Mapping[str, Any]) -> socket.socket | None:
    stream = extensions.get("network_stream")
    found = stream.get_extra_info("socket") if stream is not None else None
    return found if isinstance(found, socket.socket) else None


def host_of(url: str) -> str:
    """Host and port of a URL, without its credentials; empty where it has none or makes no sense."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return ""
