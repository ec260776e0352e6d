"""A stand-in for llama-server: its addresses, its stream, its errors; what it writes is given, not computed.

As a program it takes the options of llama-server; the environment variable ``REPLIES`` names a file of JSON:
``{"first prompt token,second,...": [tokens]}``. ``FAILS`` ends it with a sentence instead.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class StandIn(ThreadingHTTPServer):
    """Answers on a free port of this computer, unless given.

    Attributes:
        model: path of the model that it says it has.
        replies: tokens by prompt; a prompt that is not there is refused.
        eos: token that ends a reply and is not sent.
        asked: every request for a reply.
        loading: how often it says that it still loads.
        stalls: after the first token, until it is set.
    """

    daemon_threads = True

    def __init__(self, model: str, replies: Mapping[str, list[int]], eos: int | None = None, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.model, self.replies, self.eos = model, replies, eos
        self.asked: list[dict[str, Any]] = []
        self.loading = 0
        self.stalls: threading.Event | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: StandIn

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        if self.path == "/health" and self.server.loading:
            self.server.loading -= 1
            self._json(503, {"error": {"code": 503, "message": "Loading model", "type": "unavailable_error"}})
        elif self.path == "/health":
            self._json(200, {"status": "ok"})
        elif self.path == "/props":
            self._json(200, {"model_path": self.server.model, "build_info": "b9999-stand-in"})
        else:
            self._json(404 if self.path != "/" else 200, {})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.asked.append(body)
        tokens = self.server.replies.get(",".join(map(str, body["prompt"])))
        if tokens is None:
            self._json(400, {"error": {"code": 400, "message": "no such prompt", "type": "invalid_request_error"}})
            return
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        sent = 0
        for token in tokens[: body["n_predict"]]:
            if token == self.server.eos:
                break
            self._event({"index": 0, "content": f"<{token}>", "tokens": [token], "stop": False})
            sent += 1
            if self.server.stalls is not None:
                self.server.stalls.wait(60)
        ended = sent < min(len(tokens), body["n_predict"])
        self._event({"content": "", "tokens": [], "stop": True, "stop_type": "eos" if ended else "limit"})

    def _event(self, told: dict[str, Any]) -> None:
        try:
            self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
            self.wfile.flush()
        except OSError:
            pass  # the client has gone

    def _json(self, status: int, told: dict[str, Any]) -> None:
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def main() -> None:
    """Run it as the program."""
    options = dict(zip(sys.argv[1::2], sys.argv[2::2]))
    if os.environ.get("FAILS"):
        sys.exit("error: " + os.environ["FAILS"])
    with open(os.environ["REPLIES"], encoding="utf-8") as file:
        replies = json.load(file)
    with open(os.environ["REPLIES"] + ".options", "w", encoding="utf-8") as file:
        json.dump(options, file)
    server = StandIn(options["-m"], replies["replies"], replies["eos"], int(options["--port"]))
    server.loading = 2
    server.serve_forever()


if __name__ == "__main__":
    main()
