"""A model with a layer that drafts is loaded with it where it is of use, and says why where it is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helix_app.base.errors import HelixError, InputError
from helix_app.engine.control.costs import CostTable
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.next_token import NextTokenDraft
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import EXACT_TORCH
from helix_app.engine.kernels.packed.library import NoKernelsError, shared
from helix_app.engine.loading import drafts
from helix_app.engine.loading.drafts import check_copy
from helix_app.engine.loading.fitting import fit as fitting
from helix_app.engine.loading.fitting.fit import Memory, fit_of
from helix_app.engine.loading.fitting.memory_use import memory_use
from helix_app.engine.loading.fitting.needs import need_of, next_token_blocks, next_token_weights
from helix_app.engine.loading.next_token import takes_next_token
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine.devices.device import cpu
from helix_app.engine.measuring import pairs
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.hidden_states import TargetStates
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Failed, RoundDone
from helix_app.protocol.requests import LoadRequest, SamplingParams
from tests.engine.loading.test_drafts import load, notices
from tests.engine.made.next_token import echo_of, reference_of, with_layer
from tests.engine.made.tiny import VOCAB, Zoo, ask, events, finish, session_of
from tests.engine.measuring.test_pairs import FASTER
from tests.engine.models.whole.test_ragged import TORCH
from tests.engine.runs.crowds import TEXTS
from tests.engine.runs.next_token_runs import SAID
from tests.engine.test_engine import other_words as other_words

THERE = torch.device("privateuseone")


@pytest.fixture
def pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the layer gains is taken for granted: tiny models have hardly more layers themselves."""
    monkeypatch.setattr(drafts, "_pays", lambda *_: True)


def test_asked_for_by_name_it_is_used_alone(taught_file: Path) -> None:
    engine = Engine()
    ready, seen = load(engine, taught_file, draft="mtp", context_length=128)
    assert (ready.draft, ready.draft_name, ready.draft_blocks, ready.next_token) == ("mtp", "", 0, True)
    session = session_of(engine)
    assert isinstance(session.draft, NextTokenDraft)
    runner = session.draft.runner
    assert (runner.pool, runner.cache) == (session.runner.pool, session.runner.cache)
    assert runner.costs.samples(1, 0) > 0
    assert notices(seen) == []
    request = ask(SAID[3], max_tokens=50, k="fixed:2")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.accepted_tokens > 0.6 * drafted.metrics.drafted_tokens > 0
    found = events(engine, request)
    assert {event.source for event in found if isinstance(event, RoundDone) and event.k} == {"mtp"}
    engine.close()


def test_auto_takes_it_beside_the_n_gram_where_it_gains(taught_file: Path, pays: None) -> None:
    engine = Engine()
    ready, _ = load(engine, taught_file, draft="auto")
    assert ready.draft == "mtp"
    draft = session_of(engine).draft
    assert isinstance(draft, MixedDraft)
    assert isinstance(draft.model, NextTokenDraft)
    assert finish(engine, ask(SAID[2], max_tokens=40, k="fixed:2")).metrics.drafted_tokens > 0
    engine.close()


def test_auto_leaves_it_where_a_step_takes_as_long_as_a_pass(
    taught_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "_share", lambda *_: 1.0)
    monkeypatch.setattr(CostTable, "expect", lambda self, rows, context: float(rows))
    engine = Engine()
    ready, _ = load(engine, taught_file, draft="auto")
    assert ready.draft == "ngram"
    session = session_of(engine)
    assert isinstance(session.draft, NgramDraft)
    assert session.runner.hidden is None
    monkeypatch.undo()
    assert finish(engine, ask(SAID[2], max_tokens=20)).token_ids
    engine.close()


