"""``bench context`` on tiny models: which lengths it takes, and that its figures belong together."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helix_app.bench.experiments import context, experiment
from helix_app.bench.profile.passes import Passes, kv_bytes
from helix_app.engine.models.base import bytes_of
from tests.bench.instruments.tiny import opened, small_machine
from tests.engine.made.tiny import Zoo


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few rounds."""
    small_machine(monkeypatch)


def test_contexts_go_as_far_as_the_model() -> None:
    assert context.contexts_of(8192) == (256, 512, 1024, 2048, 4096, 8192)
    assert context.contexts_of(5000) == (256, 512, 1024, 2048, 4096)
    assert context.contexts_of(96) == (96,)


def test_rows_and_shares_belong_together(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CONTEXTS", (32, 64, 128, 256, 512))
    bench = opened(zoo.gguf("llama"), repeats=2)
    found = context.run(bench)
    assert [row[0] for row in found.rows] == ["32", "64", "128", "256"]
    assert found.rows[0][2] == found.rows[0][4] == "1.00x"
    assert {len(row) for row in found.rows} == {len(found.columns)}
    kv, weights = found.data["kv_bytes"], found.data["weight_bytes"]
    assert [kv[row[0]] for row in found.rows] == [kv["32"] * i for i in (1, 2, 4, 8)]
    shares = [found.data["kv_share"][row[0]] for row in found.rows]
    assert shares == sorted(shares)
    assert shares[-1] == kv["256"] / (kv["256"] + weights)
    assert all(len(values) == 2 and min(values) > 0 for values in found.data["pass_ms"].values())
    assert len(found.data["pass_ms"]) == 8
    document = json.loads(experiment.document(found, bench.config, bench.ready, "a command"))
    assert document["format"] == "helix-bench-context"
    assert len(document["rows"]) == 4
    assert "256" in experiment.text(found)


def test_memory_stays_the_same_where_every_layer_has_a_window(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(context, "CONTEXTS", (32, 64, 256))
    found = context.run(opened(zoo.gguf("phi3-loopy"), repeats=1)).data
    kv = found["kv_bytes"]
    assert kv["32"] == kv["64"] == kv["256"]  # a window of 24 tokens
    held = found["cache_bytes"]
    assert held["32"] == held["64"] == held["256"] == kv["32"] / 24 * 32, "two blocks"


def test_a_state_is_as_large_at_any_context(zoo: Zoo, monkeypatch: pytest.MonkeyPatch) -> None:
    """What grows is the layer that has keys and values."""
    monkeypatch.setattr(context, "CONTEXTS", (32, 64, 256))
    bench = opened(zoo.gguf("qwen35"), repeats=1)
    found, config = context.run(bench).data, bench.session.runner.decoder.config
    state, token = config.state_bytes, 2 * config.num_kv_heads * config.head_dim * 4
    assert state > 0
    assert found["kv_bytes"] == {str(tokens): state + tokens * token for tokens in (32, 64, 256)}
    assert found["cache_bytes"] == found["kv_bytes"]
    assert len(found["pass_ms"]) == 6


@pytest.mark.parametrize(("temperature", "exact"), [(0.0, True), (0.7, False)])
def test_attention_is_that_of_the_replies(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, temperature: float, exact: bool
) -> None:
    asked = []
    seconds = Passes.seconds

    def heard(self: Passes, length: int, rows: int) -> float:
        asked.append((self.exact, length, rows))
        return seconds(self, length, rows)

    monkeypatch.setattr(Passes, "seconds", heard)
    context.run(opened(zoo.gguf("llama-short"), temperature=temperature, dtype="bfloat16"))
    assert set(asked) == {(exact, 96, 1), (exact, 96, 5)}


def test_a_cancelled_run_keeps_what_is_done(zoo: Zoo) -> None:
    bench = opened(zoo.gguf("llama-short"), stop_at="96 tokens of context, 1 rows, round 2", repeats=3)
    found = context.run(bench)
    assert len(found.rows) == 1
    assert sorted(map(len, found.data["pass_ms"].values())) in ([1, 2], [2, 2])
    at_once = context.run(opened(zoo.gguf("llama-short"), stop_at="96"))
    assert at_once.rows == []
    assert experiment.text(at_once)


def test_bytes_are_those_of_the_weights(zoo: Zoo) -> None:
    for name in ("llama", "llama-tied"):
        decoder = opened(zoo.gguf(name)).session.runner.decoder
        embeddings = decoder.config.vocab_size * decoder.config.hidden_size
        # a step reads one row of the embeddings, and all of them as output head where they are one
        read = decoder.parameters - (0 if decoder.config.tied_embeddings else embeddings) + decoder.config.hidden_size
        assert decoder.weight_bytes == 4 * read
        assert bytes_of(decoder._embed) == 4 * embeddings
        per_token = 2 * decoder.config.num_layers * decoder.config.num_kv_heads * decoder.config.head_dim * 4
        assert kv_bytes(decoder, 48) == 48 * per_token


def test_a_folder_is_measured_like_a_file(zoo: Zoo) -> None:
    path: Path = zoo.folder("llama-short")
    assert context.run(opened(path)).rows
