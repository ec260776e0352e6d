"""The engine's requests: loading, falling back, refusing, and being usable after each of them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from helix_app.base import messages
from helix_app.engine.engine import Engine
from helix_app.engine.kernels import low_bit
from helix_app.engine.loading import place
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.measuring import formats
from helix_app.engine.models.decoder import Decoder
from helix_app.protocol.events import CacheSnapshot, Event, Failed, Finished, Notice, RoundDone
from helix_app.protocol.models.loading import LoadProgress, ModelReady, Unloaded
from helix_app.protocol.requests import GenerateRequest, LoadRequest, SamplingParams, UnloadRequest
from tests.engine.made.tiny import Zoo, ask, check_idle, events, finish, loaded, tokenizer, write_gguf
from tests.modelfiles.gguf.test_gguf_config import made

GPU = Device("cuda", torch.device("cpu"), "A Card")


@pytest.fixture
def target(zoo: Zoo) -> Path:
    return zoo.gguf("llama")


@pytest.fixture(scope="module")
def ready_engine(zoo: Zoo) -> Engine:
    """A loaded engine that no test here spoils."""
    return loaded(zoo.gguf("llama"), "ngram")


@pytest.fixture
def other_words(tmp_path: Path) -> Path:
    """A model whose tokenizer names token 3 differently."""
    vocab = tokenizer().get_vocab()
    tokens = sorted(vocab, key=lambda token: vocab[token])
    tokens[3] = "<|other|>"
    return write_gguf("llama", 0, tmp_path / "other.gguf", tokens=tokens)


def request_for(target: Path, **options: Any) -> LoadRequest:
    return LoadRequest(str(target), **{"draft": "none", "device": "cpu", "dtype": "float32", **options})


def load(engine: Engine, target: Path, **options: Any) -> list[Event]:
    return events(engine, request_for(target, **options))


def notices(seen: list[Event]) -> list[Notice]:
    return [e for e in seen if isinstance(e, Notice)]


def failure(seen: list[Event]) -> Failed:
    """The failure a request ended with; it must have a sentence of its own with every field filled."""
    last = seen[-1]
    assert isinstance(last, Failed), last
    assert last.code in messages.ERRORS
    assert "–" not in messages.error_text(last.code, last.fields)
    return last


# --------------------------------------------------------------------------- loading


def test_a_load_reports_its_stages_and_ends_ready(target: Path) -> None:
    engine = Engine()
    seen = load(engine, target, target_name="Tiny", context_length=100)
    stages = [e.stage for e in seen if isinstance(e, LoadProgress)]
    assert set(stages) <= set(messages.STAGES)
    order = ["read_header", "tokenizer", "devices", "cpu", "weights", "allocate_cache", "warm_up"]
    assert list(dict.fromkeys(stages)) == order
    fractions = [e.fraction for e in seen if isinstance(e, LoadProgress) and e.stage == "weights"]
    assert fractions == sorted(f for f in fractions if f is not None)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready is engine.ready
    assert (ready.target_name, ready.device, ready.dtype, ready.draft) == ("Tiny", "cpu", "float32", "none")
    assert (ready.context_length, ready.block_size, ready.target_blocks, ready.draft_blocks) == (100, 16, 7, 0)
    snapshots = [e for e in seen if isinstance(e, CacheSnapshot)]
    assert [s.pool for s in snapshots] == ["target"]
    assert snapshots[0].full
    assert snapshots[0].used_blocks == 0
    check_idle(engine)


def test_a_draft_model_is_loaded_beside_the_target(target: Path) -> None:
    engine = Engine()
    seen = load(engine, target, draft=str(target), draft_name="Small")
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.draft, ready.draft_name) == ("model", "Small")
    assert ready.draft_blocks == ready.target_blocks
    assert [e.pool for e in seen if isinstance(e, CacheSnapshot)] == ["target", "draft"]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"), "not enough memory on it"),
        (
            RuntimeError("Could not allocate tensor with 100 bytes. There is not enough GPU video memory available!"),
            "not enough memory on it",
        ),
        (RuntimeError("device lost"), "it failed while loading"),
    ],
    ids=["cuda", "directml", "lost"],
)
@pytest.mark.parametrize("at", [0, 1], ids=["at once", "halfway"])
def test_a_card_that_fails_is_given_up_for_the_cpu(
    target: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str, at: int
) -> None:
    monkeypatch.setattr(place, "pick_device", lambda *_: (GPU, ""))
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    real, calls = Decoder.load, []

    def broken(self: Decoder, source: Any, like: Decoder | None = None) -> Iterator[float]:
        calls.append(self)
        if len(calls) > 1:
            yield from real(self, source)
            return
        for i, fraction in enumerate(real(self, source)):
            if i == at:
                raise error
            yield fraction

    monkeypatch.setattr(Decoder, "load", broken)
    engine = Engine()
    seen = load(engine, target, device="auto", draft="ngram")
    (notice,) = notices(seen)
    assert notice.code == "fallback_cpu"
    assert dict(notice.fields) == {"device": "A Card", "reason": reason}
    assert notice.detail == str(error)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.device == "cpu"
    assert len(calls) == 2
    assert finish(engine, ask(max_tokens=5)).metrics.tokens_generated == 5


@pytest.mark.parametrize(("error", "code"), [(MemoryError(), "out_of_memory"), (RuntimeError("strange"), "internal")])
def test_a_cpu_that_fails_is_the_end_of_that_load_only(
    target: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, code: str
) -> None:
    def broken(self: Decoder, source: Any, like: Decoder | None = None) -> Iterator[float]:
        raise error
        yield 0.0

    engine = Engine()
    with monkeypatch.context() as patch:
        patch.setattr(Decoder, "load", broken)
        last = load(engine, target)[-1]
    assert isinstance(last, Failed)
    assert last.code == code
    assert isinstance(load(engine, target)[-1], ModelReady)
    finish(engine, ask(max_tokens=3))


@pytest.mark.parametrize("as_draft", [False, True])
def test_experts_leave_directml_for_the_cpu(
    zoo: Zoo, target: Path, monkeypatch: pytest.MonkeyPatch, as_draft: bool
) -> None:
    card = Device("directml", torch.device("cpu"), "A Card")
    monkeypatch.setattr(place, "pick_device", lambda *_: (card, ""))
    monkeypatch.setattr(place.fused_attention, "settle", lambda *_: None)
    path, draft = (target, str(zoo.gguf("qwen3_moe"))) if as_draft else (zoo.gguf("qwen3_moe"), "ngram")
    seen = load(Engine(), path, device="auto", draft=draft)
    (notice,) = notices(seen)
    assert (notice.code, dict(notice.fields)["device"]) == ("fallback_cpu", "A Card")
    assert "kind of model" in dict(notice.fields)["reason"]
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert ready.device == "cpu"


def test_helix_force_cpu_is_said(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELIX_FORCE_CPU", "1")
    seen = load(Engine(), target, device="cuda")
    assert [n.code for n in notices(seen)] == ["forced_cpu"]
    assert isinstance(seen[-1], ModelReady)
    assert seen[-1].device == "cpu"


def test_a_device_that_is_not_there_is_said(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("HELIX_FORCE_CPU", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    seen = load(Engine(), target, device="cuda")
    (notice,) = notices(seen)
    assert notice.code == "fallback_cpu"
    assert dict(notice.fields)["device"] == "cuda"
    assert isinstance(seen[-1], ModelReady)


@pytest.mark.parametrize("stage", ["weights", "draft_weights"])
def test_a_load_that_is_cancelled_unloads(target: Path, stage: str) -> None:
    engine, cancel = Engine(), threading.Event()
    last: Event | None = None
    for last in engine.stream(request_for(target, draft=str(target)), cancel):
        if isinstance(last, LoadProgress) and last.stage == stage:
            cancel.set()
    assert isinstance(last, Unloaded)
    assert engine.session is None
    assert engine.ready is None
    assert failure(events(engine, ask())).code == "no_model_loaded"
    assert isinstance(load(engine, target)[-1], ModelReady)
    finish(engine, ask(max_tokens=3))


def test_nothing_is_written_without_a_model() -> None:
    last = failure(events(Engine(), ask(request_id="x")))
    assert (last.code, last.request_id) == ("no_model_loaded", "x")


def test_unloading_frees_and_may_be_repeated(target: Path) -> None:
    engine = loaded(target)
    for _ in range(2):
        assert events(engine, UnloadRequest()) == [Unloaded()]
        assert engine.session is None
    engine.close()
    engine.close()


def test_a_failed_load_leaves_the_engine_usable(target: Path, tmp_path: Path) -> None:
    engine = Engine()
    text = tmp_path / "notes.gguf"
    text.write_text("shopping list")
    for path, code in ((tmp_path / "nowhere.gguf", "model_not_found"), (text, "model_not_a_model")):
        last = failure(load(engine, path))
        assert (last.code, last.kept) == (code, engine.session is not None)
        assert isinstance(load(engine, target)[-1], ModelReady)
        finish(engine, ask(max_tokens=3))


# --------------------------------------------------------------------------- drafts of another vocabulary


def test_a_draft_of_another_vocabulary_is_re_encoded_where_it_was_asked_for(target: Path, other_words: Path) -> None:
    want = finish(loaded(target), ask()).token_ids
    engine = Engine()
    ready = load(engine, target, draft=str(other_words), draft_name="Other")[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.draft, ready.draft_label) == ("reencoded", "Other (re-encoded)")
    assert (ready.draft_file, ready.draft_blocks > 0) == (str(other_words), True)
    seen = events(engine, ask(k="fixed:3"))
    assert {event.source for event in seen if isinstance(event, RoundDone)} <= {"reencoded", ""}
    assert finish(engine, ask(k="fixed:3")).token_ids == want


def test_an_optional_draft_of_another_vocabulary_is_skipped(
    target: Path, other_words: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats, "int4_share", lambda *_: 1.0)  # what takes its place is measured otherwise
    engine = Engine()
    seen = load(engine, target, draft=str(other_words), draft_required=False, draft_name="Other")
    (notice,) = notices(seen)
    assert notice.code == "draft_skipped"
    assert dict(notice.fields)["draft"] == "Other"
    assert "at token 3 " in dict(notice.fields)["reason"]
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.draft, ready.draft_name, ready.draft_blocks) == ("ngram", "", 0)
    finish(engine, ask(max_tokens=3))


@pytest.mark.parametrize("nonsense", [False, True])
def test_an_optional_draft_that_is_damaged_is_skipped(target: Path, tmp_path: Path, nonsense: bool) -> None:
    empty = tmp_path / "empty.gguf"
    empty.touch()
    draft = made(tmp_path, "granite", logit_scale=0) if nonsense else empty
    seen = load(Engine(), target, draft=str(draft), draft_required=False, draft_name="Other")
    assert [n.code for n in notices(seen)] == ["draft_skipped"]
    assert isinstance(seen[-1], ModelReady)
    assert failure(load(Engine(), target, draft=str(draft))).code == "model_corrupt"


def test_a_draft_of_another_width_with_the_same_words_is_fine(target: Path, zoo: Zoo) -> None:
    want = finish(loaded(target), ask()).token_ids
    for name in ("llama-padded", "llama-small"):
        engine = loaded(target, zoo.gguf(name))
        assert finish(engine, ask(k="fixed:3")).token_ids == want


def test_copies_in_fewer_bits_are_refused_where_no_kernel_exists(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(low_bit, "exists", lambda *_: False)
    for draft in ("self-int4", "self-int8"):
        last = failure(load(Engine(), target, draft=draft))
        assert last.code == "option_unavailable"
        assert dict(last.fields)["option"] == f"draft {draft}"


# --------------------------------------------------------------------------- prompts and options


@pytest.mark.parametrize("raw", [False, True])
@pytest.mark.parametrize(
    ("text", "code"), [("", "prompt_empty"), (" \n\t ", "prompt_empty"), ("word " * 40_000, "prompt_too_long")]
)
def test_prompts_that_cannot_be_used(
    ready_engine: Engine, monkeypatch: pytest.MonkeyPatch, text: str, code: str, raw: bool
) -> None:
    def refuse(*args: object, **kwargs: object) -> list[int]:
        raise AssertionError("a prompt this long need not be tokenised")

    assert ready_engine.session is not None
    monkeypatch.setattr(ready_engine.session.tokenizer, "encode", refuse)
    monkeypatch.setattr(ready_engine.session.tokenizer, "encode_chat", refuse)
    request = GenerateRequest("r", prompt=text, raw=True) if raw else ask(text)
    last = failure(events(ready_engine, request))
    assert (last.code, last.request_id) == (code, "r")
    check_idle(ready_engine)


def test_a_prompt_just_over_the_context_is_refused(ready_engine: Engine) -> None:
    last = failure(events(ready_engine, ask("z" * 300)))
    assert last.code == "prompt_too_long"
    assert dict(last.fields)["limit"] == "256"


def test_a_request_without_messages_is_refused(ready_engine: Engine) -> None:
    assert failure(events(ready_engine, GenerateRequest("r"))).code == "prompt_empty"


@pytest.mark.parametrize("text", ["🙂🙃", "é", "\u200b漢字", "a\u0000b", "<|im_end|>"])
def test_any_characters_are_a_prompt(ready_engine: Engine, text: str) -> None:
    want = finish(ready_engine, ask(text, mode="autoregressive"))
    assert finish(ready_engine, ask(text)).token_ids == want.token_ids
    assert want.metrics.tokens_generated > 0


def sampled(**options: Any) -> dict[str, Any]:
    return {"sampling": SamplingParams(**options)}


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        ({"verify": "coupled"}, None, ""),
        ({"verify": "exact"}, "option_invalid", "verify"),
        ({"k": "fixed:0"}, None, ""),
        ({"k": "fixed:-1"}, "option_invalid", "k"),
        ({"k": "fixed:x"}, "option_invalid", "k"),
        ({"k": "many"}, "option_invalid", "k"),
        ({"k": ""}, "option_invalid", "k"),
        ({"mode": "fast"}, "option_invalid", "mode"),
        ({"max_tokens": 0}, "option_invalid", "max-tokens"),
        (sampled(temperature=-0.1), "option_invalid", "temperature"),
        (sampled(temperature=float("nan")), "option_invalid", "temperature"),
        (sampled(top_k=-1), "option_invalid", "top-k"),
        (sampled(top_p=0.0), "option_invalid", "top-p"),
        (sampled(top_p=1.5), "option_invalid", "top-p"),
        (sampled(min_p=-1.0), "option_invalid", "min-p"),
        (sampled(repetition_penalty=0.0), "option_invalid", "repetition-penalty"),
        (sampled(seed=-1), "option_invalid", "seed"),
    ],
    ids=str,
)
def test_wrong_options_are_refused(ready_engine: Engine, options: dict[str, Any], code: str | None, named: str) -> None:
    seen = events(ready_engine, ask(**{"max_tokens": 4, **options}))
    if code is None:
        assert isinstance(seen[-1], (Finished, Failed))
        assert not isinstance(seen[-1], Failed) or seen[-1].code == "option_invalid"
        return
    last = failure(seen)
    assert last.code == code
    assert dict(last.fields)["option"] == named
    assert len(seen) == 1
    check_idle(ready_engine)


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"device": "abacus"}, "option_invalid"),
        ({"dtype": "int8"}, "option_invalid"),
        ({"dtype": "float8"}, "option_invalid"),
    ],
    ids=str,
)
def test_wrong_ways_to_load_are_refused(target: Path, options: dict[str, Any], code: str) -> None:
    assert failure(load(Engine(), target, **options)).code == code
