"""``bench prefix`` on a tiny model: cold and warm in their columns, and a warm prompt that is found in the cache."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from helix_app.bench.experiments import experiment, prefix
from helix_app.engine.rounds.session import Session
from helix_app.engine.rounds.writing import write_reply
from helix_app.protocol.events import Event, Finished
from helix_app.protocol.requests import GenerateRequest
from tests.bench.instruments.tiny import opened
from tests.engine.made.tiny import Zoo


@pytest.fixture(autouse=True)
def a_millisecond_a_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first token comes a millisecond after each prompt token that was not in the cache."""

    def timed(session: Session, request: GenerateRequest, cancel: threading.Event) -> Iterator[Event]:
        for event in write_reply(session, request, cancel):
            if isinstance(event, Finished):
                m = event.metrics
                seconds = (m.prompt_tokens - m.cached_tokens) / 1000
                event = replace(event, metrics=replace(m, time_to_first_token=seconds))
            yield event

    monkeypatch.setattr(prefix, "write_reply", timed)


def test_cold_and_warm_stand_in_their_columns(zoo: Zoo) -> None:
    bench = opened(zoo.gguf("llama"), repeats=2)
    found = prefix.run(bench)
    assert [row[0] for row in found.rows] == ["25 %", "50 %", "90 %"]
    size = bench.session.runner.pool.block_size
    for share, row in zip(prefix.SHARES, found.rows):
        cold, warm = found.data[f"{share} cold"], found.data[f"{share} warm"]
        assert len(cold) == len(warm) == 2
        total, hit = cold[0], cold[0] - warm[0]
        assert f"a {total:,.0f}-token prompt" in found.title
        assert total > 200
        assert hit % size == 0
        assert total * share / 100 - 2 * size < hit <= total * share / 100 + size
        assert row[1:] == (
            experiment.spread([total] * 2),
            experiment.spread([total - hit] * 2),
            f"{hit:,.0f} tokens",
            f"{total / (total - hit):.1f}x",
        )
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))["format"] == "helix-bench-prefix"


def test_a_run_that_is_stopped_at_once_has_no_rows(zoo: Zoo) -> None:
    bench = opened(zoo.gguf("llama"))
    bench.cancel.set()
    assert prefix.run(bench).rows == []
