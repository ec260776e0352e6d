"""Replies are learnt into a table where one is given, and drafted from it later; they never change."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

import pytest

from helix_app.engine.drafts.ngrams.ngram_table import NgramTable
from helix_app.engine.engine import Engine
from helix_app.protocol.events import Finished, RoundDone
from helix_app.protocol.requests import SamplingParams
from tests.engine.made.tiny import GREEDY, Zoo, ask, events, finish, loaded, session_of
from tests.engine.runs.drafting import TARGET

SEEDED = SamplingParams(temperature=1.0, top_k=20, seed=3)
PROMPT = "the dog lay in the sun"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "learned.table"


def engine_with(zoo: Zoo, path: Path, **options: Any) -> Engine:
    return loaded(zoo.gguf(TARGET), options.pop("draft", "ngram"), learned_table=str(path), **options)


def table_of(engine: Engine) -> NgramTable:
    table = session_of(engine).learned
    assert table is not None
    return table


def test_a_reply_is_learnt_and_drafted_the_next_time(zoo: Zoo, path: Path) -> None:
    engine = engine_with(zoo, path)
    assert table_of(engine).used == 0
    plain = finish(engine, ask(PROMPT, mode="autoregressive", max_tokens=16))
    used = table_of(engine).used
    assert 30 < used <= 64  # after one to four tokens each, some of them the same
    text = [*session_of(engine).tokenizer.encode_chat(ask(PROMPT).messages), *plain.token_ids]
    for i in range(len(text) - 16, len(text)):
        found = table_of(engine).find(text[:i])
        assert found is not None
        assert found[0] == text[i]
    got = finish(engine, ask(PROMPT, k="fixed:4", max_tokens=16))
    assert got.token_ids == plain.token_ids
    assert got.metrics.acceptance_rate == 1.0
    assert got.metrics.target_passes == 3  # of 15 tokens, five a round


def test_another_program_drafts_from_it_too(zoo: Zoo, path: Path) -> None:
    want = finish(engine_with(zoo, path), ask(PROMPT, mode="autoregressive", max_tokens=16))
    later = engine_with(zoo, path)
    assert table_of(later).used > 0
    got = finish(later, ask(PROMPT, k="fixed:4", max_tokens=16))
    assert got.token_ids == want.token_ids
    assert got.metrics.acceptance_rate == 1.0


def test_a_shipped_table_is_asked_and_never_changed(zoo: Zoo, path: Path) -> None:
    want = finish(engine_with(zoo, path), ask(PROMPT, mode="autoregressive", max_tokens=16))
    before = path.read_bytes()
    engine = loaded(zoo.gguf(TARGET), "ngram", ngram_table=str(path))
    assert session_of(engine).learned is None
    got = finish(engine, ask(PROMPT, k="fixed:4", max_tokens=16))
    assert (got.token_ids, got.metrics.acceptance_rate) == (want.token_ids, 1.0)
    finish(engine, ask("something else", max_tokens=16))
    assert path.read_bytes() == before


def test_without_a_table_nothing_is_written(zoo: Zoo, helix_home: Path, tmp_path: Path) -> None:
    def files() -> set[Path]:
        return {p for folder in (helix_home, tmp_path) for p in folder.rglob("*.table")}

    before = files()
    engine = loaded(zoo.gguf(TARGET), "ngram")
    assert session_of(engine).learned is None
    finish(engine, ask(PROMPT))
    assert files() == before


@pytest.mark.parametrize("sampling", [GREEDY, SEEDED], ids=["greedy", "seeded"])
def test_learning_changes_no_reply_that_is_a_function_of_its_request(
    zoo: Zoo, path: Path, sampling: SamplingParams
) -> None:
    engine = engine_with(zoo, path)
    request = ask(PROMPT, sampling=sampling, max_tokens=40, k="fixed:3")
    first = finish(engine, request)
    second = finish(engine, request)
    assert second.token_ids == first.token_ids
    assert second.metrics.accepted_tokens > first.metrics.accepted_tokens


def test_a_seeded_reply_by_rejection_is_the_same_before_and_after_learning(
    zoo: Zoo, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With rejection the text depends on the drafts, so they must not depend on what was learnt."""
    engine = engine_with(zoo, path)
    # nothing that the text repeats, so that only the tables could draft
    request = ask(PROMPT, sampling=SEEDED, verify="rejection", max_tokens=40, k="fixed:3")
    first = events(engine, request)
    for _ in range(3):
        finish(engine, ask(PROMPT, sampling=GREEDY, max_tokens=40))
    again = events(engine, request)
    assert isinstance(first[-1], Finished)
    assert isinstance(again[-1], Finished)
    assert again[-1].token_ids == first[-1].token_ids
    shape = [[(e.k, e.accepted) for e in run if isinstance(e, RoundDone)] for run in (first, again)]
    assert shape[0] == shape[1]
    # and it would not be so if the draft asked the table
    fresh = type(session_of(engine).draft).fresh
    monkeypatch.setattr(type(session_of(engine).draft), "fresh", lambda self, repeatable=False: fresh(self))
    third = events(engine, request)[-1]
    assert isinstance(third, Finished)
    assert third.metrics.drafted_tokens > first[-1].metrics.drafted_tokens
    assert third.token_ids != first[-1].token_ids


