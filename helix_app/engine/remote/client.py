"""A server as an engine: the interface of ``EngineClient`` over HTTP with server-sent events.

    stream --first, others--> thread: one coroutine a reply --events--> queue --> whoever iterates

Text comes as it is written; rounds and blocks a server does not tell, and there are no events of them.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress
from dataclasses import replace

import httpx

from helix_app.base.errors import HelixError, InputError
from helix_app.base.failures import failure
from helix_app.base.message_texts.reasons import reason_of
from helix_app.base.remote import RemoteModel, is_local, is_remote, remote_model
from helix_app.engine.host.client import refused
from helix_app.engine.remote import body as bodies
from helix_app.engine.remote.failures import error_of, of_exception, of_status
from helix_app.engine.remote.reading import MARKS, Reading
from helix_app.engine.remote.server import SILENT_SECONDS, chosen, headers_of, models_of, timeouts
from helix_app.engine.remote.sse import events_of
from helix_app.protocol.events import Event, Failed, Finished, Notice, TextDelta
from helix_app.protocol.intake import Intake, Joining
from helix_app.protocol.models.loading import Checked, DevicesFound, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.remote import RemoteItem
from helix_app.protocol.requests import DevicesRequest, GenerateRequest, LoadRequest, Request, UnloadRequest

POLL_SECONDS = 0.05  # how late a cancel, or a reply that joins, is noticed
_MOST_RETRIES = 64  # with less of what the server refused
_Put = Callable[[Event], None]


class RemoteClient:
    """An ``EngineClient`` whose replies a server writes. Replies that join are requests of their own."""

    def __init__(self, key_of: Callable[[str], str], *, silent_seconds: float = SILENT_SECONDS) -> None:
        """
        Args:
            key_of: the key of a server by its URL, empty for none.
            silent_seconds: that a server may send nothing.
        """
        self._key_of, self._silent_seconds = key_of, silent_seconds
        self._place: RemoteModel | None = None
        self._key, self._item = "", RemoteItem("")
        self._without: set[str] = set()  # fields that this server refused
        self._closed = threading.Event()

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        """See ``events.EngineClient``."""
        if isinstance(request, LoadRequest):
            yield from self._load(request, cancel)
        elif isinstance(request, UnloadRequest):
            self._place = None
            yield Unloaded()
        elif isinstance(request, DevicesRequest):
            yield DevicesFound(())
        elif not isinstance(request, GenerateRequest):
            yield Failed("remote_unsupported", fields=(("what", "to measure"),))
        elif self._place is None or self._closed.is_set():
            code = "engine_died" if self._closed.is_set() else "no_model_loaded"
            yield from refused(Failed(code), request, others)
        else:
            yield from self._write(Joining(request, cancel), others or Intake(), self._place)

    def close(self) -> None:
        """End what is being read."""
        self._closed.set()

    def _load(self, request: LoadRequest, cancel: threading.Event) -> Iterator[Event]:
        yield LoadProgress("remote")
        try:
            place = remote_model(request.target)
            key = self._key_of(place.url)
            items = self._asked(place, key, cancel)
            item = None if items is None else chosen(place, items)
        except Exception as error:
            yield replace(failure(error), kept=self._place is not None)
            return
        if item is None:  # stopped meanwhile
            yield Unloaded()
        elif request.check_only:
            yield Checked()
        else:
            self._place, self._key, self._item = RemoteModel(place.url, item.id), key, item
            self._without = set()
            yield ready_of(self._place, item)

    def _asked(self, place: RemoteModel, key: str, cancel: threading.Event) -> tuple[RemoteItem, ...] | None:
        """The server's models; None where nobody waits for them any more. Raises HelixError."""
        told: queue.SimpleQueue[tuple[RemoteItem, ...] | Exception] = queue.SimpleQueue()

        def ask() -> None:
            try:
                told.put(models_of(place, key))
            except Exception as error:
                told.put(error)

        threading.Thread(target=ask, name="helix-remote-models", daemon=True).start()
        while not (cancel.is_set() or self._closed.is_set()):
            with suppress(queue.Empty):
                answer = told.get(timeout=POLL_SECONDS)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        return None

    def _write(self, first: Joining, others: Intake, place: RemoteModel) -> Iterator[Event]:
        told: queue.SimpleQueue[Event | None] = queue.SimpleQueue()
        over = threading.Event()
        crew = _Crew(self, place, others, told.put, over)

        def run() -> None:
            try:
                asyncio.run(crew.run(first))
            except BaseException as error:
                for joining in crew.left(first):
                    told.put(replace(failure(error), request_id=joining.request.request_id))
            finally:
                told.put(None)

        thread = threading.Thread(target=run, name="helix-remote", daemon=True)
        thread.start()
        try:
            while True:
                try:
                    event = told.get(timeout=POLL_SECONDS)  # no wait without end: on Windows Ctrl-C does not end one
                except queue.Empty:
                    continue
                if event is None:
                    return
                yield event
        finally:
            over.set()
            thread.join()
            others.close()

    # ------------------------------------------------------------------ one reply, in the thread

    async def reply(self, http: httpx.AsyncClient, place: RemoteModel, request: GenerateRequest, put: _Put) -> Event:
        """Have it written; its text is put as it comes, and its result returned, whatever happens."""
        reading = Reading(request, place)
        name = request.request_id
        try:
            bodies.check(request, self._item.owner)
            if not (request.raw or self._item.chat_template):
                raise InputError("no_chat_template")
            async with aclosing(self._pieces(http, place, request, put)) as pieces:
                async for piece in pieces:
                    if added := reading.take(piece):
                        put(TextDelta(name, added))
                    if reading.done:
                        break
        except asyncio.CancelledError:
            return self._finished(request, reading, put, cancelled=True)
        except HelixError as error:
            return error.as_event(name)
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            if not reading.reason:
                begun = reading.begun
                seconds = self._silent_seconds
                return of_exception(error, place, begun=begun, silent_seconds=seconds).as_event(name)
        except Exception as error:
            return failure(error, name)
        if not reading.reason and not reading.done:
            return HelixError("remote_cut", host=place.host, reason=reason_of("remote_closed")).as_event(name)
        if reading.reason == "content_filter":
            return HelixError("remote_filtered", host=place.host).as_event(name)
        return self._finished(request, reading, put)

    def _finished(self, request: GenerateRequest, reading: Reading, put: _Put, *, cancelled: bool = False) -> Finished:
        if added := reading.end():
            put(TextDelta(request.request_id, added))
        metrics = reading.metrics()
        reason = "cancelled" if cancelled else reading.finish_reason(metrics)
        return Finished(request.request_id, reason, reading.text, (), metrics)

    async def _pieces(
        self, http: httpx.AsyncClient, place: RemoteModel, request: GenerateRequest, put: _Put
    ) -> AsyncGenerator[str, None]:
        """The data of the answer. Asked again without what the server refuses, as long as it has a choice.

        Raises:
            HelixError: it is refused all the same.
        """
        left_out, whole = 0, request
        route = "completions" if request.raw else "chat/completions"
        for _ in range(_MOST_RETRIES):
            body = bodies.body_of(request, place.model, self._item.owner, self._without)
            async with http.stream("POST", f"{place.url}/{route}", json=body) as answer:
                if answer.status_code == 200:
                    if left_out:
                        put(Notice("remote_left_out", (("n", str(left_out)),), request_id=request.request_id))
                    elif request.text != whole.text:
                        put(Notice("text_begin_left_out", request_id=request.request_id))
                    async for piece in _data_of(answer):
                        yield piece
                    return
                content = await answer.aread()
            error = of_status(answer.status_code, content, place)
            field = bodies.refused_field(body, error_of(content)) if answer.status_code in (400, 422) else ""
            full = error.code == "remote_context_full" and request.on_full == "drop_oldest"
            shorter = bodies.shorter_request(request) if full else request
            if field:
                self._leave_out(field, place, request, put)
            elif shorter != request:
                left_out += len(request.messages) - len(shorter.messages)
                request = shorter
            else:
                raise error
        raise error

    def _leave_out(self, field: str, place: RemoteModel, request: GenerateRequest, put: _Put) -> None:
        if field in self._without:
            return
        self._without.add(field)
        if field not in ("max_tokens", "stream_options"):  # the one has another name, the other is of no effect
            fields = (("host", place.host), ("fields", field))
            put(Notice("remote_without", fields, request_id=request.request_id))


