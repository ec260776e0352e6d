"""The decoder for packed files: the same model, and the same bits whatever runs beside a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings, strategies as st

from helix_app.engine.cache.plane_cache import PlaneView
from helix_app.engine.cache.pooled import GroupedView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.models.make import product_decoder
from helix_app.engine.models.packed.decoder import PackedDecoder, by_products, kernel_parts, packed_formats
from helix_app.engine.models.runner import ModelRunner, Rows
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo
from tests.engine.models.test_decoder import runner_of, some_ids, worst
from tests.engine.runs.paged import paged

TINY = ("llama", "llama-tied", "llama-mha", "llama-mqa", "qwen2", "qwen2-tied", "llama-llama3", "llama-yarn")
MANY = [some_ids(60, i) for i in range(7)]  # texts
BLOCKS = 40


def packed_runner(
    path: Path, threads: int = 2, order: Sequence[int] | None = None, blocks: int = BLOCKS
) -> ModelRunner:
    """A runner on the file's own blocks."""
    files = inspect(path)
    try:
        shared().add(kernel_parts(files.config, packed_formats(files)))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    make: Any = product_decoder if by_products(files.config) else PackedDecoder
    decoder = make(files.config, 256, threads=threads)
    with open_weights(files) as source:
        for _ in decoder.load(source):
            pass
    return paged(decoder, blocks, order=order)


@pytest.mark.covering(strength=1)
@pytest.mark.parametrize(
    ("name", "quant"), [*((name, quant) for name in TINY for quant in ("Q8_0", "Q4_1")), ("llama", "MXFP4")]
)
def test_it_is_the_model_of_the_file(zoo: Zoo, name: str, quant: str) -> None:
    """Against the same weights dequantised, in float32: what differs is the rounding of activations and cache."""
    path = zoo.gguf(name, quant=quant)
    packed, dense = packed_runner(path, 1), runner_of(path)
    assert packed.decoder.parameters == dense.decoder.parameters
    for ids in (some_ids(1, 3), some_ids(45, 4)):
        logits = []
        for runner in (packed, dense):
            runner.open("s", ())
            logits.append(runner.forward("s", ids, len(ids)).double())
            runner.close("s")
            runner.pool.clear_cache()
        error = float((logits[0] - logits[1]).norm() / logits[1].norm())
        assert 0 < error < 0.05, error


def test_what_runs_packed(zoo: Zoo, tmp_path: Path) -> None:
    assert packed_formats(inspect(zoo.gguf("llama", quant="Q8_0"))) == {"Q8_0"}
    for path in (zoo.gguf("llama"), zoo.folder("llama"), zoo.gguf("llama-biases", quant="Q8_0")):
        assert packed_formats(inspect(path)) == frozenset()
    files = inspect(zoo.gguf("llama", quant="Q8_0"))
    for change in ({"head_dim": 24}, {"num_heads": 18, "num_kv_heads": 2}, {"mlp_bias": True}, {"qkv_bias": True}):
        assert packed_formats(replace(files, config=replace(files.config, **change))) == frozenset()


@pytest.mark.parametrize("grouped", [False, True])
def test_it_runs_on_no_other_cache(zoo: Zoo, grouped: bool) -> None:
    """Layers of different heads have one whose views are grouped alike."""
    view: Any = PlaneView(SimpleNamespace(block_size=16), [0], 1, 1)  # type: ignore[arg-type]
    view = GroupedView([view], SimpleNamespace(places=[(0, 0)])) if grouped else view  # type: ignore[arg-type]
    decoder = packed_runner(zoo.gguf("llama", quant="Q8_0"), 1).decoder
    with pytest.raises(TypeError, match="paged cache"):
        decoder.forward_many(torch.tensor([1]), [Span(0, 1, view, 1)])


@pytest.fixture(scope="module", params=["llama", "qwen2"])
def crowd(request: pytest.FixtureRequest, zoo: Zoo) -> tuple[ModelRunner, list[torch.Tensor]]:
    """Three threads and blocks anywhere, and what one thread and blocks in their order give of each text."""
    path = zoo.gguf(request.param, quant="Q4_0")
    shuffled = torch.randperm(BLOCKS, generator=torch.Generator().manual_seed(3)).tolist()
    single = packed_runner(path, 1)
    return packed_runner(path, 3, shuffled), [alone(single, ids) for ids in MANY]


