"""When a model runs on its file's own blocks, and what is said when it does not."""

from __future__ import annotations

import gc
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helix_app.base import messages
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.kernels.packed import library as libraries, processor as processors
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.loading.fitting.fit import fit_of
from helix_app.engine.loading.fitting.memory_use import memory_use
from helix_app.engine.loading.formats import packed
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine.devices.device import Device, cpu
from helix_app.engine.models.packed import decoder as packed_decoder
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.engine.rounds.certify import Certified, certify
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import LoadRequest, UnloadRequest
from tests.engine.made.next_token import reference_of, with_layer
from tests.engine.made.tiny import Zoo, ask, events, finish, runners, session_of
from tests.engine.models.whole.test_ragged import TORCH


def load(path: Path, dtype: str = "auto", draft: str = "ngram") -> tuple[Engine, list[Event]]:
    engine = Engine()
    seen = events(engine, LoadRequest(str(path), draft=draft, device="cpu", dtype=dtype))
    assert isinstance(seen[-1], ModelReady), seen[-1]
    return engine, seen


def codes(seen: list[Event]) -> list[str]:
    return [event.code for event in seen if isinstance(event, Notice)]


@pytest.fixture
def kernels() -> None:
    try:
        libraries.shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))


@pytest.mark.parametrize("dtype", ["auto", "packed"])
def test_a_packed_file_on_a_cpu_runs_packed(zoo: Zoo, kernels: None, dtype: str) -> None:
    engine, seen = load(zoo.gguf("llama", quant="Q8_0"), dtype)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.dtype, ready.exact_rows, codes(seen)) == ("packed", True, [])
    assert isinstance(session_of(engine).runner.decoder, PackedDecoder)
    drafted = finish(engine, ask("the cat sat on the mat and the cat", k="fixed:3"))
    plain = finish(engine, ask("the cat sat on the mat and the cat", mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    engine.close()


@pytest.mark.parametrize(
    ("quant", "dtype", "draft", "code"),
    [
        ("F32", "auto", "ngram", []),
        ("F32", "packed", "ngram", ["packed_format"]),
        ("Q4_0", "float32", "ngram", []),
        ("Q4_0", "packed", "self-int8", ["packed_draft"]),
        ("Q4_0", "auto", "self-int8", []),
    ],
)
def test_what_is_not_packed_runs_dense(zoo: Zoo, quant: str, dtype: str, draft: str, code: list[str]) -> None:
    engine, seen = load(zoo.gguf("llama-q4", quant=quant), dtype, draft)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.dtype != "packed"
    assert [found for found in codes(seen) if found.startswith("packed")] == code
    assert all(messages.notice_text(found, {"device": "CPU"}) for found in code)
    finish(engine, ask())
    engine.close()


@pytest.mark.parametrize(("quant", "code"), [("Q8_0", ["packed_recurrent"]), ("F32", [])])
def test_a_model_with_recurrent_layers_runs_dense_and_says_so(zoo: Zoo, quant: str, code: list[str]) -> None:
    engine, seen = load(zoo.gguf("qwen35-loopy", quant=quant))
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.dtype != "packed", codes(seen)) == (True, code)
    assert all("unpacks" in messages.notice_text(found, {}) for found in code)
    finish(engine, ask())
    engine.close()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what is mapped stands in /proc")
@pytest.mark.parametrize("name", ["llama", "qwen3_moe-loopy"])
def test_a_file_stays_mapped_as_long_as_its_model_is_loaded(zoo: Zoo, kernels: None, name: str) -> None:
    path = zoo.gguf(name, quant="Q8_0")
    engine, seen = load(path, "packed")
    session, ready = session_of(engine), seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.dtype == "packed"
    finish(engine, ask())
    assert is_mapped(path)
    events(engine, UnloadRequest())
    gc.collect()
    assert not is_mapped(path), "though its session is still here"
    assert session.runner is not None
    engine.close()


def is_mapped(path: Path) -> bool:
    return str(path.resolve()) in Path("/proc/self/maps").read_text()


@pytest.mark.parametrize("dtype", ["auto", "packed"])
def test_recurrent_layers_of_usual_sizes_run_packed(zoo: Zoo, kernels: None, dtype: str) -> None:
    path = zoo.gguf("qwen35-blocks-loopy", quant="Q8_0")
    what = plan(LoadRequest(str(path), draft="ngram", device="cpu", context_length=128, cache_tokens=512))
    assert packed.may_run_packed(what, cpu())
    engine, seen = load(path, dtype)
    ready, session = seen[-1], session_of(engine)
    assert isinstance(ready, ModelReady)
    assert (ready.dtype, ready.exact_rows, codes(seen)) == ("packed", True, [])
    assert isinstance(session.runner.decoder, PackedDecoder)
    request = ask("the cat sat on the mat and the cat", k="fixed:3")
    certified = list(certify(session, request, threading.Event()))[-1]
    assert isinstance(certified, Certified)
    assert (certified.certificate.kind, certified.certificate.holds) == ("identity", True)
    fit = fit_of(what, cpu())
    states = session.runner.cache.states
    assert states is not None
    assert fit.need.weights == pytest.approx(memory_use(session).weights, rel=0.1)  # the table of tokens is mapped too
    assert fit.need.cache >= states.nbytes
    engine.close()


@pytest.mark.parametrize("draft", ["mtp", "ngram"])
def test_on_a_card_recurrent_layers_and_those_that_draft_are_unpacked(zoo: Zoo, draft: str) -> None:
    path = zoo.gguf("qwen35-blocks-loopy", quant="Q8_0")
    made = replace(plan(LoadRequest(str(path), draft="ngram", dtype="packed")), draft_kind=draft)
    told = list(packed.takes_packed(made, Device("cuda", torch.device("cpu"), "Card")))
    (notice,) = told
    assert isinstance(notice, Notice)
    assert notice.code == ("packed_mtp" if draft == "mtp" else "packed_recurrent")
    assert "Card" in messages.notice_text(notice.code, dict(notice.fields)) or draft == "ngram"
    assert not packed.may_run_packed(made, Device("cuda", torch.device("cpu"), "Card"))


def test_a_draft_model_runs_packed_too_where_its_file_is(zoo: Zoo, kernels: None) -> None:
    for quant, kind in (("Q8_0", "packed"), ("F32", "float32")):
        engine, _ = load(zoo.gguf("llama", quant="Q8_0"), draft=str(zoo.gguf("llama-small", quant=quant)))
        target, draft = runners(session_of(engine))
        assert (target.decoder.format, draft.decoder.format) == ("packed", kind)
        drafted = finish(engine, ask(k="fixed:3"))
        assert drafted.metrics.drafted_tokens > 0
        assert drafted.token_ids == finish(engine, ask(mode="autoregressive")).token_ids
        engine.close()


def test_without_kernels_it_runs_dense_and_says_so_once(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    processors.binding.cache_clear()
    libraries.shared.cache_clear()
    monkeypatch.setitem(sys.modules, "llvmlite.binding", None)
    try:
        engine, seen = load(zoo.gguf("llama", quant="Q8_0"))
        assert codes(seen) == ["packed_kernels"]
        assert "unpacks" in messages.notice_text("packed_kernels", {})
        assert len(finish(engine, ask()).token_ids) > 0
        engine.close()
    finally:
        processors.binding.cache_clear()
        libraries.shared.cache_clear()


def test_making_kernels_is_told(zoo: Zoo, kernels: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for lacking in (True, False):
        monkeypatch.setattr(packed, "lacks_kernels", lambda _, lacking=lacking: lacking)
        engine, seen = load(zoo.gguf("llama", quant="Q8_0"))
        assert (LoadProgress("kernels") in seen) == lacking
        engine.close()


def test_threads_of_pytorch_come_back(zoo: Zoo, kernels: None) -> None:
    torch.set_num_threads(2)
    engine, _ = load(zoo.gguf("llama", quant="Q8_0"), draft=str(zoo.gguf("llama-small", quant="Q8_0")))
    assert torch.get_num_threads() == 1
    events(engine, UnloadRequest())
    assert torch.get_num_threads() == 2
    again, _ = load(zoo.gguf("llama", quant="Q8_0"))
    again.close()
    assert torch.get_num_threads() == 2
    engine.close()


@pytest.mark.parametrize(
    ("name", "quant"), [("qwen3_moe-loopy", "Q8_0"), ("gpt_oss-loopy", "MXFP4"), ("qwen3_5_moe-loopy", "Q8_0")]
)
def test_experts_run_on_the_blocks_of_their_file(zoo: Zoo, kernels: None, name: str, quant: str) -> None:
    path = zoo.gguf(name, quant=quant)
    assert packed.may_run_packed(plan(LoadRequest(str(path), draft="ngram", device="cpu")), cpu())
    engine, seen = load(path)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.dtype, ready.exact_rows, codes(seen)) == ("packed", TORCH >= EXACT_TORCH, [])
    decoder = session_of(engine).runner.decoder
    assert set(decoder.kernels) == {"PackedLinear", "PlainLinear"}  # of the router, which is not packed
    drafted = finish(engine, ask("the cat sat on the mat and the cat", k="fixed:3"))
    plain = finish(engine, ask("the cat sat on the mat and the cat", mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    engine.close()
    assert codes(load(zoo.gguf(name), "packed")[1]) == ["packed_format"]


def test_experts_of_the_layer_that_drafts_do_not_keep_others_from_their_blocks(tmp_path: Path) -> None:
    """Files of few bits hold it in more."""
    files = inspect(with_layer("qwen3_5_moe", reference_of("qwen3_5_moe"), tmp_path, quant="Q8_0"))
    assert files.gguf is not None
    for block, kind, found in ((3, "BF16", {"Q8_0"}), (3, "Q6_K", {"Q8_0", "Q6_K"}), (1, "BF16", set())):
        name = f"blk.{block}.ffn_down_exps.weight"
        files.gguf.tensors[name] = replace(files.gguf.tensors[name], type=kind)
        assert packed_decoder.packed_formats(files) == found


def test_experts_without_a_kernel_are_unpacked_and_that_is_said(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    path = zoo.gguf("qwen3_moe-loopy", quant="Q8_0")
    monkeypatch.delitem(packed_decoder.FORMATS, "Q8_0")
    engine, seen = load(path)
    assert codes(seen) == ["packed_experts"]
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.dtype != "packed"
    engine.close()
