"""A replica answers as the server of one machine does. None of it needs Ray."""

from __future__ import annotations

import asyncio
import json

from helix_app.server.app import make_app
from helix_app.server.cluster.calls import Head
from helix_app.server.cluster.replica import asked
from tests.server.cluster.calls import call, read
from tests.server.fakes import FakeClient, Running, until


def test_a_replica_answers_as_the_server_does(server: Running) -> None:
    app = make_app(server.desk)

    async def run() -> None:
        # events of a reply come to the loop that asked for it, so that this loop may share the server's engine
        head, body = await read(asked(app, call("/generate", {"prompt": "say 3"})))
        assert head.status == 200
        assert json.loads(body)["generated_text"] == "w0 w1 w2 "
        head, body = await read(asked(app, call("/v1/models", method="GET")))
        assert json.loads(body) == server.http.get("/v1/models").json()
        head, body = await read(asked(app, call("/generate", {"prompt": 5})))
        assert (head.status, json.loads(body)["error_code"]) == (400, "api_field_invalid")
        head, body = await read(asked(app, call("/generate/stream", {"prompt": "say 2"})))
        assert dict(head.headers)["content-type"].startswith("text/event-stream")
        assert body.count(b'"done":false') >= 2

    asyncio.run(run())


def test_whoever_reads_no_more_ends_the_reply(server: Running, fake: FakeClient) -> None:
    app = make_app(server.desk)

    async def run() -> None:
        parts = asked(app, call("/generate/stream", {"prompt": "forever"}))
        assert isinstance(await parts.__anext__(), Head)
        await parts.__anext__()
        await parts.aclose()
        await until(lambda: fake.open == 0 and server.desk.queue.running == 0)

    asyncio.run(run())