def alone(runner: ModelRunner, ids: Sequence[int]) -> torch.Tensor:
    """Logits of every token, each run in a pass of its own."""
    runner.open("alone", ())
    rows = [runner.forward("alone", [token], 1) for token in ids]
    runner.close("alone")
    runner.pool.clear_cache()
    return torch.cat(rows)


lengths = st.lists(st.integers(1, len(MANY[0])), min_size=1, max_size=5)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=lengths, cuts=st.lists(st.integers(1, 17), min_size=1, max_size=6), first=st.integers(0, 2))
def test_bits_do_not_depend_on_batch_cut_or_thread(
    crowd: tuple[ModelRunner, list[torch.Tensor]], lengths: list[int], cuts: list[int], first: int
) -> None:
    """Several sequences, cut into passes in any way and run beside each other: the bits of rows run one by one."""
    runner, rows = crowd
    texts = [MANY[first + i][:length] for i, length in enumerate(lengths)]
    want = [rows[first + i][:length] for i, length in enumerate(lengths)]  # no row sees later ones
    got: list[list[torch.Tensor]] = [[] for _ in texts]
    done = [0] * len(texts)
    for i in range(len(texts)):
        runner.open(f"s{i}", ())
    turn = 0
    while any(at < len(ids) for at, ids in zip(done, texts)):
        batch, who = [], []
        for i, ids in enumerate(texts):
            part = ids[done[i] : done[i] + cuts[(turn + i) % len(cuts)]]
            if part:
                batch.append(Rows(f"s{i}", part, len(part)))
                who.append(i)
                done[i] += len(part)
        for i, logits in zip(who, runner.forward_many(batch)):
            got[i].append(logits.clone())
        turn += 1
    for i in range(len(texts)):
        runner.close(f"s{i}")
    runner.pool.clear_cache()
    runner.pool.check_integrity()
    assert all(torch.equal(torch.cat(parts), one) for parts, one in zip(got, want))


def test_slots_that_are_not_its_own_are_never_read(zoo: Zoo) -> None:
    runner, seen = packed_runner(zoo.gguf("llama", quant="Q8_0")), []
    for value in (0.0, float("nan")):
        with torch.inference_mode():
            runner.cache.pool.fill_(value)  # type: ignore[attr-defined]
        runner.open("s", ())
        runner.forward("s", some_ids(21, 1), 1)
        seen.append(runner.forward("s", some_ids(3, 2), 3))
        runner.close("s")
        runner.pool.clear_cache()
    assert bool(seen[0].isfinite().all())
    assert torch.equal(*seen)


def test_a_cache_of_another_size_and_many_rows(zoo: Zoo) -> None:
    """Memory and program follow: more rows than ever before, another cache, and back."""
    runner, ids = packed_runner(zoo.gguf("llama", quant="Q8_0")), some_ids(200, 5)
    first = alone(runner, ids[:5])
    runner.open("s", ())
    many = runner.forward("s", ids, 200)
    runner.close("s")
    runner.resize(30)
    runner.open("s", ())
    again = runner.forward("s", ids, 200)
    runner.close("s")
    assert torch.equal(many, again)
    assert torch.equal(many[:5], first)


def test_its_embeddings_are_those_of_the_file(zoo: Zoo) -> None:
    path = zoo.gguf("qwen2", quant="Q5_1")
    runner = packed_runner(path)
    ids = torch.tensor([0, 5, 299, 5])
    with open_weights(inspect(path)) as source:
        want = source.get("embed")[ids]
    assert isinstance(runner.decoder, PackedDecoder)
    assert worst(runner.decoder.embedded(ids), want) < 1e-6


def test_freed_weights_cannot_run(zoo: Zoo) -> None:
    runner = packed_runner(zoo.gguf("llama", quant="Q8_0"))
    runner.open("s", ())
    runner.decoder.release()
    with pytest.raises(RuntimeError, match="freed"):
        runner.forward("s", [1], 1)
