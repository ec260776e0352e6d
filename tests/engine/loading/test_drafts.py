"""Drafts of a loaded model: those that are the target in fewer bits, and which one auto takes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.base import messages
from helix_app.engine.drafts.mixed import MixedDraft
from helix_app.engine.drafts.model import ModelDraft
from helix_app.engine.drafts.ngrams.ngram import NgramDraft
from helix_app.engine.drafts.on_target.self_draft import SelfDraft
from helix_app.engine.engine import Engine
from helix_app.engine.kernels import low_bit
from helix_app.engine.loading import drafts, runners
from helix_app.engine.machine import threads
from helix_app.engine.measuring import formats
from helix_app.engine.models.decoder import Decoder
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Notice, RoundDone
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadRequest
from tests.engine.kernels.test_low_bit import needs
from tests.engine.made.tiny import Zoo, ask, events, finish, session_of


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama-q4", quant="Q4_0")


@pytest.fixture
def pays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packed weights are taken to be fast here: what is measured is another test's."""
    share = 0.5 if low_bit.exists(4, torch.device("cpu")) else 2.0
    monkeypatch.setattr(formats, "int4_share", lambda *_: share)
    monkeypatch.setattr(drafts, "_copy_pays", lambda target: share < 1)


def load(engine: Engine, target: Path, **options: Any) -> tuple[ModelReady, list[Event]]:
    request = LoadRequest(str(target), **{"draft": "none", "device": "cpu", "dtype": "float32", **options})
    seen = events(engine, request)
    assert isinstance(seen[-1], ModelReady), seen[-1]
    return seen[-1], seen


def notices(seen: list[Event]) -> list[Notice]:
    found = [event for event in seen if isinstance(event, Notice)]
    for notice in found:
        text = messages.notice_text(notice.code, dict(notice.fields))
        assert text
        assert "{" not in text
    return found


# --------------------------------------------------------------------------- drafts


@pytest.mark.parametrize("bits", [pytest.param(4, marks=needs(4)), pytest.param(8, marks=needs(8))])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_copy_in_fewer_bits_shares_pool_and_cache(target: Path, dtype: str, bits: int) -> None:
    engine = Engine()
    ready, seen = load(engine, target, draft=f"self-int{bits}", dtype=dtype, context_length=128)
    assert (ready.draft, ready.draft_name, ready.draft_blocks, ready.dtype) == (f"self-int{bits}", "", 0, dtype)
    session = session_of(engine)
    draft = session.draft
    assert isinstance(draft, SelfDraft)  # asked for by name: used alone
    assert session.draft_runner is None
    assert draft.runner.pool is session.runner.pool
    assert draft.runner.cache is session.runner.cache
    assert draft.runner.decoder is not session.runner.decoder
    assert draft.runner.max_tokens == session.runner.max_tokens == 128
    assert draft.runner.costs.samples(1, 0) > 0  # its step was measured
    assert notices(seen) == []
    stages = [e.stage for e in seen if isinstance(e, LoadProgress)]
    assert set(stages) <= set(messages.STAGES)
    assert "draft_weights" in stages
    assert {e.pool for e in seen if isinstance(e, CacheSnapshot)} == {"target"}
    got = events(engine, ask(k="fixed:3", max_tokens=20))
    assert any(e.accepted for e in got if isinstance(e, RoundDone))


@needs(8)
def test_stop_while_the_copy_is_made(target: Path) -> None:
    import threading

    engine, cancel = Engine(), threading.Event()
    for last in engine.stream(LoadRequest(str(target), draft="self-int8", device="cpu", dtype="float32"), cancel):
        if isinstance(last, LoadProgress) and last.stage == "draft_weights":
            cancel.set()
    assert isinstance(last, Unloaded)
    assert engine.session is None


@needs(4)
@pytest.mark.usefixtures("pays")
def test_auto_takes_text_and_copy_where_that_pays(target: Path) -> None:
    engine = Engine()
    ready, _ = load(engine, target, draft="auto")
    assert ready.draft == "self-int4"
    draft = session_of(engine).draft
    assert isinstance(draft, MixedDraft)
    assert isinstance(draft.model, SelfDraft)
    assert finish(engine, ask()).metrics.tokens_generated > 0


