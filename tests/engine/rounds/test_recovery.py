"""Replies that outlive their device, in this process: many at once, stopped on the way, and with nowhere to go."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.loading import place
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.measuring import calibration
from helix_app.engine.models.parts.attention import Attention
from helix_app.engine.rounds import scheduler
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, Notice, PrefillProgress, RoundDone
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import GenerateRequest, LoadRequest, UnloadRequest, Written
from tests.engine.made.tiny import Zoo, ask, check_idle, events, finish, loaded, session_of

LOST = "CUDA error: unspecified launch failure"
MEMORY = "CUDA out of memory. Tried to allocate 2.00 GiB"


class Gpu:
    """The CPU under another name, which fails on command.

    Attributes:
        words: what a pass on it raises; empty for none.
    """

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.words = ""
        attention, pick = Attention._mixed, place.pick_device
        self._used = False

        def pick_device(wanted: str, cancel: threading.Event | None = None) -> tuple[Device, str]:
            self._used = wanted != "cpu"
            return (Device("cuda", torch.device("cpu"), "Stand-in GPU"), "") if self._used else pick(wanted, cancel)

        def fails(half: Attention, *args: Any) -> torch.Tensor:
            if self.words and self._used and half._index == 1:
                raise RuntimeError(self.words)
            return attention(half, *args)

        patch.setattr(place, "pick_device", pick_device)
        patch.setattr(calibration, "_DEVICE_SECONDS", 0.0)
        patch.setattr(Attention, "_mixed", fails)


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    return Gpu(monkeypatch)


def codes(seen: list[Event]) -> list[str]:
    return [event.code for event in seen if isinstance(event, (Notice, Failed))]


def ids_of(seen: list[Event]) -> dict[str, tuple[int, ...]]:
    return {event.request_id: event.token_ids for event in seen if isinstance(event, Finished)}


def fail_after(events_: Any, count: int, then: Callable[[], None]) -> list[Event]:
    """All events; ``then`` happens after so many of them that are not snapshots."""
    seen: list[Event] = []
    for event in events_:
        seen.append(event)
        if not isinstance(event, CacheSnapshot) and sum(not isinstance(e, CacheSnapshot) for e in seen) == count:
            then()
    return seen


@pytest.mark.parametrize("words", [LOST, MEMORY])
def test_replies_written_at_once_move_together(zoo: Zoo, gpu: Gpu, words: str) -> None:
    engine = loaded(zoo.gguf("llama"), zoo.gguf("llama"), device="auto", cache_tokens=1024)
    requests = [ask(text, request_id=text) for text in ("the cat", "the dog", "rain", "the house")]
    expected = ids_of(list(engine.stream_many(requests, threading.Event())))
    session_of(engine).clear_caches()

    def fail() -> None:
        gpu.words = words

    seen = fail_after(engine.stream_many(requests, threading.Event()), 12, fail)
    assert codes(seen) == ["moved_to_cpu"]
    assert ids_of(seen) == expected
    assert len(expected) == 4
    assert engine.ready is not None
    assert engine.ready.device == "cpu"
    check_idle(engine)


def test_memory_that_suffices_for_less_cache(zoo: Zoo, gpu: Gpu) -> None:
    engine = loaded(zoo.gguf("llama"), zoo.gguf("llama"), device="auto", cache_tokens=1024)
    expected = finish(engine, ask())
    blocks = session_of(engine).runner.pool.num_blocks
    session_of(engine).clear_caches()

    seen: list[Event] = []
    for event in engine.stream(ask(), threading.Event()):
        if isinstance(event, RoundDone) and not any(isinstance(one, RoundDone) for one in seen):
            gpu.words = MEMORY  # after one round, however many tokens it gave
        seen.append(event)
        if gpu.words and isinstance(event, ModelReady):
            gpu.words = ""  # what was freed is enough
    assert codes(seen) == ["context_reduced"]
    ready = engine.ready
    assert ready is not None
    assert (ready.device, ready.target_blocks) == ("cuda", session_of(engine).runner.pool.num_blocks)
    assert ready.target_blocks == blocks // 2
    assert ready.context_length == session_of(engine).runner.max_tokens
    assert seen[-1].token_ids == expected.token_ids  # type: ignore[union-attr]
    check_idle(engine)


def test_a_rung_that_did_not_help_is_not_told(zoo: Zoo, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "LONG_PROMPT", 8)
    engine = loaded(zoo.gguf("llama"), device="auto", cache_tokens=1024)
    expected = finish(engine, ask())
    session_of(engine).clear_caches()
    gpu.words = MEMORY  # with a smaller cache, too
    seen = events(engine, ask())
    kinds = [type(event) for event in seen if isinstance(event, (Notice, PrefillProgress))]
    assert kinds.index(Notice) >= 2  # with each cache it was told first how far the prompt is
    assert codes(seen) == ["moved_to_cpu"]
    assert ids_of(seen) == {"r": expected.token_ids}


def break_cache(patch: pytest.MonkeyPatch, engine: Engine) -> None:
    """A cache that gave its memory back gets none for a smaller one."""

    def replaced(cache: Any, blocks: int) -> None:
        cache.release()
        raise RuntimeError(MEMORY)

    patch.setattr(type(session_of(engine).runner.cache), "replaced", replaced)


def test_a_rung_that_fails_itself_gives_way_to_the_next(zoo: Zoo, gpu: Gpu, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded(zoo.gguf("llama"), device="auto", cache_tokens=1024)
    expected = finish(engine, ask())
    session_of(engine).clear_caches()
    break_cache(monkeypatch, engine)
    gpu.words = MEMORY
    seen = events(engine, ask())
    assert codes(seen) == ["moved_to_cpu"]
    assert ids_of(seen) == {"r": expected.token_ids}
    assert finish(engine, ask()).token_ids == expected.token_ids


def test_on_the_cpu_it_costs_the_replies_and_not_the_next(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded(zoo.gguf("llama"), cache_tokens=1024)
    expected = finish(engine, ask())
    session_of(engine).clear_caches()
    assert engine.ready is not None
    name = engine.ready.device_name

    def no_memory(*_: object) -> torch.Tensor:
        raise RuntimeError(MEMORY)

    with monkeypatch.context() as patch:
        break_cache(patch, engine)
        patch.setattr(Attention, "_mixed", no_memory)
        seen = events(engine, ask())
    assert codes(seen) == ["device_out_of_memory"]
    assert isinstance(seen[-1], Failed)
    assert dict(seen[-1].fields) == {"device": name}
    assert finish(engine, ask()).token_ids == expected.token_ids


def test_stop_while_the_model_moves(zoo: Zoo, gpu: Gpu) -> None:
    engine = loaded(zoo.gguf("llama"), device="auto")
    expected = finish(engine, ask(max_tokens=40))
    session_of(engine).clear_caches()
    cancel = threading.Event()
    seen: list[Event] = []
    for event in engine.stream(ask(max_tokens=40), cancel):
        seen.append(event)
        if len(seen) == 20:
            gpu.words = LOST
        if isinstance(event, LoadProgress) and event.stage == "weights":
            cancel.set()
    result = seen[-1]
    assert isinstance(result, Finished)
    assert result.reason == "cancelled"
    assert 0 < len(result.token_ids) < 40
    assert result.token_ids == expected.token_ids[: len(result.token_ids)]
    assert engine.session is None
    again = events(engine, ask(max_tokens=40))  # what the person stopped is done for the next message
    assert ids_of(again) == {"r": expected.token_ids}
    assert engine.ready is not None
    assert engine.ready.device == "cpu"


def test_nowhere_to_go(zoo: Zoo, gpu: Gpu, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(zoo.gguf("llama").read_bytes())
    engine = loaded(path, device="auto")
    expected = finish(engine, ask())
    session_of(engine).clear_caches()
    whole = path.read_bytes()

    def fail() -> None:
        gpu.words = LOST
        path.unlink()

    failed = fail_after(engine.stream(ask(), threading.Event()), 8, fail)[-1]
    assert isinstance(failed, Failed)
    assert (failed.code, failed.request_id) == ("model_not_found", "r")
    assert codes(events(engine, ask())) == ["model_not_found"]
    path.write_bytes(whole)
    assert ids_of(events(engine, ask())) == {"r": expected.token_ids}


def test_a_lost_device_is_not_tried_again_in_this_process(zoo: Zoo, gpu: Gpu) -> None:
    engine = loaded(zoo.gguf("llama"), device="auto")
    gpu.words = LOST
    assert codes(events(engine, ask())) == ["moved_to_cpu"]
    gpu.words = ""
    again = events(engine, LoadRequest(str(zoo.gguf("llama")), dtype="float32"))
    assert codes(again) == ["fallback_cpu"]
    assert [event.device for event in again if isinstance(event, ModelReady)] == ["cpu"]


def test_an_error_of_helix_itself_is_told_and_leaves_no_block(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = loaded(zoo.gguf("llama"))
    expected = finish(engine, ask())
    session_of(engine).clear_caches()
    with monkeypatch.context() as patch:
        patch.setattr(Attention, "_mixed", lambda *_: torch.zeros(1) @ torch.zeros(2))
        seen = events(engine, ask())
    assert codes(seen) == ["internal"]
    assert [e.used_blocks for e in seen if isinstance(e, CacheSnapshot)][-1] == 0
    check_idle(engine)
    assert finish(engine, ask()).token_ids == expected.token_ids


@pytest.mark.parametrize("draft", ["none", "llama", "self-int8"])
def test_unloading_frees_weights_and_cache_whoever_still_looks(zoo: Zoo, draft: str) -> None:
    engine = loaded(zoo.gguf("llama-q4"), zoo.gguf("llama-q4") if draft == "llama" else draft)
    session = session_of(engine)
    tensors = [weakref.ref(t) for t in (*session.runner.cache.keys, *session.runner.cache.values)]
    tensors.append(weakref.ref(session.runner.decoder._embed))
    if draft == "llama":
        assert session.draft_runner is not None
        tensors += [weakref.ref(t) for t in session.draft_runner.cache.keys]
    events(engine, UnloadRequest())
    gc.collect()
    assert all(tensor() is None for tensor in tensors)  # though ``session`` is still here
    with pytest.raises(RuntimeError):
        session.runner.try_rows(1)


def test_the_rest_of_a_reply_that_another_engine_began(zoo: Zoo) -> None:
    engine = loaded(zoo.gguf("llama"), zoo.gguf("llama"))
    whole = finish(engine, ask())
    for had in (1, 5, len(whole.token_ids) - 1, len(whole.token_ids)):
        rounds = tuple((0, 0, 1, 0.01) for _ in range(had - 1))
        written = Written(whole.token_ids[:had], whole.metrics.prompt_tokens, 0, rounds, 2.0, 0.5)
        base = ask()
        request = GenerateRequest(**{**vars(base), "written": written})
        seen = events(engine, request)
        result = seen[-1]
        assert isinstance(result, Finished)
        assert (result.token_ids, result.text, result.reason) == (whole.token_ids, whole.text, whole.reason)
        metrics = result.metrics
        assert metrics.tokens_generated == len(whole.token_ids)
        assert metrics.prompt_tokens == whole.metrics.prompt_tokens
        assert metrics.time_seconds > 2.0
        assert metrics.time_to_first_token == pytest.approx(0.5)
        assert metrics.target_passes >= had - 1
        check_idle(engine)


def test_a_smaller_context_takes_back_nothing_that_was_written(zoo: Zoo) -> None:
    large, small = loaded(zoo.gguf("llama")), loaded(zoo.gguf("llama"), context_length=64)
    for engine in (large, small):
        session_of(engine).eos = frozenset()
    whole = finish(large, ask(max_tokens=60))
    count = whole.metrics.prompt_tokens
    assert count is not None
    assert count + 60 > 64
    result = finish(small, ask(max_tokens=80, written=Written(whole.token_ids, count, 0, (), 2.0, 0.5)))
    assert (result.token_ids, result.text, result.reason) == (whole.token_ids, whole.text, "context_full")