def test_an_unseeded_reply_by_rejection_asks_what_was_learnt(zoo: Zoo, path: Path) -> None:
    engine = engine_with(zoo, path)
    for _ in range(2):
        finish(engine, ask(PROMPT, max_tokens=24))
    cold = SamplingParams(temperature=0.01)
    got = finish(engine, ask(PROMPT, sampling=cold, verify="rejection", max_tokens=24, k="fixed:3"))
    assert got.metrics.accepted_tokens > 12


def test_a_stopped_reply_is_learnt_as_far_as_it_went(zoo: Zoo, path: Path) -> None:
    engine, cancel = engine_with(zoo, path), threading.Event()
    for event in engine.stream(ask(PROMPT, max_tokens=60, mode="autoregressive"), cancel):
        if isinstance(event, RoundDone) and event.index == 4:
            cancel.set()
    assert isinstance(event, Finished)
    assert event.reason == "cancelled"
    assert 0 < table_of(engine).used <= 4 * len(event.token_ids)
    cancel.set()
    used = table_of(engine).used
    stopped = events(engine, ask("never begun"), cancel)[-1]
    assert isinstance(stopped, Finished)
    assert (stopped.token_ids, table_of(engine).used) == ((), used)


def test_many_replies_at_once_are_learnt(zoo: Zoo, path: Path) -> None:
    engine = engine_with(zoo, path, cache_tokens=1024)
    asked = [ask(f"the cat {i}", request_id=str(i), max_tokens=12) for i in range(5)]
    first = {e.request_id: e for e in engine.stream_many(asked, threading.Event()) if isinstance(e, Finished)}
    assert table_of(engine).used > 5 * 12
    again = {e.request_id: e for e in engine.stream_many(asked, threading.Event()) if isinstance(e, Finished)}
    assert {i: e.token_ids for i, e in again.items()} == {i: e.token_ids for i, e in first.items()}


def test_other_drafts_learn_too_and_leave_the_table_alone(zoo: Zoo, path: Path) -> None:
    engine = engine_with(zoo, path, draft="none")
    got = finish(engine, ask(PROMPT, max_tokens=12))
    assert got.metrics.drafted_tokens == 0
    assert table_of(engine).used > 0


@pytest.mark.parametrize("option", ["learned_table", "ngram_table"])
def test_a_table_that_cannot_be_used_is_logged_and_not_missed(
    zoo: Zoo, tmp_path: Path, option: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_bytes(b"no table" * 20)
    bad = tmp_path / "file" / "x.table" if option == "learned_table" else tmp_path / "file"
    with caplog.at_level(logging.WARNING):
        engine = loaded(zoo.gguf(TARGET), "ngram", **{option: str(bad)})
    assert "is not used" in caplog.text
    assert session_of(engine).learned is None
    finish(engine, ask(max_tokens=4))


def test_the_fingerprint_tells_tokenizers_apart(zoo: Zoo, tmp_path: Path) -> None:
    from helix_app.engine.text.tokenizer import load_tokenizer
    from helix_app.modelfiles.model_path import inspect
    from tests.engine.made.tiny import tokenizer, write_gguf

    vocab = tokenizer().get_vocab()
    tokens = sorted(vocab, key=lambda token: vocab[token])
    tokens[61] = "<|other|>"
    other = load_tokenizer(inspect(write_gguf("llama", 0, tmp_path / "other.gguf", tokens=tokens)))
    one, two = (load_tokenizer(inspect(zoo.gguf(name))) for name in ("llama", "qwen2"))
    assert one.fingerprint == two.fingerprint != other.fingerprint
    assert 0 < one.fingerprint < 1 << 64
