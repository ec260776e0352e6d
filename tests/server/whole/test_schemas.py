"""Replies by random schemas, over HTTP: each is JSON that its schema allows (``-m soak``)."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from helix_app.engine.host.client import LocalClient
from helix_app.protocol.events import FORCED, Event, RoundDone
from helix_app.protocol.intake import Intake
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadRequest, Request
from helix_app.server.backends.pump import Pump
from helix_app.server.options import ServerOptions
from tests.server.fakes import Running

SCHEMAS = 200
DEPTH = 3
WORDS = ("name", "size", "price", "kind", "owner", "tags", "state", "path", "id", "Größe", 'a "b"', "line\nbreak")


class Counting(LocalClient):
    """Counts tokens of replies, and those that the grammar forced.

    Attributes:
        tokens, forced: so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.tokens = self.forced = 0

    def stream(self, request: Request, cancel: threading.Event, others: Intake | None = None) -> Iterator[Event]:
        for event in super().stream(request, cancel, others):
            if isinstance(event, RoundDone):
                self.tokens += len(event.emitted)
                self.forced += event.accepted if event.source == FORCED else 0
            yield event


def schema_of(chance: random.Random, depth: int = DEPTH) -> dict[str, Any]:
    """A random schema whose values come to an end."""
    kinds = ["string", "enum", "const", "integer", "number", "boolean", "null", "anyOf"]
    kind = chance.choice([*kinds, "object", "object", "array"] if depth else kinds[:-1])
    if kind == "object" or depth == DEPTH:
        names = chance.sample(WORDS, chance.randrange(1, 4))
        values = {name: schema_of(chance, depth - 1) for name in names}
        required = [name for name in names if chance.random() < 0.8]
        return {"type": "object", "properties": values, "required": required, "additionalProperties": False}
    if kind == "array":
        return {"type": "array", "items": schema_of(chance, 0), "minItems": chance.randrange(2), "maxItems": 3}
    if kind == "anyOf":
        return {"anyOf": [schema_of(chance, 0), schema_of(chance, 0)]}
    if kind == "enum":
        return {"enum": [*chance.sample(WORDS, 3), chance.randrange(100), None]}
    if kind == "const":
        return {"const": chance.choice([*WORDS, 7, True])}
    if kind == "string":
        return {"type": "string", "minLength": chance.randrange(3), "maxLength": chance.randrange(3, 9)}
    if kind == "integer":
        return {"type": "integer", "minimum": chance.randrange(-5, 5), "maximum": chance.randrange(10, 1000)}
    return {"type": kind} if kind != "number" else {"type": "number", "minimum": 0, "maximum": chance.randrange(1, 50)}


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_reply_is_what_its_schema_allows(default_model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    client = Counting()
    pump = Pump(client)
    load = LoadRequest(str(default_model), "Model", "ngram", device="cpu", context_length=1024, cache_tokens=4096)
    assert isinstance(list(pump.load(load, threading.Event()))[-1], ModelReady)
    pump.start()
    server, cut = Running(pump, ServerOptions(model="model")), 0
    try:
        for number in range(SCHEMAS):
            schema = schema_of(random.Random(number))
            form = {"type": "json_schema", "json_schema": {"name": "r", "schema": schema}}
            told = [{"role": "user", "content": "Describe a thing from a shop as JSON."}]
            body = {"model": "model", "messages": told, "max_tokens": 300, "response_format": form, "seed": number}
            answer = server.http.post("/v1/chat/completions", json=body)
            assert answer.status_code == 200, (number, schema, answer.text)
            choice = answer.json()["choices"][0]
            cut += choice["finish_reason"] == "length"  # digits without end are allowed
            if choice["finish_reason"] == "stop":
                jsonschema.validate(json.loads(choice["message"]["content"]), schema)
    finally:
        server.close()
    with capsys.disabled():
        share = client.forced / client.tokens
        print(f"\n{SCHEMAS} schemas, {client.tokens} tokens, {client.forced} forced ({share:.0%}), {cut} cut off")
    assert cut <= SCHEMAS // 10  # each of which ended in such digits
    assert client.forced > 0
