"""Recorded passes give what plain ones give, and whatever is wrong with one ends in a plain pass.

No graphics card: what CUDA would replay is run again on the same tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.engine.cache.plane_cache import PlaneView
from helix_app.engine.cache.pooled import GroupedView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.measuring.calibration import calibrate
from helix_app.engine.models import step_graphs
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.step_graphs import CudaRecorder, StepGraphs, for_device
from tests.engine.made.tiny import Zoo, ask, finish, loaded, session_of
from tests.engine.models.test_decoder import TOLERANCE, logits_of, runner_of, some_ids, worst
from tests.engine.models.whole.test_ragged import SHUFFLED, TINY

DESCRIBED = ("qwen3", "qwen3-window")


class Again:
    """A recorder that runs what it recorded again. ``now`` is a clock: a recorded pass takes 1, a plain one 10."""

    def __init__(self, takes: float = 1.0) -> None:
        self.recorded = self.replayed = 0
        self.now, self.takes = 0.0, takes
        self.wrong = 0.0
        self.broken_record = self.broken_replay = False

    def record(self, run: Callable[[], torch.Tensor]) -> tuple[Callable[[], None], torch.Tensor]:
        if self.broken_record:
            raise RuntimeError("operation not permitted when stream is capturing\nand more")
        self.recorded += 1
        result = run().clone()

        def replay() -> None:
            if self.broken_replay:
                raise RuntimeError("CUDA error: something")
            self.replayed += 1
            self.now += self.takes
            result.copy_(run() + self.wrong)

        return replay, result

    def wait(self) -> None:
        pass


def with_graphs(runner: ModelRunner, recorder: Again | None = None) -> Again:
    """Give a decoder recorded passes."""
    recorder, decoder = recorder or Again(), runner.decoder
    plain = decoder._plain

    def timed(*args: Any) -> torch.Tensor:
        recorder.now += 10
        return plain(*args)

    decoder._plain = timed  # type: ignore[method-assign]
    decoder.graphs = StepGraphs(decoder, recorder, lambda: recorder.now)
    return recorder


def graphs_of(runner: ModelRunner) -> StepGraphs:
    graphs = runner.decoder.graphs
    assert graphs is not None
    return graphs


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize("order", [None, SHUFFLED], ids=["ordered", "shuffled"])
@pytest.mark.parametrize("name", [*TINY, *DESCRIBED])
def test_recorded_passes_give_the_logits_of_plain_ones(
    zoo: Zoo, name: str, order: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(step_graphs, "MIN_BLOCKS", 1)  # borders after 16, 32, 64 and 128 tokens
    ids = some_ids(200)
    cuts = [*range(1, 40), *range(45, 100, 5), *range(109, 200, 9)]
    path = zoo.folder(name) if name in DESCRIBED else zoo.gguf(name)
    plain = logits_of(runner_of(path, order=order), ids, cuts)
    runner = runner_of(path, order=order)
    recorder = with_graphs(runner)
    assert worst(logits_of(runner, ids, cuts), plain) < TOLERANCE
    assert recorder.recorded >= 5
    assert recorder.replayed > 50
    assert graphs_of(runner).recorded == recorder.recorded


def test_a_pass_is_recorded_when_it_came_often(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    told = []
    runner.open("s", ())
    for n in range(5):
        runner.forward("s", [n], 1)
        told.append((recorder.recorded, graphs_of(runner).tried))
    assert told == [(0, False), (0, False), (1, True), (1, False), (1, False)]
    # the pass that was also used to measure says nothing about what a pass costs
    assert runner.costs.samples(1, 0) == 4


def test_what_does_not_pay_is_not_used(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner, Again(takes=9.9))
    ids = some_ids(30)
    plain = logits_of(runner_of(zoo.gguf("llama")), ids, list(range(1, 30)))
    assert worst(logits_of(runner, ids, list(range(1, 30))), plain) < TOLERANCE
    assert (recorder.recorded, graphs_of(runner).recorded, graphs_of(runner).off) == (1, 0, "")
    assert recorder.replayed == 1 + 3  # compared and timed


@pytest.mark.parametrize("fault", ["record", "wrong", "nan", "replay"])
def test_faults_end_in_plain_passes(zoo: Zoo, fault: str) -> None:
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    recorder.broken_record = fault == "record"
    recorder.wrong = {"wrong": 0.5, "nan": float("nan")}.get(fault, 0.0)
    ids = some_ids(30)
    plain = logits_of(runner_of(zoo.gguf("llama")), ids, list(range(1, 30)))
    runner.open("s", ())
    got = []
    for n, token in enumerate(ids):
        recorder.broken_replay = fault == "replay" and n == 20
        got.append(runner.forward("s", [token], 1))
        assert bool(graphs_of(runner).off) == (n >= (20 if fault == "replay" else 2))
    assert worst(torch.cat(got), plain) < TOLERANCE
    assert graphs_of(runner).recorded == 0
    assert "\n" not in graphs_of(runner).off


def test_another_cache_is_recorded_anew(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    ids, cuts = some_ids(30), list(range(1, 30))
    plain = logits_of(runner_of(zoo.gguf("llama")), ids, cuts)
    for size in (16, 16, 12, 20):
        runner.resize(size)
        assert worst(logits_of(runner, ids, cuts), plain) < TOLERANCE
    assert recorder.recorded == 4
    assert graphs_of(runner).recorded == 1


def test_only_so_many_are_kept(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_graphs, "MAX_STEPS", 3)
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    for rows in (1, 2, 3, 4, 5, 1):
        for _ in range(4):
            runner.try_rows(rows)
    assert recorder.recorded == 6
    assert graphs_of(runner).recorded == 3


def test_long_and_wide_passes_and_batches_are_plain(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_graphs, "MIN_BLOCKS", 1)
    monkeypatch.setattr(step_graphs, "MAX_BLOCKS", 4)
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    runner.open("s", ())
    runner.forward("s", some_ids(70), 1)
    for _ in range(6):
        runner.forward("s", [1], 1)
        runner.try_rows(step_graphs.MAX_ROWS + 1)
    assert recorder.recorded == 0
    for _ in range(3):
        runner.try_rows(step_graphs.MAX_ROWS)
    assert recorder.recorded == 1


@pytest.mark.parametrize("grouped", [False, True])
def test_only_a_cache_of_one_shape_is_recorded(grouped: bool) -> None:
    """Layers of different heads have another cache, whose views are grouped alike."""
    recorder, cache, ran = Again(), SimpleNamespace(block_size=16), 0

    def plain() -> torch.Tensor:
        nonlocal ran
        ran += 1
        return torch.zeros(1, 4)

    view: Any = PlaneView(cache, [0], 3, 1)  # type: ignore[arg-type]
    view = GroupedView([view], SimpleNamespace(places=[(0, 0)])) if grouped else view  # type: ignore[arg-type]
    graphs = StepGraphs(SimpleNamespace(device=torch.device("cpu")), recorder)  # type: ignore[arg-type]
    for _ in range(2 * step_graphs.USES):
        graphs.run(torch.tensor([1]), Span(2, 1, view, 1), plain)
    assert (ran, recorder.recorded, graphs.off) == (2 * step_graphs.USES, 0, "")


def test_a_reply_is_the_same_with_recorded_passes(zoo: Zoo) -> None:
    """Drafts by n-grams and by a model, with recorded passes of both models."""
    for draft in ("ngram", zoo.gguf("llama", 1)):
        plain, recorded = loaded(zoo.gguf("llama"), draft), loaded(zoo.gguf("llama"), draft)
        recorders = [with_graphs(runner) for runner in step_runners(recorded)]
        for text in ("the cat the cat the cat", "a dog"):
            request = ask(text, max_tokens=60, k="fixed:3")
            assert finish(recorded, request).token_ids == finish(plain, request).token_ids
        assert all(recorder.replayed > 10 for recorder in recorders)
        plain.close()
        recorded.close()


def step_runners(engine: Any) -> Iterator[ModelRunner]:
    """The target's, and the draft model's where there is one (below ``MixedDraft``)."""
    session = session_of(engine)
    yield session.runner
    if session.draft_runner is not None:
        yield session.draft_runner


@pytest.mark.model
def test_the_default_model_says_the_same(few_layers: Path) -> None:
    ids = some_ids(60)
    cuts = [40, *range(41, 50), 55]
    plain = runner_of(few_layers)
    expected = logits_of(plain, ids, cuts)
    recorder = with_graphs(plain)
    assert worst(logits_of(plain, ids, cuts), expected) < 1e-3
    assert recorder.replayed == 10  # compared, timed, and six of nine single rows


def test_loading_measures_recorded_passes(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    recorder = with_graphs(runner)
    calibrate(runner, (5,))
    assert (recorder.recorded, graphs_of(runner).recorded) == (2, 2)
    assert runner.costs.samples(1, 0) >= 1
    assert not graphs_of(runner).tried


# --------------------------------------------------------------------- the recorder


def test_a_released_decoder_keeps_nothing(zoo: Zoo) -> None:
    runner = runner_of(zoo.gguf("llama"))
    with_graphs(runner)
    runner.release()
    assert runner.decoder.graphs is None


def test_cards_record_unless_told_not_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_graphs, "CudaRecorder", lambda device: Again())
    for device, switch, there in (("cpu", "", False), ("cuda", "", True), ("cuda", "1", True), ("cuda", "0", False)):
        monkeypatch.setenv(step_graphs.SWITCH, switch)
        decoder = SimpleNamespace(device=torch.device(device))
        assert (for_device(decoder) is not None) == there  # type: ignore[arg-type]


def test_a_card_without_graphs_does_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(device: torch.device) -> None:
        raise RuntimeError("no graphs here")

    monkeypatch.setattr(step_graphs, "CudaRecorder", refuse)
    assert for_device(SimpleNamespace(device=torch.device("cuda"))) is None  # type: ignore[arg-type]


def test_cuda_is_asked_in_its_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calls that PyTorch documents: warm-ups on a side stream, then one run under the graph, then replays."""
    log: list[str] = []

    class Stream:
        def __init__(self, name: str = "side") -> None:
            self.name = name

        def wait_stream(self, other: Stream) -> None:
            log.append(f"{self.name} waits for {other.name}")

    class Graph:
        def replay(self) -> None:
            log.append("replay")

    @contextmanager
    def inside(name: str) -> Iterator[None]:
        log.append(f"into {name}")
        yield
        log.append(f"out of {name}")

    def graph(made: Graph, pool: object, capture_error_mode: str) -> Any:
        assert (pool, capture_error_mode) == ("pool", "thread_local")
        return inside("graph")

    for name, fake in {
        "graph_pool_handle": lambda: "pool",
        "device": lambda device: inside(f"device {device}"),
        "current_stream": lambda: Stream("current"),
        "Stream": Stream,
        "stream": lambda stream: inside(stream.name),
        "CUDAGraph": Graph,
        "graph": graph,
        "synchronize": lambda device: log.append(f"synchronize {device}"),
    }.items():
        assert hasattr(torch.cuda, name)
        monkeypatch.setattr(torch.cuda, name, fake)
    recorder = CudaRecorder(torch.device("cuda:1"))

    def run() -> torch.Tensor:
        log.append("run")
        return torch.ones(1)

    replay, result = recorder.record(run)
    replay()
    recorder.wait()
    assert result.tolist() == [1.0]
    assert log == [
        "into device cuda:1",
        "side waits for current",
        "into side",
        "run",
        "run",
        "out of side",
        "current waits for side",
        "into graph",
        "run",
        "out of graph",
        "out of device cuda:1",
        "replay",
        "synchronize cuda:1",
    ]
