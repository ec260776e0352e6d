"""An estimate beside the peak of a process that really loads the model and fills its context."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import gguf
import numpy as np
import pytest

from helix_app.base import typed
from helix_app.doctor.memory import MemoryTrial, filling_text, fit_of_request
from helix_app.engine.machine import jobs
from helix_app.protocol.requests import LoadRequest
from tests.engine.made.tiny import Zoo, loaded, session_of

CONTEXTS = (512, 1024, 2048, 4096)
_GEMMA = "HELIX_TEST_GEMMA"  # a file of the real Gemma 3 270M; only the long form needs it


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Zoo(tmp_path_factory.mktemp("memory-zoo")).gguf("llama-long")


def test_a_text_fills_a_context_and_not_more(target: Path) -> None:
    words = session_of(loaded(target)).tokenizer
    for tokens in (1, 40, 500):
        count = len(words.encode(filling_text(words, tokens), add_bos=True))
        assert count <= tokens or tokens == 1
        assert count > tokens * 0.7 - 8


def test_nothing_is_loaded_for_an_estimate(target: Path) -> None:
    request = LoadRequest(str(target), draft="none", device="cpu", dtype="float32", context_length=256)
    fit = fit_of_request(request, threading.Event())
    assert (fit.context, fit.level) == (256, "fits")
    assert fit.held > 0


def test_it_is_measured_in_a_process_of_its_own(target: Path) -> None:
    request = LoadRequest(str(target), draft="none", device="cpu", dtype="float32", context_length=256)
    trial = typed.read(MemoryTrial, jobs.run("memory", json.dumps(typed.plain(request)), seconds=200))
    assert trial.measured > trial.fit.held
    assert 200 < trial.tokens <= 256
    assert abs(trial.error) < 0.25  # of a process in which this model is next to nothing


# ------------------------------------------------------------------------ the long form


def made_model(path: Path) -> Path:
    """A random model of half a billion numbers, packed as Q8_0, with a small vocabulary."""
    zoo = Zoo(path.parent)
    source = gguf.GGUFReader(zoo.gguf("llama-small"))
    hidden, inner, layers, heads, kv, dim = 1280, 3584, 24, 20, 4, 64
    words = len(source.fields["tokenizer.ggml.tokens"].data)
    writer = gguf.GGUFWriter(str(path), "llama")
    for name, field in source.fields.items():
        if name.startswith("tokenizer."):
            sub = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
            writer.add_key_value(name, field.contents(), field.types[0], sub_type=sub)
    writer.add_block_count(layers)
    writer.add_context_length(8192)
    writer.add_embedding_length(hidden)
    writer.add_feed_forward_length(inner)
    writer.add_head_count(heads)
    writer.add_head_count_kv(kv)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10_000.0)
    writer.add_rope_dimension_count(dim)
    rng = np.random.default_rng(0)

    def add(name: str, rows: int, columns: int) -> None:
        matrix = rng.standard_normal((rows, columns), dtype=np.float32) * 0.02
        kind = gguf.GGMLQuantizationType.Q8_0
        writer.add_tensor(name, gguf.quantize(matrix, kind), raw_dtype=kind)

    add("token_embd.weight", words, hidden)
    for i in range(layers):
        for name, rows, columns in (
            ("attn_q", heads * dim, hidden),
            ("attn_k", kv * dim, hidden),
            ("attn_v", kv * dim, hidden),
            ("attn_output", hidden, heads * dim),
            ("ffn_gate", inner, hidden),
            ("ffn_up", inner, hidden),
            ("ffn_down", hidden, inner),
        ):
            add(f"blk.{i}.{name}.weight", rows, columns)
        for name in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{i}.{name}.weight", np.ones(hidden, dtype=np.float32))
    writer.add_tensor("output_norm.weight", np.ones(hidden, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_estimates_are_within_a_tenth_of_what_was_measured(default_model: Path, tmp_path: Path) -> None:
    models = [default_model, made_model(tmp_path / "half.gguf")]
    if os.environ.get(_GEMMA):
        models.append(Path(os.environ[_GEMMA]))
    home = {**os.environ, "HELIX_HOME": str(tmp_path / "home")}
    wrong = []
    for model in models:
        for context in CONTEXTS:
            command = [sys.executable, "-m", "helix_app", "doctor", "--target", str(model), "--draft", "none"]
            command += ["--context", str(context), "--measure", "--json"]
            done = subprocess.run(command, capture_output=True, text=True, env=home, check=False)
            assert done.returncode == 0, done.stderr
            said = json.loads(done.stdout)
            row = f"{model.name} {context}: {said['estimated']:,} estimated, {said['measured']:,} measured"
            print(f"{row}, {said['error']:+.1%}")
            if abs(said["error"]) > 0.1:
                wrong.append(row)
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    assert not wrong