def test_auto_is_the_text_alone_where_it_does_not(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "int4_share", lambda *_: 1.0)
    engine = Engine()
    assert load(engine, target, draft="auto")[0].draft == "ngram"
    assert isinstance(session_of(engine).draft, NgramDraft)


@needs(4)
@pytest.mark.usefixtures("pays")
def test_a_target_in_four_bits_is_not_copied(target: Path) -> None:
    engine = Engine()
    ready, _ = load(engine, target, draft="auto", dtype="int4")
    assert (ready.draft, ready.dtype) == ("ngram", "int4")


@needs(8)
def test_a_draft_model_that_cannot_be_used_leaves_auto(
    target: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty.gguf").touch()
    engine = Engine()
    monkeypatch.setattr(formats, "int4_share", lambda *_: 1.0)
    options = {"draft": str(tmp_path / "empty.gguf"), "draft_required": False, "draft_name": "Other"}
    ready, seen = load(engine, target, **options)
    assert ([n.code for n in notices(seen)], ready.draft) == (["draft_skipped"], "ngram")


def test_the_copy_is_calibrated_on_the_target_s_pool_and_leaves_nothing(
    target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no kernel at all, a dense copy stands in for the packed one."""
    monkeypatch.setattr(low_bit, "exists", lambda *_: True)
    monkeypatch.setattr(drafts, "_HEAD_BITS", 0)
    real = Decoder.__init__

    def dense(self: Decoder, *args: Any, **options: Any) -> None:
        real(self, *args, **{**options, "bits": 0})

    monkeypatch.setattr(Decoder, "__init__", dense)
    engine = Engine()
    load(engine, target, draft="self-int4")
    pool = session_of(engine).runner.pool
    pool.check_integrity()
    assert (pool.used_blocks, pool.tables()) == (0, {})
    want = finish(engine, ask(mode="autoregressive", max_tokens=30))
    session_of(engine).clear_caches()
    got = finish(engine, ask(k="fixed:4", max_tokens=30))
    assert got.token_ids == want.token_ids
    assert (got.metrics.acceptance_rate or 0) > 0.8


@pytest.mark.parametrize(("required", "kind"), [(True, ModelDraft), (False, MixedDraft)])
def test_a_draft_model_drafts_alone_where_it_was_asked_for_and_beside_the_text_on_auto(
    zoo: Zoo, required: bool, kind: type
) -> None:
    engine, path = Engine(), zoo.gguf("llama-small")
    ready, _ = load(engine, path, draft=str(path), draft_required=required, context_length=64)
    session = session_of(engine)
    assert (ready.draft, type(session.draft)) == ("model", kind)
    assert session.draft_runner is not None
    assert session.draft_runner.pool is not session.runner.pool
    assert session.draft_runner.max_tokens == 64


@pytest.mark.parametrize("stage", ["made", "measured", "used"])
def test_a_draft_that_fails_behind_its_weights_gives_its_threads_back(
    target: Path, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    """Each packed model has borrowed PyTorch's threads; both loans end with the load."""
    calls: list[int] = []

    def second_fails(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            calls.append(len(threads._lent))
            if len(calls) == 2:
                raise MemoryError
            return real(*args, **named)

        return call

    def fail(*_: Any) -> Any:
        calls.append(len(threads._lent))
        raise MemoryError

    monkeypatch.setattr(threads, "_lent", [])
    if stage == "used":
        monkeypatch.setattr(drafts, "ModelDraft", fail)
    else:
        name = {"made": "PackedDecoder", "measured": "calibrate"}[stage]
        monkeypatch.setattr(runners, name, second_fails(getattr(runners, name)))
    request = LoadRequest(str(target), draft=str(target), device="cpu", dtype="packed")
    assert isinstance(events(Engine(), request)[-1], Failed)
    assert calls[-1] == 2
    assert threads._lent == []
