"""A real HTTP server on loopback that serves bytes, and misbehaves on demand."""

from __future__ import annotations

import hashlib
import json
import socket
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

_CHUNK = 8192


@dataclass
class Served:
    """One path of the server.

    Attributes:
        status: of every answer, or of the first ones when ``statuses`` has entries left.
        ranges: whether Range requests are honoured; ``wrong_start`` answers them with other bytes.
        drops: for each GET in turn, after how many bytes the connection is cut; then no more.
        drop_at: position in the file where every connection is cut.
        hold_at: position where sending stops until ``release`` is set; ``held`` tells that it did.
        length: whether Content-Length is sent; ``lies`` is added to it.
        location: where every request is sent instead.
        retry_after: what an answer without the file asks to be waited, in seconds.
        login: what the Authorization header has to be; others are answered with 401.
    """

    body: bytes
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    ranges: bool = True
    wrong_start: bool = False
    drops: list[int] = field(default_factory=list)
    drop_at: int | None = None
    hold_at: int | None = None
    length: bool = True
    lies: int = 0
    location: str = ""
    retry_after: str = ""
    login: str = ""
    logins: list[str | None] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    requests: list[tuple[str, str | None]] = field(default_factory=list)

    @property
    def asked(self) -> list[str | None]:
        """The Range header of each GET so far."""
        return [span for method, span in self.requests if method == "GET"]


class FileServer(ThreadingHTTPServer):
    """Serves ``files``; start it with ``with``.

    Attributes:
        files: path -> Served.
        url: base URL without a trailing slash.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.files: dict[str, Served] = {}
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)

    def __enter__(self) -> FileServer:
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        for served in self.files.values():
            served.release.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def serve(self, path: str, body: bytes, **options: Any) -> Served:
        """Serve ``body`` under ``path``."""
        self.files[path] = Served(body, **options)
        return self.files[path]

    def serve_hub(self, repo: str, file: str, body: bytes, revision: str = "main", **options: Any) -> Served:
        """Serve ``body`` as a hub does: its SHA-256 and size are stated in the headers."""
        stated = {
            "ETag": f'"{hashlib.sha256(body).hexdigest()}"',
            "X-Linked-Size": str(len(body)),
            "X-Repo-Commit": "0" * 40,
        }
        stated.update(options.pop("headers", {}))
        return self.serve(f"/{repo}/resolve/{revision}/{file}", body, headers=stated, **options)

    def serve_json(self, path: str, value: object, **options: Any) -> Served:
        """Serve a JSON value, as the hub's API does."""
        headers = {"Content-Type": "application/json"}
        return self.serve(path, json.dumps(value).encode(), headers=headers, **options)

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no news."""


class _Handler(BaseHTTPRequestHandler):
    server: FileServer
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._answer(head_only=True)

    def do_GET(self) -> None:
        self._answer(head_only=False)

    def _answer(self, *, head_only: bool) -> None:
        self.close_connection = True
        served = self.server.files.get(self.path.partition("?")[0])
        if served is None:
            self.send_error(404)
            return
        span = self.headers.get("Range")
        served.requests.append((self.command, span))
        status = served.statuses.pop(0) if served.statuses else served.status
        served.logins.append(self.headers.get("Authorization"))
        if served.login and served.logins[-1] != served.login:
            status = 401
        if served.location:
            self.send_response(302)
            self.send_header("Location", served.location)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if status != 200:
            self.send_response(status)
            if served.retry_after:
                self.send_header("Retry-After", served.retry_after)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        start = int(span.removeprefix("bytes=").rstrip("-")) if span and served.ranges and not head_only else 0
        if start >= len(served.body) and span:
            self.send_error(416)
            return
        partial = bool(span) and served.ranges and not head_only
        if partial and served.wrong_start:
            start += 1
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {start}-{len(served.body) - 1}/{len(served.body)}")
        for name, value in served.headers.items():
            self.send_header(name, value)
        self.send_header("Connection", "close")
        if served.length:
            self.send_header("Content-Length", str(len(served.body) - start + served.lies))
        self.end_headers()
        if not head_only:
            self._send(served, start)

    def _send(self, served: Served, start: int) -> None:
        end = len(served.body)
        if served.drop_at is not None:
            end = max(start, min(end, served.drop_at))
        if served.drops:
            end = min(end, start + served.drops.pop(0))
        position = start
        while position < end:
            if served.hold_at is not None and position >= served.hold_at and not served.release.is_set():
                self.wfile.flush()
                served.held.set()
                served.release.wait()
            step = min(_CHUNK, end - position)
            self.wfile.write(served.body[position : position + step])
            position += step
        if end < len(served.body):
            self.wfile.flush()
            self.connection.shutdown(socket.SHUT_RDWR)


def closed_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
