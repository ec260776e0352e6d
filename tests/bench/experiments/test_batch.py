"""``bench batch`` on a tiny model: which figure stands in which column, on a clock that only decoding moves."""

from __future__ import annotations

import json

import pytest

from helix_app.bench.experiments import batch, experiment
from helix_app.bench.figures.statistics import median
from helix_app.engine.rounds.scheduler import Scheduler
from helix_app.protocol.requests import GenerateRequest
from tests.bench.instruments.tiny import Clock, opened
from tests.engine.made.tiny import Zoo

SECONDS = {"autoregressive": 4.0, "speculative": 1.0}  # a step of such replies
TOKENS = 6


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[list[GenerateRequest]]:
    """What each scheduler was asked for; a step takes as long as its mode says."""
    clock, asked = Clock(), list[list[GenerateRequest]]()

    class Timed(Scheduler):
        def __init__(self, *args: object) -> None:
            super().__init__(*args)  # type: ignore[arg-type]
            asked.append([])

        def add(self, request: GenerateRequest, *args: object) -> None:
            super().add(request, *args)  # type: ignore[arg-type]
            asked[-1].append(request)

        def step(self):  # type: ignore[no-untyped-def]
            clock.now += SECONDS[asked[-1][0].mode]
            yield from super().step()

    monkeypatch.setattr(batch, "SIZES", (1, 2, 4))
    monkeypatch.setattr(batch, "time", clock)
    monkeypatch.setattr(batch, "Scheduler", Timed)
    return asked


def test_speeds_stand_under_their_size_and_mode(zoo: Zoo, asked: list[list[GenerateRequest]]) -> None:
    bench = opened(zoo.gguf("llama-long"), max_tokens=TOKENS, repeats=2, k="fixed:2")
    bench.session.eos = frozenset()  # every reply has all its tokens
    found = batch.run(bench)
    warm_up, *measured = asked
    assert len(warm_up) == 2
    ran = sorted((len(requests), *{request.mode for request in requests}) for requests in measured)
    assert ran == sorted((size, mode) for size in batch.SIZES for mode in batch.MODES for _ in range(2))
    for size, row in zip(batch.SIZES, found.rows, strict=True):
        assert row[0] == str(size)
        plain, drafted = (found.data[f"{size} {mode}"] for mode in batch.MODES)
        assert len(plain) == len(drafted) == 2
        # the draft proposes nothing here, so both modes take as many steps and differ by what a step takes
        assert drafted == pytest.approx([4 * speed for speed in plain])
        assert row[1:3] == (experiment.spread(plain), experiment.spread(drafted))
        assert row[4] == "4.00x"
        one = found.data["1 autoregressive"]
        assert row[3] == f"{median(plain) / median(one):.2f}x"
    steps = TOKENS  # a prompt's pass gives the first token
    assert found.data["1 autoregressive"] == pytest.approx([TOKENS / (4.0 * steps)] * 2)
    assert json.loads(experiment.document(found, bench.config, bench.ready, "x"))["format"] == "helix-bench-batch"


def test_stopping_keeps_what_is_done_and_nothing_cut_short(zoo: Zoo, asked: list[list[GenerateRequest]]) -> None:
    bench = opened(zoo.gguf("llama-long"), stop_at="1 at once", max_tokens=2)
    found = batch.run(bench)
    assert len(asked) > 1
    assert sum(len(values) for values in found.data.values()) == len(asked) - 2  # but for the warm-up and the last
    assert all(min(values) > 0 for values in found.data.values() if values)
