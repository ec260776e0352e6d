"""The local API past one machine, on Ray Serve (extra ``cluster``): engine replicas behind one ingress.

    client --HTTP--> Ingress --handle, by session--> Replica: an engine and the whole application
                        ^---- another one, while nothing of the answer has come ----'

``serve --ray`` runs it; ``serve run helix_app.server.cluster:application target=...`` is the same from a file. A
replica answers as the server of one machine does: keys, errors, limits and streams are its own. What is only here is
who writes: a conversation goes to the replica that holds its prefix, by consistent hashing.
WebSockets are not passed on.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from helix_app.protocol.requests import LoadRequest
from helix_app.server.http.errors import ApiError, body_of, family_of
from helix_app.server.http.wire import in_time
from helix_app.server.openai.responses.memory import SESSION_LENGTH, session_in
from helix_app.server.options import Limits, ServerOptions

log = logging.getLogger(__name__)
TRIES = 3  # of one request, each with another replica
RETRY_SECONDS = 5.0
SESSION_HEADER = "x-session-id"
_RESPONSES = "/v1/responses"
_SPARE = 2  # requests of a replica beyond those that it writes, so that health checks and lists pass
_DROPPED = ("content-length", "transfer-encoding", "connection")  # of an answer: the ingress frames it anew


@dataclass(frozen=True)
class ClusterOptions:
    """How the replicas are set up.

    Attributes:
        load: the model, the same in each.
        server: of each replica; its ``waiting`` is that of the ingress as well.
        replicas, most: how few and how many there are; between them the number of waiting requests decides.
        cpus, gpus: of one replica.
    """

    load: LoadRequest
    server: ServerOptions = field(default_factory=ServerOptions)
    replicas: int = 1
    most: int = 1
    cpus: float = 1.0
    gpus: float = 0.0


@dataclass(frozen=True)
class Call:
    """A request as it travels to a replica."""

    method: str
    path: str
    query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    session: str = ""  # the conversation it is of, as ``session_of`` tells


@dataclass(frozen=True)
class Head:
    """The beginning of an answer; pieces of its body follow."""

    status: int
    headers: tuple[tuple[str, str], ...]


def deployments(options: ClusterOptions) -> Any:
    """The Serve application. Needs Ray."""
    from ray import serve
    from ray.serve.config import RequestRouterConfig
    from ray.serve.experimental.consistent_hash_router import ConsistentHashRouter

    limits = options.server.limits
    replica = serve.deployment(
        name="helix-engine",
        ray_actor_options={"num_cpus": options.cpus, "num_gpus": options.gpus},
        autoscaling_config={
            "min_replicas": options.replicas,
            "max_replicas": max(options.replicas, options.most),
            "target_ongoing_requests": limits.running,
        },
        max_ongoing_requests=limits.running + _SPARE,
        max_queued_requests=limits.waiting,
        health_check_period_s=5.0,
        health_check_timeout_s=30.0,
        graceful_shutdown_timeout_s=limits.drain_seconds + 10.0,
        request_router_config=RequestRouterConfig(request_router_class=ConsistentHashRouter),
    )(Replica)
    ingress = serve.deployment(
        name="helix", ray_actor_options={"num_cpus": 0}, max_ongoing_requests=10_000, max_queued_requests=-1
    )(Ingress)
    return ingress.bind(replica.bind(options), limits)


def application(args: Mapping[str, str]) -> Any:
    """For a Serve file: ``target``, ``draft``, ``device``, ``model``, ``replicas``, ``most``, ``gpus``, ``keys``."""
    from helix_app.hub.resolve import to_load_request
    from helix_app.protocol.requests import LoadChoice

    choice = LoadChoice(args["target"], args.get("draft", "auto"), args.get("device", "auto"))
    keys = tuple(key.strip() for key in args.get("keys", "").split(",") if key.strip())
    server = ServerOptions(keys=keys, model=args.get("model", args["target"]))
    replicas = int(args.get("replicas", 1))
    most = int(args.get("most", replicas))
    return deployments(ClusterOptions(to_load_request(choice), server, replicas, most, gpus=float(args.get("gpus", 0))))


# ------------------------------------------------------------------------ the ingress


class Ingress:
    """Takes requests, finds who answers each, and passes the answer on as it comes."""

    def __init__(self, replicas: Any, limits: Limits) -> None:
        """``replicas`` is the handle of the engines."""
        self._replicas, self._limits = replicas, limits

    async def __call__(self, request: Request) -> Response:
        """The answer to one request."""
        path = request.url.path
        try:
            if path == "/metrics":
                raise ApiError(404, "api_metrics_ray")
            body = await in_time(self._body(request), self._limits.body_seconds)
            call = Call(request.method, path, request.scope.get("query_string", b""), tuple(request.headers.raw), body)
            head, pieces = await self._answered(replace(call, session=session_of(call)))
        except ApiError as error:
            return JSONResponse(body_of(error, family_of(path)), status_code=error.status, headers=error.headers)
        except ClientDisconnect:
            return Response(status_code=499)
        answer = StreamingResponse(pieces, head.status)
        answer.raw_headers = [
            (name.encode("latin-1"), value.encode("latin-1"))
            for name, value in head.headers
            if name.lower() not in _DROPPED
        ]
        return answer

    async def _body(self, request: Request) -> bytes:
        parts, size, limit = [], 0, self._limits.body_bytes
        async for part in request.stream():
            size += len(part)
            if size > limit:
                raise ApiError(413, "api_body_large", limit=f"{limit:,}")
            parts.append(part)
        return b"".join(parts)

    async def _answered(self, call: Call) -> tuple[Head, AsyncIterator[bytes]]:
        """The beginning of an answer and its pieces; of another replica where the first one is gone.

        Until something of the body is there nothing is passed on, and a body that is sent whole is there whole: a
        replica that goes before that loses nothing.

        Raises:
            ApiError: too many wait, or nobody answers.
        """
        lost, full = _failures()
        handle = self._replicas.options(stream=True)
        if call.session:
            handle = handle.options(session_id=call.session)
        for attempt in range(TRIES):
            stream = handle.answer.remote(call)
            try:
                head = await stream.__anext__()
                begun = await _begun(stream, head)
            except full as error:
                raise ApiError(503, "api_cluster_full", retry_after=RETRY_SECONDS, seconds=5) from error
            except lost as error:
                log.warning("a replica was lost before it answered (try %d): %s", attempt + 1, type(error).__name__)
                continue
            except BaseException:
                stream.cancel()
                raise
            return head, _rest(begun, stream)
        raise ApiError(503, "api_cluster_lost", retry_after=RETRY_SECONDS)


async def _begun(stream: Any, head: Head) -> list[bytes]:
    """The whole body of an answer whose length is known, the first piece of others."""
    if any(name.lower() == "content-length" for name, _ in head.headers):
        return [piece async for piece in stream]
    async for piece in stream:
        return [piece]
    return []


async def _rest(begun: Sequence[bytes], stream: Any) -> AsyncGenerator[bytes, None]:
    """Pieces of the body; a client that goes ends the work for it."""
    over = False
    try:
        for piece in begun:
            yield piece
        async for piece in stream:
            yield piece
        over = True
    finally:
        if not over:
            stream.cancel()


def _failures() -> tuple[tuple[type[Exception], ...], tuple[type[Exception], ...]]:
    """What tells that a replica is gone, and that too many wait."""
    from ray.exceptions import RayActorError
    from ray.serve.exceptions import BackPressureError

    return (RayActorError,), (BackPressureError,)


def session_of(call: Call) -> str:
    """Which conversation a request is of: that of the response it asks for or follows on, as its header says, or by
    how it begins; empty where nothing tells.

    The next turn of a conversation has the same system prompt and first question, so that it finds its prefix. A
    response is only known to the replica that gave it, and its id tells the conversation, whatever a header says.
    """
    header = next((value for name, value in call.headers if name.lower() == SESSION_HEADER.encode()), None)
    if header is not None and not call.path.startswith(_RESPONSES):
        return _short(header)
    body = _object(call.body)
    for response_id in (call.path.removeprefix(f"{_RESPONSES}/"), body.get("previous_response_id")):
        if isinstance(response_id, str) and (session := session_in(response_id)):
            return session
    return _begun_by(body) if header is None else _short(header)


def _object(body: bytes) -> dict[str, Any]:
    """A body of JSON; empty for any other, which the replica refuses."""
    try:
        told = json.loads(body) if body else None
    except (ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}


def _begun_by(body: dict[str, Any]) -> str:
    begin = [body.get("system"), body.get("instructions"), body.get("prompt")]
    said = body.get("messages", body.get("input"))
    if isinstance(said, list):
        users = [at for at, message in enumerate(said) if isinstance(message, dict) and message.get("role") == "user"]
        begin.append(said[: users[0] + 1] if users else said[:1])
    else:
        begin.append(said)
    if not any(begin):
        return ""
    return _short(json.dumps(begin, sort_keys=True).encode())


def _short(name: bytes) -> str:
    return hashlib.sha256(name).hexdigest()[:SESSION_LENGTH]


# ------------------------------------------------------------------------ a replica


class Replica:
    """One engine with the application of the server of one machine."""

    def __init__(self, options: ClusterOptions) -> None:
        """Loads the model. Raises HelixError where it cannot."""
        from helix_app.base.errors import HelixError
        from helix_app.engine.host.parent import HostClient
        from helix_app.protocol.events import Failed
        from helix_app.server.app import make_app, make_desk
        from helix_app.server.backends.pump import Pump

        self._pump = Pump(HostClient())
        for event in self._pump.load(options.load, threading.Event()):
            if isinstance(event, Failed):
                self._pump.close()
                raise HelixError(event.code, detail=event.detail, **dict(event.fields))
        self._pump.start()
        self._desk = make_desk(self._pump, options.server)
        self._app = make_app(self._desk)
        self._told = _Told(self._desk.metrics.registry)

    async def answer(self, call: Call) -> AsyncGenerator[Head | bytes, None]:
        """The answer of the application: first its head, then pieces of its body."""
        async for part in asked(self._app, call):
            yield part

    def check_health(self) -> None:
        """For Serve, every few seconds. Raises where this replica is to be replaced."""
        if not self._pump.alive:
            raise RuntimeError("the thread that runs the engine has ended")
        self._told.tell()

    def __del__(self) -> None:
        pump = getattr(self, "_pump", None)
        if pump is not None:
            pump.close()


async def asked(app: Any, call: Call) -> AsyncGenerator[Head | bytes, None]:
    """What an ASGI application answers: its head, then pieces of its body. Given up, the client of it is gone."""
    told: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue(maxsize=1)  # a slow reader holds the application back
    gone, sent = asyncio.Event(), False
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": call.method,
        "scheme": "http",
        "path": call.path,
        "raw_path": call.path.encode(),
        "root_path": "",
        "query_string": call.query,
        "headers": [(name.lower(), value) for name, value in call.headers],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 0),
        "state": {"session": call.session},
    }

    async def receive() -> dict[str, Any]:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": call.body, "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def run() -> None:
        try:
            await app(scope, receive, told.put)
        finally:
            if not gone.is_set():
                await told.put(None)

    task = asyncio.ensure_future(run())
    try:
        while (message := await told.get()) is not None:
            if message["type"] == "http.response.start":
                headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in message.get("headers", ()))
                yield Head(message["status"], headers)
            elif message.get("body"):
                yield message["body"]
    finally:
        gone.set()
        if not task.done():
            while not told.empty():
                told.get_nowait()
            _, late = await asyncio.wait({task}, timeout=RETRY_SECONDS)
            for left in late:
                left.cancel()
        if task.done() and not task.cancelled() and task.exception() is not None:
            log.error("a request failed unexpectedly", exc_info=task.exception())


class _Told:
    """Helix's figures as Ray's: each sample a gauge of its name, which Ray exports as ``ray_helix_...``."""

    def __init__(self, registry: Any) -> None:
        self._registry = registry
        self._gauges: dict[str, Any] = {}

    def tell(self) -> None:
        """Tell all samples as they are now."""
        from ray.util.metrics import Gauge

        for family in self._registry.collect():
            for sample in family.samples:
                if sample.name.endswith("_created"):
                    continue
                gauge = self._gauges.get(sample.name)
                if gauge is None:
                    gauge = Gauge(sample.name, family.documentation, tuple(sample.labels))
                    self._gauges[sample.name] = gauge
                gauge.set(sample.value, dict(sample.labels))
