"""What stands before every route: the name the server was called by, the page it is called from, the key, the body."""

from __future__ import annotations

import hmac
import ipaddress
import json
import socket
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helix_app.server.desk import Caller
from helix_app.server.http.errors import ApiError, body_of, family_of
from helix_app.server.http.wire import in_time
from helix_app.server.metrics import Metrics
from helix_app.server.options import ServerOptions

DOCS_FILES = "/docs-files"
_OPEN = ("/", "/health", "/docs", "/openapi.json")  # these tell nothing of what is written
_DRAIN = 8  # times the limit, that is read of a body that is too large, so that its sender reads the answer


class Guard:
    """ASGI middleware that refuses, in the form of the API, whoever may not come in.

    A page of the web can have a browser send requests to this computer. It cannot change the ``Host`` and ``Origin``
    that the browser writes: a name that is not this server's own (DNS rebinding) and another page's origin are refused.
    """

    def __init__(self, app: ASGIApp, options: ServerOptions, metrics: Metrics) -> None:
        self._app, self._options, self._metrics = app, options, metrics
        self._keys = [key.encode() for key in options.keys]
        own = socket.gethostname().lower()
        self._names = {"localhost", own, f"{own}.local", *(name.lower() for name in options.hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope.get("method") == "HEAD":  # the same without its body, which the server leaves out
            scope = {**scope, "method": "GET"}
        try:
            self._check_host(headers)
            self._check_origin(scope, headers)
            scope.setdefault("state", {})["caller"] = self._caller(scope, headers)
            if scope["type"] == "http":
                receive = await self._read(headers, receive)
        except ApiError as error:
            self._metrics.refused.labels(error.code).inc()
            await refuse(error, scope, send, self._reader(headers))
            return
        await self._app(scope, receive, send)

    def _check_host(self, headers: Headers) -> None:
        """A name of this computer, or any address: names can be made to lead here, addresses cannot."""
        name = host_name(headers.get("host", ""))
        if not name:
            raise ApiError(400, "api_host_missing")
        if name in self._names:
            return
        try:
            ipaddress.ip_address(name)
        except ValueError:
            raise ApiError(403, "api_host_refused", host=name[:200]) from None

    def _check_origin(self, scope: Scope, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is None or "*" in self._options.origins or origin in self._options.origins:
            return
        if urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
            raise ApiError(403, "api_origin_refused", origin=origin[:200])

    def _reader(self, headers: Headers) -> str:
        """The origin of the page that may read why it is refused, "*" for any, "" for none."""
        origin, allowed = headers.get("origin", ""), self._options.origins
        if origin and "*" in allowed:
            return "*"
        return origin if origin in allowed else ""

    def _caller(self, scope: Scope, headers: Headers) -> Caller:
        path = scope["path"]
        if not self._keys or path in _OPEN or path.startswith(f"{DOCS_FILES}/") or scope.get("method") == "OPTIONS":
            return Caller()
        scheme, _, token = headers.get("authorization", "").partition(" ")
        sent = [headers.get("x-api-key", ""), token.strip() if scheme.lower() == "bearer" else ""]
        found = [  # headers were read as Latin-1, so these are the bytes that came
            index
            for index, key in enumerate(self._keys)
            for given in sent
            if hmac.compare_digest(given.encode("latin-1"), key)
        ]
        if not found:
            raise ApiError(401, "api_key_wrong")
        return Caller(str(found[0] + 1))

    async def _read(self, headers: Headers, receive: Receive) -> Receive:
        """The body once all of it is there. Raises ApiError where that is too much or takes too long."""
        parts = await in_time(self._parts(headers, receive), self._options.limits.body_seconds)
        waiting = iter(parts)

        async def replay() -> Message:
            return next(waiting, None) or await receive()

        return replay

    async def _parts(self, headers: Headers, receive: Receive) -> list[Message]:
        """The pieces of the body. Raises ApiError where they are too large."""
        limit, seen = self._options.limits.body_bytes, 0
        declared = headers.get("content-length", "")
        large = declared.isdecimal() and (len(declared) > 15 or int(declared) > limit)
        parts: list[Message] = []
        while True:
            message = await receive()
            seen += len(message.get("body", b""))
            large = large or seen > limit
            if not large:
                parts.append(message)
            done = message["type"] != "http.request" or not message.get("more_body", False)
            if done or seen > _DRAIN * limit:
                break
        if large:
            raise ApiError(413, "api_body_large", limit=f"{limit:,}")
        return parts


def host_name(host: str) -> str:
    """The name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


async def refuse(error: ApiError, scope: Scope, send: Send, reader: str) -> None:
    """Answer with an error, in the form of the path's family, that pages of the origin ``reader`` may read."""
    family = family_of(scope["path"])
    body = json.dumps(body_of(error, family)).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    headers += [(name.encode(), value.encode()) for name, value in error.headers.items()]
    if reader:
        headers += [(b"access-control-allow-origin", reader.encode("latin-1")), (b"vary", b"Origin")]
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": error.status, "headers": headers})
        await send({"type": "http.response.body", "body": body})
    elif "websocket.http.response" in scope.get("extensions", {}):
        await send({"type": "websocket.http.response.start", "status": error.status, "headers": headers})
        await send({"type": "websocket.http.response.body", "body": body})
    else:
        await send({"type": "websocket.close", "code": 1008})
