"""Gemma 4 as a whole: its numbers are counted, a packed file runs on its own blocks, and a device without its layers is
passed over."""

from __future__ import annotations

import threading
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from helix_app.base import messages
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.packed.library import shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.loading import place as placing
from helix_app.engine.loading.fitting.memory_use import given_back, memory_use
from helix_app.engine.loading.fitting.needs import copy_weights, dense_weights, need_of, packed_weights
from helix_app.engine.loading.formats.packed import may_run_packed, takes_packed
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine.devices.device import Device, cpu
from helix_app.engine.models.base import Mapped, bytes_of
from helix_app.engine.models.packed import decoder as packed_decoder
from helix_app.modelfiles.model_path import inspect
from helix_app.modelfiles.parameters import parameter_count
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import ModelReady
from helix_app.protocol.requests import LoadRequest
from tests.engine.kernels.test_low_bit import needs
from tests.engine.made.tiny import Zoo, ask, events, finish, hf_model, loaded, session_of
from tests.engine.models.test_decoder import runner_of

NAMES = ("gemma4", "gemma4-loopy", "gemma4_moe")


@pytest.fixture
def kernels() -> None:
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))


@pytest.mark.parametrize("name", NAMES)
def test_its_numbers_are_counted(zoo: Zoo, name: str) -> None:
    config = inspect(zoo.folder(name)).config
    matrices = sum(weight.numel() for key, weight in hf_model(name).named_parameters() if weight.ndim > 1)
    assert parameter_count(config) == matrices
    runner = runner_of(zoo.folder(name))
    numbers = sum(p.numel() for p in hf_model(name).parameters()) + config.num_layers
    assert runner.decoder.parameters == numbers
    assert dense_weights(config, "float32") == pytest.approx(4 * numbers, rel=0.02)


