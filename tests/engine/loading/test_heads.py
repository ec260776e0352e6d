"""A draft head is loaded beside the target that it was made for, and says why where it was made for another one."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.base.errors import HelixError, InputError
from helix_app.engine.cache.drafting_cache import DraftingCache
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.on_target.head import HeadDraft
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.kernels.packed.library import CORE, Library, shared
from helix_app.engine.kernels.packed.processor import NoKernelsError
from helix_app.engine.loading.drafts import check_copy
from helix_app.engine.loading.fitting.fit import fit_of
from helix_app.engine.loading.fitting.needs import head_weights, need_of
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine import threads
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.packed.decoder import by_products, kernel_parts, packed_formats
from helix_app.engine.models.tensors.head_weights import BLOCKS
from helix_app.modelfiles.draft_head import inspect_head
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Failed, RoundDone
from helix_app.protocol.requests import LoadRequest
from tests.engine.loading.test_drafts import load, notices
from tests.engine.loading.test_next_token import THERE
from tests.engine.made.heads import head_for
from tests.engine.made.tiny import Zoo, ask, events, finish, session_of
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.next_token_runs import SAID


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random head for ``llama``."""
    return head_for("llama").save(tmp_path_factory.mktemp("heads") / "head", "specforge")


def test_asked_for_by_name_it_is_used_alone(taught_file: Path, taught_head: Path) -> None:
    engine = Engine()
    ready, seen = load(engine, taught_file, draft=str(taught_head), context_length=128)
    assert (ready.draft, ready.draft_name, ready.draft_blocks) == ("head", taught_head.name, 0)
    assert ready.draft_file == str(taught_head)
    session = session_of(engine)
    assert isinstance(session.draft, HeadDraft)
    runner = session.draft.runner
    assert (runner.pool, runner.cache) == (session.runner.pool, session.runner.cache)
    assert runner.costs.samples(1, 0) > 0
    assert notices(seen) == []
    request = ask(SAID[3], max_tokens=50, k="fixed:2")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.accepted_tokens > 0.6 * drafted.metrics.drafted_tokens > 0
    found = events(engine, request)
    assert {event.source for event in found if isinstance(event, RoundDone) and event.k} == {"head"}
    engine.close()


def test_where_it_was_only_wished_for_the_text_drafts_beside_it(zoo: Zoo, folder: Path) -> None:
    engine = Engine()
    load(engine, zoo.gguf("llama"), draft=str(folder), draft_required=False)
    draft = session_of(engine).draft
    assert isinstance(draft, MixedDraft)
    assert isinstance(draft.model, HeadDraft)
    engine.close()


def test_packed_weights_stay_packed_beside_it(zoo: Zoo, folder: Path) -> None:
    """And its own run beside them, in eight bits."""
    path = _packed(zoo)
    engine = Engine()
    ready, seen = load(engine, path, draft=str(folder), dtype="auto")
    session = session_of(engine)
    assert (ready.draft, ready.dtype, notices(seen)) == ("head", "packed", [])
    assert session.draft is not None
    assert session.draft.runner is not None
    own = session.draft.runner.decoder
    assert (own.format, set(own.kernels[3:])) == ("int8", {"PackedLinear"})
    expected = head_weights(inspect_head(folder), "packed")
    assert expected == pytest.approx(1.0625 * own.parameters, rel=0.02)
    request = ask("the cat", max_tokens=30, k="fixed:3")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.drafted_tokens > 0
    engine.close()


@pytest.mark.parametrize("name", ["gemma3-loopy", "qwen35-blocks-loopy"])
def test_packed_models_whose_layers_differ_have_it_too(zoo: Zoo, tmp_path: Path, name: str) -> None:
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    engine, head = Engine(), head_for(name).save(tmp_path / "head")
    ready, seen = load(engine, zoo.gguf(name, quant="Q8_0"), draft=str(head), dtype="auto")
    assert (ready.draft, ready.dtype, notices(seen)) == ("head", "packed", [])
    request = ask("the cat", max_tokens=20, k="fixed:2")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.drafted_tokens > 0
    engine.close()


