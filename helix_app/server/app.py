"""The application: routes over a desk, and an answer in the right form whatever happens."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi_offline import FastAPIOffline
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, Response

from helix_app import __version__
from helix_app.base.failures import failure
from helix_app.server.anthropic import routes as anthropic
from helix_app.server.backends.backend import Backend
from helix_app.server.desk import Desk
from helix_app.server.guard import DOCS_FILES, Guard
from helix_app.server.http.errors import ApiError, body_of, family_of, of_failed, of_validation, unknown_route
from helix_app.server.http.wire import ClientGone
from helix_app.server.metrics import Metrics
from helix_app.server.openai import routes as openai
from helix_app.server.openai.responses import routes as responses
from helix_app.server.openai.responses.memory import Memory, Responses
from helix_app.server.options import ServerOptions
from helix_app.server.service import routes as service

log = logging.getLogger(__name__)
_GONE = 499  # what nginx logs of a client that closed the connection; nobody reads it


def make_desk(backend: Backend, options: ServerOptions) -> Desk:
    """What takes requests for replies of this backend."""
    return Desk(backend, options, Metrics())


def make_app(desk: Desk, kept: Responses | None = None) -> FastAPI:
    """All routes of the API over a desk. ``kept`` is who keeps responses, the application itself without."""
    limits = desk.options.limits
    app = FastAPIOffline(  # its page needs nothing from the web
        docs_url="/docs",
        redoc_url=None,
        static_url=DOCS_FILES,
        title="Helix",
        version=__version__,
        description="Replies of the model that Helix has loaded: its own routes, OpenAI's and Anthropic's.",
    )
    app.include_router(service.make_router(desk))
    app.include_router(openai.make_router(desk))
    app.include_router(responses.make_router(desk, kept or Memory(limits.stored, limits.stored_bytes)))
    app.include_router(anthropic.make_router(desk))
    _answer_errors(app, desk)
    options = desk.options
    if options.origins:
        more: dict[str, Any] = {}
        if "allow_private_network" in inspect.signature(CORSMiddleware.__init__).parameters:  # this computer is one
            more["allow_private_network"] = True
        app.add_middleware(
            CORSMiddleware, allow_origins=options.origins, allow_methods=["*"], allow_headers=["*"], **more
        )
    app.add_middleware(Guard, options=options, metrics=desk.metrics)  # outermost, before anything is read
    return app


def _answer_errors(app: FastAPI, desk: Desk) -> None:
    def answer(request: Request, error: ApiError, headers: Mapping[str, str] | None = None) -> Response:
        desk.metrics.refused.labels(error.code).inc()
        body = body_of(error, family_of(request.url.path))
        return JSONResponse(body, status_code=error.status, headers={**error.headers, **(headers or {})})

    @app.exception_handler(ApiError)
    async def on_api_error(request: Request, error: ApiError) -> Response:
        return answer(request, error)

    @app.exception_handler(RequestValidationError)
    async def on_validation(request: Request, error: RequestValidationError) -> Response:
        return answer(request, of_validation(error.errors()))

    @app.exception_handler(HTTPException)
    async def on_http(request: Request, error: HTTPException) -> Response:
        path = request.url.path[:200]
        if error.status_code == 404:
            return answer(request, unknown_route(path, [known for known in app.openapi()["paths"] if "{" not in known]))
        if error.status_code == 405:
            wrong = ApiError(405, "api_method_unknown", path=path, method=request.method)
            return answer(request, wrong, error.headers)  # which methods there are
        return answer(request, ApiError(error.status_code, "api_body_invalid", reason="it is not JSON"))

    @app.exception_handler(ClientGone)
    async def on_gone(request: Request, error: ClientGone) -> Response:
        return Response(status_code=_GONE)

    @app.exception_handler(Exception)
    async def on_unexpected(request: Request, error: Exception) -> Response:
        log.error("a request failed unexpectedly", exc_info=error)
        return answer(request, of_failed(failure(error)))