@pytest.mark.parametrize("name", ["gemma4-loopy", "gemma4_moe-loopy"])
def test_a_packed_file_runs_on_its_own_blocks(zoo: Zoo, kernels: None, name: str) -> None:
    """On ``auto``, with a draft model that is packed likewise; what it holds is the file, and hardly more."""
    path = zoo.gguf(name, quant="Q8_0")
    files = inspect(path)
    assert files.gguf is not None
    engine = Engine()
    told = events(engine, LoadRequest(str(path), draft=str(path), device="cpu"))
    ready = told[-1]
    assert isinstance(ready, ModelReady)
    assert ready.memory is not None
    assert (ready.dtype, [event for event in told if isinstance(event, Notice)]) == ("packed", [])
    decoders = [runner.decoder for runner in session_of(engine).runners]
    assert [decoder.format for decoder in decoders] == ["packed", "packed"]
    assert set(decoders[0].kernels) - {"PlainLinear"} == {"PackedLinear"}  # a router is not packed
    blocks = sum(info.nbytes for info in files.gguf.tensors.values() if info.type == "Q8_0")
    assert decoders[0].mapped.nbytes == blocks
    assert blocks < ready.memory.weights / 2 < 1.02 * packed_weights(files)
    assert may_run_packed(plan(LoadRequest(str(path), draft="ngram", device="cpu")), cpu())
    drafted = finish(engine, ask("the cat sat", max_tokens=60, k="fixed:3"))
    assert drafted.metrics.accepted_tokens > 0
    plain = finish(engine, ask("the cat sat", max_tokens=60, mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    engine.close()


@pytest.mark.parametrize("name", ["gemma4-loopy", "gemma4_moe-loopy"])
def test_what_a_packed_file_takes_is_what_was_reckoned(zoo: Zoo, kernels: None, name: str) -> None:
    """All its blocks, of which what lies in the file is free as it is; and a cache in 16 bits."""
    path = zoo.gguf(name, quant="Q8_0")
    engine = loaded(path, dtype="packed", context_length=256, cache_tokens=1024)
    session = session_of(engine)
    need, runner = need_of(inspect(path), "packed", 256, 1024), session.runner
    assert need.cache == runner.cache.block_bytes * runner.pool.num_blocks == memory_use(session).cache
    use = memory_use(session)
    assert use.weights == pytest.approx(need.weights, rel=0.03)
    assert (use.weights or 0) > runner.decoder.weight_bytes
    assert given_back(session, cpu()) <= need.cache + (use.weights or 0) - runner.decoder.mapped.nbytes
    engine.close()


def test_without_a_kernel_it_is_unpacked_and_that_is_said(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(packed_decoder.FORMATS, "Q8_0")
    engine = Engine()
    told = events(engine, LoadRequest(str(zoo.gguf("gemma4-loopy", quant="Q8_0")), draft="ngram", device="cpu"))
    assert [event.code for event in told if isinstance(event, Notice)] == ["packed_experts"]
    assert isinstance(told[-1], ModelReady)
    assert told[-1].dtype != "packed"
    engine.close()


@pytest.mark.parametrize("name", ["gemma4-loopy", "gemma4_moe"])
def test_a_card_unpacks_it_and_says_so(zoo: Zoo, name: str) -> None:
    """Unless its file is not packed, which needs no word on ``auto``."""
    card = Device("cuda", torch.device("cpu"), "a card")
    for quant, dtype, told in (("Q8_0", "auto", 1), ("Q8_0", "packed", 1), ("Q8_0", "float32", 0), ("F32", "auto", 0)):
        request = LoadRequest(str(zoo.gguf(name, quant=quant)), draft="none", device="cpu", dtype=dtype)
        steps = takes_packed(plan(request), card)
        assert next(steps, None) == (Notice("packed_layers", (("device", "a card"),)) if told else None)
    assert "a card" in messages.notice_text("packed_layers", {"device": "a card"})


def test_the_table_of_inputs_is_no_part_of_what_an_unpacked_model_holds(zoo: Zoo) -> None:
    """It stays where the file is mapped, in its blocks there."""
    path = zoo.gguf("gemma4-loopy", quant="Q8_0")
    decoder = loaded(path).session.runner.decoder  # type: ignore[union-attr]
    config = decoder.config
    assert config.token_inputs is not None
    numbers = config.num_layers * config.token_inputs.size * config.token_inputs.vocab_size
    assert decoder.mapped == Mapped(numbers, numbers // 32 * 34)
    use = memory_use(session_of(loaded(path)))
    assert use.weights == 4 * (decoder.parameters - numbers) + numbers // 32 * 34


def test_a_copy_for_drafts_has_a_table_of_inputs_where_it_shares_none(zoo: Zoo) -> None:
    """Not where the target is in the copy's own format, nor where it is mapped."""
    dense, packed = (inspect(zoo.gguf("gemma4-loopy", quant=quant)) for quant in ("F32", "Q8_0"))
    config = dense.config
    assert config.token_inputs is not None
    table = 2 * config.num_layers * config.token_inputs.size * config.token_inputs.vocab_size
    assert copy_weights(dense, 8, "float32") - copy_weights(packed, 8, "float32") == table
    assert (
        copy_weights(dense, 8, "bfloat16") == copy_weights(packed, 8, "bfloat16") < copy_weights(packed, 8, "float32")
    )


@needs(8)
@pytest.mark.parametrize(("dtype", "shares"), [("bfloat16", True), ("float32", False)])
def test_what_a_copy_holds_is_what_was_reckoned(zoo: Zoo, dtype: str, shares: bool) -> None:
    path = zoo.gguf("gemma4-loopy")
    session = session_of(loaded(path, "self-int8", dtype=dtype))
    target, copy = session.runner.decoder, session.runners[1].decoder
    assert (copy._inputs.table is target._inputs.table) == shares
    held = copy_weights(inspect(path), 8, dtype)
    table = 0 if shares else 2 * copy.config.vocab_size * copy.config.num_layers * copy.config.token_inputs.size
    layers = sum(layer.weight_bytes for layer in copy._layers) + bytes_of(copy._inputs.project)
    tables = 0 if shares else bytes_of(copy._embed) + bytes_of(copy._head)
    assert held == pytest.approx(layers + tables + table, rel=0.05)


def run_out(steps: Generator[Event, None, Device]) -> tuple[list[Event], Device]:
    """What a generator gives, and what it returns."""
    given: list[Event] = []
    while True:
        try:
            given.append(next(steps))
        except StopIteration as end:
            return given, end.value


def test_a_device_that_runs_no_such_model_is_not_tried(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """DirectML has a decoder of its own, for models of layers that are all alike."""
    directml = Device("directml", torch.device("cpu"), "Radeon")
    monkeypatch.setattr(placing, "pick_device", lambda wanted, cancel: (directml, ""))
    for name, kind in (("llama", "directml"), ("gemma4", "cpu")):
        request = LoadRequest(str(zoo.folder(name)), draft="none")
        what: Any = SimpleNamespace(request=request, target=inspect(zoo.folder(name)), draft=None, draft_kind="none")
        notices, device = run_out(placing.place(what, threading.Event()))
        assert device.kind == kind
        told = [event.code for event in notices if isinstance(event, Notice)]
        assert told == (["fallback_cpu"] if kind == "cpu" else [])