BY_PRODUCT = ("qwen3_5_moe-loopy", "gpt_oss-loopy", "gemma4-loopy")  # with routers or gates of PyTorch's
OF_OTHER_HEADS = {
    "llama": ("Q8_0", {"heads": (4, 4, 16)}),
    "gemma3-loopy": ("Q8_0", {"heads": (4, 1, 8)}),  # layers with a window beside others
    "qwen35-blocks-loopy": ("Q8_0", {"heads": (2, 1, 16)}),  # recurrent layers
    "qwen3_5_moe-loopy": ("Q8_0", {"heads": (4, 4, 8)}),  # experts beside such
    "gpt_oss-loopy": ("MXFP4", {"heads": (4, 1, 48)}),
    "gemma4-loopy": ("Q8_0", {}),  # whose own layers differ in their heads
}


@pytest.mark.parametrize("name", OF_OTHER_HEADS)
def test_one_of_other_heads_leaves_packed_weights_packed(zoo: Zoo, tmp_path: Path, name: str) -> None:
    """Its keys and values lie apart, in the same blocks."""
    quant, options = OF_OTHER_HEADS[name]
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    folder, path = head_for(name, **options).save(tmp_path / "head"), zoo.gguf(name, quant=quant)
    engine = Engine()
    ready, seen = load(engine, path, draft=str(folder), dtype="auto", context_length=128, cache_tokens=512)
    exact = TORCH >= EXACT_TORCH or name not in BY_PRODUCT
    assert (ready.draft, ready.dtype, ready.exact_rows, notices(seen)) == ("head", "packed", exact, [])
    session, files = session_of(engine), inspect(path)
    cache = session.runner.cache
    assert isinstance(cache, DraftingCache)
    assert cache.target.layout.windows == cache.layout.windows
    need = need_of(files, "packed", 128, 512, head=inspect_head(folder))
    kept = 64 * (2 if by_products(files.config) else 4)
    states = 0 if cache.states is None else cache.states.nbytes
    assert need.cache == (cache.block_bytes + kept) * session.runner.pool.num_blocks + states
    request = ask("the cat sat on the mat and the cat", max_tokens=40, k="fixed:3")
    drafted, again, plain = (
        finish(engine, replace(request, mode=mode)) for mode in ("speculative", "speculative", "autoregressive")
    )
    assert drafted.metrics.drafted_tokens > 0
    assert again.metrics.cached_tokens > 0
    assert drafted.token_ids == again.token_ids == plain.token_ids
    engine.close()


def test_where_all_layers_have_a_window_they_are_unpacked_for_it(zoo: Zoo, tmp_path: Path) -> None:
    """There is no block with all tokens that it could lie in."""
    folder = head_for("phi3-loopy", heads=(4, 4, 8)).save(tmp_path / "head")
    path = zoo.gguf("phi3-loopy", quant="Q8_0")
    assert packed_formats(inspect(path))
    engine = Engine()
    ready, seen = load(engine, path, draft=str(folder), dtype="auto")
    assert (ready.draft, ready.dtype != "packed") == ("head", True)
    assert [notice.code for notice in notices(seen)] == ["packed_head"]
    assert finish(engine, ask("the cat", max_tokens=12, k="fixed:2")).metrics.drafted_tokens > 0
    engine.close()


