"""A pick that cannot be loaded costs nothing: the model that was loaded before is still there, or is again."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from helix_app.engine.engine import Engine
from helix_app.engine.kernels import low_bit
from helix_app.engine.models.decoder import Decoder
from helix_app.protocol.events import CacheSnapshot, Event, Failed
from helix_app.protocol.models.loading import Checked, LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo, ask, events, finish, loaded, session_of
from tests.engine.test_engine import failure, load, other_words as other_words, request_for


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama")


@pytest.fixture
def wrong_picks(target: Path, other_words: Path, tmp_path: Path) -> dict[str, tuple[str, LoadRequest]]:
    """Loads that cannot succeed, each with the code that says why."""
    text = tmp_path / "notes.gguf"
    text.write_text("shopping list")
    (tmp_path / "empty.gguf").touch()
    return {
        "nothing there": ("model_not_found", request_for(tmp_path / "nowhere.gguf")),
        "no model": ("model_not_a_model", request_for(text)),
        "no model as draft": ("model_not_a_model", request_for(target, draft=str(text))),
        "an empty file": ("model_corrupt", request_for(tmp_path / "empty.gguf")),
        "no device": ("option_invalid", request_for(target, device="abacus")),
        "no number format": ("option_invalid", request_for(target, dtype="float8")),
    }


def test_a_wrong_pick_leaves_the_loaded_model_as_it_is(
    target: Path, wrong_picks: dict[str, tuple[str, LoadRequest]]
) -> None:
    engine = loaded(target)
    want = finish(engine, ask(max_tokens=6))
    session, ready, cached = session_of(engine), engine.ready, session_of(engine).runner.pool.cached_blocks
    assert cached
    for what, (code, request) in wrong_picks.items():
        seen = events(engine, request)
        last = failure(seen)
        assert (last.code, last.kept) == (code, True), what
        assert not any(isinstance(e, (CacheSnapshot, ModelReady, Unloaded)) for e in seen), what
        assert engine.session is session, what
        assert engine.ready is ready, what
        assert session.runner.pool.cached_blocks == cached, what
    assert finish(engine, ask(max_tokens=6)).token_ids == want.token_ids


def test_a_copy_that_no_kernel_runs_leaves_the_loaded_model(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_bit, "exists", lambda *_: False)
    engine = loaded(target)
    session = session_of(engine)
    assert failure(load(engine, target, draft="self-int4")).kept
    assert engine.session is session


def test_checking_a_load_loads_nothing(target: Path, wrong_picks: dict[str, tuple[str, LoadRequest]]) -> None:
    engine = loaded(target)
    session = session_of(engine)
    assert events(engine, replace(request_for(target), check_only=True)) == [Checked()]
    for what in ("nothing there", "no model", "no model as draft"):
        code, request = wrong_picks[what]
        assert failure(events(engine, replace(request, check_only=True))).code == code
    assert engine.session is session


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("strange")], ids=["memory", "strange"])
def test_a_load_that_fails_late_brings_the_model_before_back(
    target: Path, zoo: Zoo, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    engine = loaded(target, target_name="Before")
    want = finish(engine, ask(max_tokens=6)).token_ids
    real, calls = Decoder.load, []

    def broken(self: Decoder, source: Any, like: Decoder | None = None) -> Iterator[float]:
        calls.append(self)
        if len(calls) == 1:
            assert engine.session is None  # two models at once may be one too many
            raise error
        yield from real(self, source)

    monkeypatch.setattr(Decoder, "load", broken)
    seen = load(engine, zoo.gguf("llama-small"))
    assert failure(seen).kept
    assert [e.detail for e in seen if isinstance(e, LoadProgress) and e.stage == "bring_back"] == ["Before"]
    ready = [e for e in seen if isinstance(e, ModelReady)]
    assert [e.target_name for e in ready] == ["Before"]
    assert engine.ready is ready[0]
    assert finish(engine, ask(max_tokens=6)).token_ids == want


def test_a_model_that_cannot_come_back_is_said_to_be_gone(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded(target)

    def broken(self: Decoder, source: Any, like: Decoder | None = None) -> Iterator[float]:
        raise RuntimeError("strange")
        yield 0.0

    monkeypatch.setattr(Decoder, "load", broken)
    last = failure(load(engine, target))
    assert (last.code, last.kept, engine.ready) == ("internal", False, None)


@pytest.mark.parametrize("check_only", [False, True])
def test_a_load_that_is_stopped_before_it_took_anything_keeps_the_model(target: Path, check_only: bool) -> None:
    engine, cancel = loaded(target), threading.Event()
    session = session_of(engine)
    last: Event | None = None
    request = request_for(target, draft=str(target), stop_at="short", check_only=check_only)
    for last in engine.stream(request, cancel):
        if isinstance(last, LoadProgress) and last.stage == "devices":
            cancel.set()
    assert isinstance(last, Failed)
    assert (last.code, last.kept) == ("load_cancelled", True)
    assert engine.session is session
    finish(engine, ask(max_tokens=3))


def test_a_wrong_pick_after_one_that_was_stopped_brings_the_model_before_back(
    target: Path, zoo: Zoo, tmp_path: Path
) -> None:
    engine, cancel = loaded(target, target_name="Before"), threading.Event()
    for event in engine.stream(request_for(zoo.gguf("llama-small")), cancel):
        if isinstance(event, LoadProgress) and event.stage == "weights":
            cancel.set()  # as another pick does
    assert engine.ready is None
    seen = load(engine, tmp_path / "nowhere.gguf")
    assert failure(seen).kept
    assert engine.ready is not None
    assert engine.ready.target_name == "Before"


def test_a_look_that_is_stopped_where_nothing_is_loaded_keeps_nothing(target: Path) -> None:
    engine, cancel = Engine(), threading.Event()
    cancel.set()
    last = events(engine, request_for(target, stop_at="short", check_only=True), cancel)[-1]
    assert last == Failed("load_cancelled")