@pytest.fixture
def measured(other_words: Path, taught_file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A draft model that was measured to pay with the target that was taught."""
    monkeypatch.setenv("HELIX_HOME", str(tmp_path / "home"))
    pairs.keep(inspect(taught_file), inspect(other_words), pairs.Setting("cpu", "float32"), FASTER)
    return other_words


@pytest.mark.parametrize("gains", [True, False])
def test_a_pair_that_was_measured_drafts_where_the_layer_gains_nothing(
    taught_file: Path, measured: Path, monkeypatch: pytest.MonkeyPatch, gains: bool
) -> None:
    monkeypatch.setattr(drafts, "_pays", lambda *_: gains)
    engine = Engine()
    known = {"installed": (str(measured),), "names": ((str(measured), "The Other"),)}
    ready, _ = load(engine, taught_file, draft="auto", **known)
    session = session_of(engine)
    assert isinstance(session.draft, MixedDraft)
    assert (session.runner.hidden is not None) is gains
    if gains:
        assert (ready.draft, ready.draft_name, ready.draft_file, session.draft_runner) == ("mtp", "", "", None)
    else:
        assert (ready.draft, ready.draft_file) == ("reencoded", str(measured))
        assert ready.draft_name == "The Other"
        assert ready.draft_blocks > 0
    assert finish(engine, ask(SAID[2], max_tokens=20, k="fixed:2")).token_ids
    engine.close()


def test_memory_is_reckoned_for_whichever_of_the_two_takes_more(taught_file: Path, measured: Path) -> None:
    request = LoadRequest(str(taught_file), device="cpu", dtype="float32", installed=(str(measured),))
    made = plan(request)
    assert (made.draft, made.draft_kind) == (None, "auto")
    assert made.measured is not None
    pair, layer, both = (
        fit_of(one, cpu()).need
        for one in (
            replace(made, draft=made.measured, draft_kind="reencoded", measured=None),
            replace(made, measured=None),
            made,
        )
    )
    assert both == max(pair, layer, key=lambda need: need.total)
    assert fit_of(replace(made, draft_kind="none"), cpu()).need.draft_weights == 0


def test_a_layer_with_experts_of_its_own(tmp_path: Path) -> None:
    path = with_layer("qwen3_5_moe-loopy", echo_of("qwen3_5_moe-loopy"), tmp_path, "folder")
    engine = Engine()
    ready, _ = load(engine, path, draft="mtp", context_length=128)
    assert (ready.draft, ready.next_token) == ("mtp", True)
    states = session_of(engine).runner.hidden
    assert isinstance(states, TargetStates)
    own = next_token_weights(inspect(path).config, "float32")
    assert own == pytest.approx(4 * states.layer.parameters, rel=0.02)
    assert states.layer.weight_bytes < 4 * states.layer.parameters + 4 * VOCAB * 64  # of its experts those of a row
    request = ask(TEXTS[2], max_tokens=40, k="fixed:2")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.drafted_tokens > 0
    engine.close()


@pytest.mark.parametrize("gains", [True, False])
def test_beside_packed_experts_auto_takes_it_where_it_gains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gains: bool
) -> None:
    """They stay on their file's blocks either way."""
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    monkeypatch.setattr(drafts, "_pays", lambda *_: gains)
    path = with_layer("qwen3_5_moe-loopy", echo_of("qwen3_5_moe-loopy"), tmp_path, quant="Q4_0")
    engine = Engine()
    ready, seen = load(engine, path, draft="auto", dtype="auto", context_length=128)
    assert (ready.draft, ready.dtype, notices(seen)) == ("mtp" if gains else "ngram", "packed", [])
    session = session_of(engine)
    assert (session.runner.hidden is not None) == gains
    request = ask(TEXTS[2], max_tokens=40, k="fixed:2")
    drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.accepted_tokens > 0
    engine.close()


def test_auto_does_without_a_layer_that_does_not_fit(taught_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was chosen by name, what it takes is said."""
    request = LoadRequest(str(taught_file), device="cpu", dtype="float32")
    made = plan(request)
    whole, bare = (fit_of(replace(made, draft_kind=kind), cpu()).need.total for kind in ("auto", "ngram"))
    assert bare < whole
    between = Memory((bare + whole) // 2, 2 * whole)
    fit, named = (fit_of(replace(made, draft_kind=kind), cpu(), memory=between) for kind in ("auto", "mtp"))
    assert (fit.need.total, fit.need.draft_weights, fit.level) == (bare, 0, "tight")
    assert (named.need.total, named.level) == (whole, "short")
    monkeypatch.setattr(fitting, "free_memory", lambda: between.free)
    engine = Engine()
    ready, _ = load(engine, taught_file, draft="auto")
    session = session_of(engine)
    assert (ready.draft, session.runner.hidden) == ("ngram", None)
    assert len(session.runner.cache.layout.places) == session.runner.decoder.config.num_layers
    engine.close()


@pytest.mark.parametrize("draft", ["none", "ngram"])
def test_other_drafts_load_nothing_of_it(taught_file: Path, draft: str) -> None:
    engine = Engine()
    ready, _ = load(engine, taught_file, draft=draft)
    session = session_of(engine)
    assert (ready.draft, ready.next_token, session.runner.hidden) == (draft, True, None)
    assert len(session.runner.cache.layout.places) == session.runner.decoder.config.num_layers
    engine.close()


def test_a_file_without_it_says_so(zoo: Zoo) -> None:
    path = zoo.gguf("qwen3")
    last = events(Engine(), LoadRequest(str(path), draft="mtp", device="cpu"))[-1]
    assert isinstance(last, Failed)
    assert last.code == "draft_no_layer"
    made = plan(LoadRequest(str(path), draft="mtp", draft_required=False))
    assert made.draft_kind == "auto"
    assert made.skipped is not None
    suggested = zoo.gguf("llama-small")
    instead = plan(LoadRequest(str(path), draft="mtp", draft_required=False, draft_instead=str(suggested)))
    assert (instead.draft_kind, instead.draft and instead.draft.path) == ("model", suggested)
    assert instead.skipped == made.skipped
    gone = plan(LoadRequest(str(path), draft="mtp", draft_required=False, draft_instead=str(suggested) + ".gone"))
    assert (gone.draft_kind, gone.draft) == ("auto", None)
    assert not takes_next_token(made, cpu().torch_device, packed=False)


def test_a_count_whose_tensors_are_gone_is_no_layer(tmp_path: Path) -> None:
    """Quantisers leave the block out, and its number in the header."""
    from tests.engine.made.tiny import write_gguf

    path = write_gguf("qwen3", 0, tmp_path / "m.gguf", blocks=3, **{"qwen3.nextn_predict_layers": 1})
    config = inspect(path).config
    assert (config.num_layers, config.next_token) == (2, None)


def test_a_folder_is_looked_into_where_its_config_speaks_of_it(tmp_path: Path, zoo: Zoo) -> None:
    folder = with_layer("qwen3", reference_of("qwen3"), tmp_path, "folder")
    found = inspect(folder).config.next_token
    assert found is not None
    assert (found.own_norm, found.own_head, found.own_embeddings, found.normed) == (True, False, False, False)
    assert inspect(zoo.folder("qwen3")).config.next_token is None


def test_directml_and_packed_weights_on_a_card_do_without(taught_file: Path) -> None:
    for kind, taken in (("auto", True), ("mtp", True), ("ngram", False), ("none", False)):
        made = plan(LoadRequest(str(taught_file), draft=kind))
        assert takes_next_token(made, cpu().torch_device, packed=False) == taken
        assert not takes_next_token(made, torch.device("cuda"), packed=True)
        assert not takes_next_token(made, THERE, packed=False)
    with pytest.raises(InputError):
        check_copy("mtp", THERE)
    check_copy("mtp", cpu().torch_device)


@pytest.mark.parametrize("name", ["qwen3-loopy", "qwen35-blocks-loopy", "qwen3_5_moe-loopy"])
def test_a_packed_file_stays_packed_beside_it(tmp_path: Path, name: str) -> None:
    try:
        shared()
    except NoKernelsError as exc:
        pytest.skip(str(exc))
    path = with_layer(name, reference_of(name, normed=name != "qwen3-loopy"), tmp_path, quant="Q8_0")
    engine, files = Engine(), inspect(path)
    asked = LoadRequest(str(path), draft="mtp", device="cpu")
    ready, seen = load(engine, path, draft="mtp", dtype="auto", context_length=128, cache_tokens=256)
    exact = TORCH >= EXACT_TORCH or name != "qwen3_5_moe-loopy"
    assert (ready.draft, ready.dtype, ready.exact_rows, notices(seen)) == ("mtp", "packed", exact, [])
    session = session_of(engine)
    states = session.runner.hidden
    assert isinstance(states, TargetStates)
    layer, decoder = states.layer, session.runner.decoder
    assert isinstance(layer, NextTokenLayer)
    experts = files.config.experts is not None
    assert set(layer.kernels[1:]) == {"PackedLinear", "JoinedLinear"} | ({"PlainLinear"} if experts else set())
    # what is reckoned before is what is held
    fit, item = fit_of(plan(asked), cpu()), layer.dtype.itemsize
    assert (fit.format, item) == ("packed", 2 if experts else 4)
    own = layer.mapped.nbytes + (layer.parameters - layer.mapped.numbers) * item
    assert fit.need.draft_weights == next_token_blocks(files) == own
    assert layer.mapped.nbytes > 0.9 * own
    need = need_of(files, "packed", 128, 256, next_token=True)
    caches = session.runner.cache.block_bytes + item * files.config.hidden_size
    kept = session.runner.cache.states
    assert need.cache == caches * session.runner.pool.num_blocks + (0 if kept is None else kept.nbytes)
    memory = memory_use(session)
    assert memory.weights is not None
    assert fit.need.weights == pytest.approx(
        memory.weights - own, rel=0.15 if experts else 0.02
    )  # a router is narrower
    assert isinstance(decoder, Decoder if experts else PackedDecoder)
    for options in ({}, {"sampling": SamplingParams(temperature=0.8, seed=5)}):
        request = ask(SAID[3], max_tokens=40, k="fixed:3", **options)
        drafted, plain = (finish(engine, replace(request, mode=mode)) for mode in ("speculative", "autoregressive"))
        assert drafted.metrics.drafted_tokens > 0
        assert drafted.token_ids == plain.token_ids
    engine.close()


def test_what_it_takes_is_reckoned(taught_file: Path) -> None:
    engine = Engine()
    load(engine, taught_file, draft="mtp", context_length=256, cache_tokens=512)
    session, files = session_of(engine), inspect(taught_file)
    states = session.runner.hidden
    assert isinstance(states, TargetStates)
    own = next_token_weights(files.config, "float32")
    assert own == pytest.approx(4 * states.layer.parameters, rel=0.02)
    cache = session.runner.cache.block_bytes * session.runner.pool.num_blocks
    need = need_of(files, "float32", 256, 512, next_token=True)
    assert need.cache == cache + session.runner.pool.num_blocks * files.config.hidden_size * 4
    request = LoadRequest(str(taught_file), draft="mtp", device="cpu", dtype="float32")
    fit = fit_of(plan(request), cpu())
    assert (fit.draft_name, fit.need.draft_weights) == ("mtp", own)
    assert fit_of(plan(replace(request, draft="ngram")), cpu()).need.draft_weights == 0
    engine.close()


def test_a_sum_of_layers_that_is_no_model_is_refused(tmp_path: Path) -> None:
    from tests.engine.made.tiny import write_gguf

    path = write_gguf("qwen3", 0, tmp_path / "m.gguf", **{"qwen3.nextn_predict_layers": 2})
    with pytest.raises(HelixError):
        inspect(path)
