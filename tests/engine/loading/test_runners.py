"""A model's files become a runner: the steps that are told, the blocks it gets, and Stop."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator

import pytest
import torch

from helix_app.engine.cache.base import bytes_per_block
from helix_app.engine.loading import context as contexts
from helix_app.engine.loading.reading import LoadCancelled, read_weights
from helix_app.engine.loading.runners import LoadOptions, load_draft, load_target
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.model_path import ModelFiles, inspect
from helix_app.protocol.events import Event
from helix_app.protocol.models.loading import LoadProgress
from tests.engine.made.tiny import Zoo


@pytest.fixture
def files(zoo: Zoo) -> ModelFiles:
    return inspect(zoo.gguf("llama-small"))


def options(context: int = 100, cache_tokens: int = 0) -> LoadOptions:
    return LoadOptions(cpu(), torch.float32, context, cache_tokens)


def followed(loading: Generator[Event, None, ModelRunner]) -> tuple[list[LoadProgress], ModelRunner]:
    """What loading tells, and what it comes to."""
    result: list[ModelRunner] = []

    def through() -> Iterator[Event]:
        result.append((yield from loading))

    told = list(through())
    assert all(isinstance(event, LoadProgress) for event in told)
    return told, result[0]  # type: ignore[return-value]


@pytest.mark.parametrize(("load", "stage"), [(load_target, "weights"), (load_draft, "draft_weights")])
def test_the_steps_are_told_in_order_and_costs_are_measured(files: ModelFiles, load: object, stage: str) -> None:
    told, runner = followed(load(files, options(), threading.Event()))  # type: ignore[operator]
    assert list(dict.fromkeys(event.stage for event in told)) == [stage, "allocate_cache", "warm_up"]
    fractions = [event.fraction or 0.0 for event in told if event.stage == stage]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert runner.costs.expect(1, 0)
    assert not runner.pool.tables()


@pytest.mark.parametrize(
    ("context", "cache_tokens", "most", "blocks"),
    [(100, 0, 1000, 7), (100, 500, 1000, 32), (256, 16, 1000, 16), (100, 500, 10, 10), (100, 500, 3, 7)],
)
def test_blocks_for_one_context_whatever_it_takes_and_for_more_within_bounds(
    files: ModelFiles, monkeypatch: pytest.MonkeyPatch, context: int, cache_tokens: int, most: int, blocks: int
) -> None:
    monkeypatch.setattr(contexts, "_MAX_CACHE_BYTES", most * bytes_per_block(files.config, 16, torch.float32))
    _, runner = followed(load_draft(files, options(context, cache_tokens), threading.Event()))
    assert runner.pool.num_blocks == runner.cache.num_blocks == blocks
    assert runner.max_tokens == context


def test_a_long_context_is_given_though_it_takes_more_than_a_cache_may(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = inspect(zoo.gguf("llama-long"))
    monkeypatch.setattr(contexts, "_MAX_CACHE_BYTES", 3 * bytes_per_block(files.config, 16, torch.float32))
    _, runner = followed(load_draft(files, options(2048, 9999), threading.Event()))
    assert (runner.pool.num_blocks, runner.max_tokens) == (128, 2048)


@pytest.mark.parametrize(("cache_tokens", "blocks"), [(0, 35 + (128 - 35) // 4), (4096, 256)])
def test_windows_need_fewer_blocks_and_leave_some_for_prefixes(zoo: Zoo, cache_tokens: int, blocks: int) -> None:
    """Windows of 24 tokens in every layer, and passes of up to 512 rows. Many sequences may all be short."""
    files = inspect(zoo.gguf("phi3-loopy"))
    _, runner = followed(load_draft(files, options(2048, cache_tokens), threading.Event()))
    assert (runner.pool.windows, runner.pool.num_blocks, runner.max_tokens) == ((24,), blocks, 2048)


def test_stop_ends_it_while_weights_are_read(files: ModelFiles) -> None:
    cancel = threading.Event()
    loading = load_target(files, options(), cancel)
    assert next(loading) == LoadProgress("weights", 0.0)
    cancel.set()
    with pytest.raises(LoadCancelled):
        next(loading)


def test_a_second_copy_takes_its_head_from_the_first(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama-q4"))
    _, first = followed(load_draft(files, options(), threading.Event()))
    kept = first.decoder
    assert isinstance(kept, Decoder)
    alone, beside = (
        Decoder(files.config, dtype=torch.float32, device=torch.device("cpu"), max_positions=100) for _ in range(2)
    )
    for decoder, like in ((alone, None), (beside, kept)):
        told = list(read_weights(files, decoder, like, "draft_weights", threading.Event()))
        assert told[-1] == LoadProgress("draft_weights", 1.0)
    heads = [decoder.linears[-1][1] for decoder in (kept, beside, alone)]
    assert heads[0] is heads[1]
    assert heads[0] is not heads[2]
