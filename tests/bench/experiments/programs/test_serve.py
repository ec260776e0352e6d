"""``bench serve`` against a server over a fake engine: which figure stands where, and what a crowd leaves behind."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from helix_app.bench.config import BenchConfig
from helix_app.bench.experiments.programs import serve
from helix_app.bench.processes import serving
from helix_app.bench.workloads import Prompt
from tests.server.fakes import Running, fake_server

PROMPTS = (Prompt("a", "chat", "say 5"), Prompt("b", "chat", "say 9"))
CONFIG = BenchConfig(prompts=PROMPTS, repeats=2, max_tokens=100)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    _, running = fake_server()

    @contextmanager
    def served(*_: object) -> Iterator[str]:
        yield running.url

    monkeypatch.setattr(serving, "served", served)
    monkeypatch.setattr(serve, "CROWD", 6)
    monkeypatch.setattr(serve, "CROWD_SECONDS", 0.3)
    yield running
    running.close()


def test_what_clients_see(server: Running) -> None:
    found = serve.run(CONFIG, lambda text: None, threading.Event())
    assert [row[0] for row in found.rows] == ["1, plain", "1, with drafts", "8, plain", "8, with drafts"]
    assert [row[2] for row in found.rows[:2]] == ["1.00x", "1.00x"]
    assert {row[-1] for row in found.rows} == {"0"}
    assert [len(ran[0]["first"]) for ran in found.data.values() if isinstance(ran, list)] == [2, 2, 16, 16]
    (row,) = found.more[0].rows
    assert row[3] == "0"
    assert row[-1] == "yes"
    assert int(row[2]) > 0
    json.dumps(found.data)


def test_errors_are_counted(server: Running) -> None:
    body = {"prompt": "fail engine_died", "max_tokens": 5}
    load = serving.read_streams(server.url, [[body], [body, {"prompt": "say 3"}]], threading.Event())
    assert load.errors == ["HTTP 503"] * 2
    assert load.tokens == [0, 3]


def test_stopped_it_tells_what_there_is(server: Running) -> None:
    cancel = threading.Event()
    cancel.set()
    found = serve.run(CONFIG, lambda text: None, cancel)
    assert found.rows == []
    assert found.more == []


@pytest.mark.parametrize(("values", "percent", "value"), [([], 50, 0.0), ([3.0], 99, 3.0), ([1.0, 2.0, 3.0], 50, 2.0)])
def test_percentiles(values: list[float], percent: int, value: float) -> None:
    assert serve.percentile(values, percent) == value
