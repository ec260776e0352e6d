"""Servers that behave as other programs do: each answer is a script of raw bytes, over plain sockets on loopback."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Answer = Callable[["Handler", dict[str, Any]], None]


def chunk(content: Any = None, reason: str | None = None, **more: Any) -> bytes:
    """One event of a stream."""
    delta = {} if content is None else {"content": content}
    return event({"choices": [{"index": 0, "delta": delta, "finish_reason": reason}], **more})


def event(value: Any) -> bytes:
    return b"data: " + (value if isinstance(value, bytes) else json.dumps(value, ensure_ascii=False).encode()) + b"\n\n"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    server: StandIn

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.server.keys.append(self.headers.get("authorization", ""))
        self.send(self.server.models_status, json.dumps(self.server.models).encode())

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.asked.append((self.path, body))
        self.server.keys.append(self.headers.get("authorization", ""))
        self.server.answer(self, body)

    def send(self, status: int, body: bytes, kind: str = "application/json") -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, *pieces: bytes, cut: bool = False, kind: str = "text/event-stream") -> None:
        """An answer in these pieces; ``cut`` closes the connection before its end."""
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            self.wfile.flush()
        if not cut:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True


class StandIn(ThreadingHTTPServer):
    """A server of scripts.

    Attributes:
        answer: what is done with each request for a reply.
        models, models_status: what the list of models is answered with.
        asked: paths and bodies that came.
        keys: what was sent as a key, with each request.
        gate: for answers that wait.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.gate = threading.Event()
        self.reset()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def reset(self) -> None:
        """As at the beginning."""
        self.answer: Answer = lambda handler, _: handler.stream(chunk("Hi"), chunk(reason="stop"), event(b"[DONE]"))
        self.models: Any = {"data": [{"id": "m", "object": "model"}]}
        self.models_status = 200
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.keys: list[str] = []
        self.gate.clear()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def close(self) -> None:
        self.gate.set()
        self.shutdown()
        self.server_close()
        self._thread.join()