def test_a_load_that_ends_with_it_gives_its_threads_back(
    zoo: Zoo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:

    def fail(self: EagleHead, *_: Any) -> Any:
        raise MemoryError

    path, before = _packed(zoo), threads.in_use()
    monkeypatch.setattr(EagleHead, "load", fail)
    monkeypatch.setattr(threads, "_lent", [])
    engine = Engine()
    seen = list(engine.stream(LoadRequest(str(path), draft=str(folder), dtype="auto"), threading.Event()))
    assert isinstance(seen[-1], Failed)
    assert threads._lent == []
    assert threads.in_use() == before
    engine.close()


@pytest.mark.soak
def test_models_of_experts_stay_packed_beside_it_too(zoo: Zoo, tmp_path: Path) -> None:
    folder, path = head_for("qwen3_moe").save(tmp_path / "head"), zoo.gguf("qwen3_moe", quant="Q8_0")
    engine = Engine()
    ready, seen = load(engine, path, draft=str(folder), dtype="auto")
    session = session_of(engine)
    assert session.draft is not None
    assert session.draft.runner is not None
    if ready.dtype == "packed":
        assert (session.draft.runner.decoder.format, notices(seen)) == ("int8", [])
    request = ask("the cat", max_tokens=20, k="fixed:3")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.drafted_tokens > 0
    engine.close()


def test_without_kernels_for_eight_bits_it_runs_unpacked(
    zoo: Zoo, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, real = _packed(zoo), Library.add

    def add(self: Library, parts: tuple[str, ...]) -> None:
        if parts == (CORE, BLOCKS):
            raise NoKernelsError("none here")
        real(self, parts)

    monkeypatch.setattr(Library, "add", add)
    engine = Engine()
    ready, _ = load(engine, path, draft=str(folder), dtype="auto")
    session = session_of(engine)
    assert session.draft is not None
    assert session.draft.runner is not None
    assert (ready.dtype, session.draft.runner.decoder.format) == ("packed", "float32")
    engine.close()


def _packed(zoo: Zoo) -> Path:
    path = zoo.gguf("llama", quant="Q8_0")
    try:
        shared().add(kernel_parts(inspect(path).config, packed_formats(inspect(path))))
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    return path


OTHERS: dict[str, tuple[str, dict[str, Any], dict[str, Any]]] = {
    "head_hidden_size": ("llama-small", {}, {}),
    "head_vocabulary": ("llama", {}, {"vocab_size": 5000}),
    "head_layers": ("llama", {}, {"eagle_config": {"eagle_aux_hidden_state_layer_ids": [0, 1, 2]}}),
    "head_kind": ("llama", {}, {"num_hidden_layers": 2}),
    "model_pickle": ("llama", {}, {}),
}


@pytest.mark.parametrize("code", OTHERS)
def test_one_for_another_model_says_so(zoo: Zoo, tmp_path: Path, code: str) -> None:
    name, options, changes = OTHERS[code]
    folder = head_for("llama", **options).save(tmp_path / "head", "specforge", **changes)
    if code == "model_pickle":
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    request = LoadRequest(str(zoo.gguf(name)), draft=str(folder), device="cpu")
    last = events(Engine(), request)[-1]
    assert isinstance(last, Failed)
    assert last.code == code
    made = plan(replace(request, draft_required=False))
    assert (made.draft_kind, made.head) == ("auto", None)
    assert made.skipped is not None


def test_it_is_no_model_by_itself(folder: Path) -> None:
    with pytest.raises(HelixError) as caught:
        plan(LoadRequest(str(folder)))
    assert caught.value.code == "model_draft_head"


def test_directml_does_without() -> None:
    with pytest.raises(InputError):
        check_copy("head", THERE)
    check_copy("head", cpu().torch_device)


def test_what_it_takes_is_reckoned(zoo: Zoo, folder: Path) -> None:
    engine, path = Engine(), zoo.gguf("llama")
    load(engine, path, draft=str(folder), context_length=256, cache_tokens=512)
    session, head = session_of(engine), inspect_head(folder)
    states = session.runner.hidden
    assert isinstance(states, TargetStates)
    own = head_weights(head, "float32")
    assert own == pytest.approx(4 * states.layer.parameters, rel=0.02)
    cache = session.runner.cache.block_bytes * session.runner.pool.num_blocks
    need = need_of(inspect(path), "float32", 256, 512, head=head)
    assert need.cache == cache + session.runner.pool.num_blocks * head.config.hidden_size * 4
    request = LoadRequest(str(path), draft=str(folder), device="cpu", dtype="float32")
    fit = fit_of(plan(request), cpu())
    assert (fit.draft_name, fit.need.draft_weights) == (folder.name, own)
    assert head_weights(head, "int4") == own // 2
    engine.close()