async def _data_of(answer: httpx.Response) -> AsyncIterator[str]:
    """The events of a stream; a server that does not stream sends its answer as a whole."""
    if "json" in answer.headers.get("content-type", ""):
        yield (await answer.aread()).decode("utf-8", "replace")
        return
    async for data in events_of(answer.aiter_bytes()):
        yield data


class _Crew:
    """All replies of one stream, each a task."""

    def __init__(
        self, client: RemoteClient, place: RemoteModel, others: Intake, put: _Put, over: threading.Event
    ) -> None:
        self._client, self._place, self._others, self._put, self._over = client, place, others, put, over
        self._open: dict[asyncio.Task[Event], Joining] = {}
        self._begun = False

    def left(self, first: Joining) -> list[Joining]:
        """What has no result yet when ``run`` has failed."""
        own = [] if self._begun and first not in self._open.values() else [first]
        return [*own, *self._others.close()]

    async def run(self, first: Joining) -> None:
        """Until every reply has its result."""
        client, url = self._client, self._place.url
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            headers=headers_of(client._key),
            timeout=timeouts(client._silent_seconds),
            trust_env=not is_local(url),
            verify=url.startswith("https"),  # certificates take longer to load than a short reply
            limits=limits,
        ) as http:
            self._begin(http, first)
            while self._open or not self._others.close_if_empty():
                if self._open:
                    await asyncio.wait(self._open, timeout=POLL_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                for task in [task for task in self._open if task.done()]:
                    joining = self._open.pop(task)
                    self._others.answered(joining.request.request_id)
                    self._put(task.result())
                stopped = self._over.is_set() or client._closed.is_set()
                for task, joining in self._open.items():
                    if stopped or joining.cancel.is_set():
                        task.cancel()
                for joining in self._others.take():
                    self._begin(http, joining)

    def _begin(self, http: httpx.AsyncClient, joining: Joining) -> None:
        self._begun = True
        reply = self._client.reply(http, self._place, joining.request, self._put)
        self._open[asyncio.create_task(reply)] = joining


def ready_of(place: RemoteModel, item: RemoteItem) -> ModelReady:
    """A model of a server as one that is loaded; what the server does not tell is 0 or empty."""
    return ModelReady(
        target_name=item.id,
        draft="",
        draft_name="",
        device="remote",
        device_name=place.host,
        dtype="",
        context_length=item.context_length or 0,
        block_size=0,
        target_blocks=0,
        draft_blocks=0,
        parameters=0,
        vocab_size=0,
        load_seconds=0.0,
        model_context=item.context_length or 0,
        context_limit="remote",
        thinking=MARKS,
        remote=place.url,
        chat_template=item.chat_template,
    )


def is_for_server(request: Request) -> bool:
    """Whether a request loads a model of a server."""
    return isinstance(request, LoadRequest) and is_remote(request.target)
