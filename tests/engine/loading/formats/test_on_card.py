"""When a packed file stays packed on a card: on one that is a CPU, with plain arithmetic for Triton's kernels."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.engine import interpreted as interpreted  # isort: skip  (before Triton)
from helix_app.base import messages
from helix_app.engine.engine import Engine
from helix_app.engine.loading import place
from helix_app.engine.loading.fitting.fit import Memory, fit_of
from helix_app.engine.loading.fitting.needs import need_of, packed_weights
from helix_app.engine.loading.formats import on_card
from helix_app.engine.loading.plan import plan
from helix_app.engine.machine import jobs
from helix_app.engine.machine.devices import packed_products
from helix_app.engine.machine.devices.device import Device
from helix_app.engine.measuring import calibration, formats
from helix_app.engine.models.card_decoder import CardDecoder
from helix_app.modelfiles.model_path import inspect
from helix_app.protocol.events import Event, Notice
from helix_app.protocol.models.loading import LoadProgress, ModelReady
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo, ask, events, finish, runners, session_of

CARD = Device("cuda", torch.device("cpu"), "Stand-in card")


class Card:
    """What its trials say: seconds of packed and of dense products, or what is wrong."""

    def __init__(self) -> None:
        self.packed, self.dense, self.wrong = 1.0, 2.0, False
        self.trials: list[tuple[str, ...]] = []

    def run(self, job: str, _: str, dtype: str, *names: str, **__: object) -> dict[str, Any]:
        self.trials.append(names)
        found = {name: {"packed": self.packed, "dense": self.dense} for name in names}
        return (
            {"wrong": dict.fromkeys(names, "wrong"), "seconds": {}} if self.wrong else {"wrong": {}, "seconds": found}
        )


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Card:
    made = Card()
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    monkeypatch.setattr(place, "pick_device", lambda *_: (CARD, ""))
    monkeypatch.setattr(formats, "pick_dtype", lambda *_: torch.float32)
    monkeypatch.setattr(calibration, "_DEVICE_SECONDS", 0.0)
    monkeypatch.setattr(jobs, "run", made.run)
    interpreted.plain_products(monkeypatch)
    return made


def load(path: Path, dtype: str = "auto", draft: str = "ngram") -> tuple[Engine, list[Event]]:
    engine = Engine()
    seen = events(engine, LoadRequest(str(path), draft=draft, device="cuda", dtype=dtype, context_length=128))
    assert isinstance(seen[-1], ModelReady), seen[-1]
    return engine, seen


def codes(seen: list[Event]) -> list[str]:
    return [event.code for event in seen if isinstance(event, Notice)]


def test_it_stays_packed_and_drafts_change_no_token(zoo: Zoo, card: Card) -> None:
    path = zoo.gguf("llama-loopy", quant="Q8_0")
    engine, seen = load(path)
    ready = seen[-1]
    assert isinstance(ready, ModelReady)
    assert (ready.dtype, ready.device, codes(seen), card.trials) == ("packed", "cuda", [], [("Q8_0",)])
    assert LoadProgress("kernels") in seen
    assert isinstance(session_of(engine).runner.decoder, CardDecoder)
    text = "the cat sat on the mat and the cat"
    drafted = finish(engine, ask(text, k="fixed:3"))
    plain = finish(engine, ask(text, mode="autoregressive"))
    assert drafted.token_ids == plain.token_ids
    assert drafted.metrics.drafted_tokens > 0
    again, seen = load(path)
    assert LoadProgress("kernels") not in seen
    engine.close()
    again.close()


@pytest.mark.parametrize(
    ("quant", "dtype", "packed", "wrong", "code"),
    [
        ("Q8_0", "auto", 3.0, False, []),
        ("Q8_0", "auto", 1.0, True, []),
        ("Q8_0", "packed", 1.0, True, ["packed_trial"]),
        ("F32", "packed", 1.0, False, ["packed_format"]),
        ("Q8_0", "float32", 1.0, False, []),
    ],
)
def test_what_does_not_stay_packed_is_dense(
    zoo: Zoo, card: Card, quant: str, dtype: str, packed: float, wrong: bool, code: list[str]
) -> None:
    card.packed, card.wrong = packed, wrong
    engine, seen = load(zoo.gguf("llama", quant=quant), dtype)
    assert session_of(engine).runner.decoder.format == "float32"
    assert codes(seen) == code
    assert all("{" not in messages.notice_text(found, {"device": "a card"}) for found in code)
    engine.close()


def test_slower_ones_are_used_where_they_are_asked_for(zoo: Zoo, card: Card) -> None:
    card.packed = 9.0
    assert on_card.stays_packed(inspect(zoo.gguf("llama", quant="Q8_0")), "packed", CARD) is False  # nothing is known
    engine, _ = load(zoo.gguf("llama", quant="Q8_0"), "packed")
    assert session_of(engine).runner.decoder.format == "packed"
    engine.close()


def test_without_triton_it_is_dense_and_says_so(zoo: Zoo, card: Card, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed_products, "triton_version", lambda: "")
    engine, seen = load(zoo.gguf("llama", quant="Q8_0"), "packed")
    assert (codes(seen), card.trials) == (["packed_triton"], [])
    assert "Triton" in messages.notice_text("packed_triton", {"device": "a card"})
    engine.close()


def test_a_draft_model_is_packed_where_its_file_is(zoo: Zoo, card: Card) -> None:
    for quant, kind in (("Q4_0", "packed"), ("F32", "float32")):
        engine, _ = load(zoo.gguf("llama", quant="Q8_0"), draft=str(zoo.gguf("llama-small", quant=quant)))
        assert [runner.decoder.format for runner in runners(session_of(engine))] == ["packed", kind]
        engine.close()
    assert card.trials == [("Q8_0",), ("Q4_0",)]


def test_memory_is_planned_for_the_blocks_of_the_file(zoo: Zoo, card: Card) -> None:
    path = zoo.gguf("llama", quant="Q8_0")
    what = plan(LoadRequest(str(path), draft=str(zoo.gguf("llama-small")), device="cuda", context_length=128))
    dense = fit_of(what, CARD, memory=Memory(10**12, None))
    assert (dense.format, dense.device) == ("float32", "cuda")
    for files in (what.target, what.draft):
        assert files is not None
        list(on_card.try_products(files, "auto", CARD, threading.Event()))
    found = fit_of(what, CARD, memory=Memory(10**12, None))
    assert (found.format, found.need.weights) == ("packed", packed_weights(what.target))
    assert found.need.draft_weights == dense.need.draft_weights
    assert fit_of(replace(what, draft=None), CARD, memory=Memory(1000, None)).level == "short"


def test_a_card_unpacks_pieces_and_a_cpu_does_not(zoo: Zoo) -> None:
    files = inspect(zoo.gguf("llama", quant="Q8_0"))
    here, there = (need_of(files, "packed", 256, 256, on_card=on) for on in (False, True))
    assert (here.weights, here.cache) == (there.weights, there.cache)
    assert here.workspace != there.workspace
