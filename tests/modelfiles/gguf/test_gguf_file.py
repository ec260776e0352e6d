"""GGUF headers: what is read and kept of them, tensors as gguf reads them, and the config that they give."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest

from helix_app.base.errors import ModelFileError
from helix_app.base.process import paths
from helix_app.modelfiles.config import RopeScaling
from helix_app.modelfiles.gguf import gguf_file
from helix_app.modelfiles.gguf.gguf_config import config_from_gguf
from helix_app.modelfiles.gguf.gguf_file import file_key, read_header, short_name
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.gguf_names import gguf_name
from tests.engine.made.tiny import Zoo, hf_model
from tests.engine.text.made.files import NORMAL, byte_names, write_gguf
from tests.modelfiles.made_files import rewrite
from tests.modelfiles.refusals import check

# --------------------------------------------------------------------------- headers and tensors


def test_a_header_comes_from_the_cache_and_is_read_anew_where_that_is_spoilt(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HELIX_HOME", str(tmp_path))
    first = read_header(small)
    assert (first.architecture, first.files, first.parts) == ("llama", (small,), ())
    (kept,) = (paths.cache_dir() / "headers").glob("*.json")
    for content in (kept.read_bytes(), b"{", b"[]", b'{"metadata": {}, "tensors": {"a": [1]}}'):
        kept.write_bytes(content)
        assert read_header(small) == first
    kept.unlink()
    kept.mkdir()  # what cannot be written costs time alone
    assert read_header(small) == first


def test_a_header_holds_what_the_tokenizer_needs(small: Path) -> None:
    header = read_header(small)
    assert len(header.metadata["tokenizer.ggml.tokens"]) == 300
    assert isinstance(header.metadata["tokenizer.ggml.merges"], list)
    assert header.tensors["token_embd.weight"].shape == (300, 32)  # rows first
    assert config_from_gguf(header) == inspect(small).config


@pytest.mark.parametrize(("quant", "error"), [("F32", 0.0), ("F16", 1e-2), ("Q8_0", 2e-2)])
def test_tensors_are_those_that_were_written(zoo: Zoo, quant: str, error: float) -> None:
    header = read_header(zoo.gguf("llama-q4", quant=quant))
    for key in ("model.embed_tokens.weight", "model.norm.weight", "model.layers.1.mlp.down_proj.weight"):
        got, wanted = header.tensor(gguf_name(key)), hf_model("llama-q4").state_dict()[key].numpy()
        assert got.dtype == np.float32
        assert got.shape == wanted.shape
        assert float(np.abs(got - wanted).max()) <= error


@pytest.mark.parametrize("line", [1, 100, 1 << 12])
@pytest.mark.parametrize("rows", [None, slice(3, 10)])
def test_lines_of_several_rows_change_no_number(
    zoo: Zoo, monkeypatch: pytest.MonkeyPatch, line: int, rows: slice | None
) -> None:
    header = read_header(zoo.gguf("llama-q4", quant="Q8_0"))
    info = header.info("token_embd.weight")
    raw = np.fromfile(header.path, np.uint8, info.nbytes, offset=info.offset).reshape(info.shape[0], -1)
    wanted = gguf.dequantize(raw, gguf.GGMLQuantizationType.Q8_0)
    monkeypatch.setattr(gguf_file, "_LINE", line)
    np.testing.assert_array_equal(header.tensor("token_embd.weight", rows), wanted if rows is None else wanted[rows])


def test_a_tensor_that_is_not_there_is_named(small: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_header(small).tensor("blk.9.attn_q.weight")
    assert (caught.value.code, caught.value.fields["what"]) == (
        "model_weights_mismatch",
        "blk.9.attn_q.weight is missing",
    )


def test_nothing_there(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        read_header(tmp_path / "gone.gguf")
    assert caught.value.code == "model_not_found"


def test_a_key_follows_every_file(tmp_path: Path) -> None:
    a, b = tmp_path / "a", tmp_path / "b"
    for file in (a, b):
        file.write_bytes(b"x")
    before = file_key(a, b)
    assert before == file_key(a, b) != file_key(b, a)
    b.write_bytes(b"xy")
    assert file_key(a, b) != before
    assert len(short_name("a name that is no UTF-8: \udcff")) == 32


# --------------------------------------------------------------------------- configs


def edited(changes: dict[str, object]) -> Callable[[Path, Path], Path]:
    return lambda source, path: rewrite(source, path, changes=changes)


EDITED = {
    "heads by layer": (
        edited({"llama.attention.head_count": [2, 1]}),
        "model_feature_unsupported",
        ("heads of its own in each layer",),
    ),
    "key/value heads by layer": (
        edited({"llama.attention.head_count_kv": [2, 1]}),
        "model_feature_unsupported",
        ("key/value heads of its own in each layer",),
    ),
    "feed-forward by layer": (
        edited({"llama.feed_forward_length": [96, 64]}),
        "model_feature_unsupported",
        ("feed-forward size of its own in each layer",),
    ),
    "a header that says too little": (
        edited({"llama.block_count": None}),
        "model_description",
        ("llama.block_count",),
    ),
    "a tensor too few": (
        lambda source, path: rewrite(source, path, tensors=lambda name: name != "token_embd.weight"),
        "model_weights_mismatch",
        ("token_embd.weight is missing",),
    ),
}


@pytest.mark.parametrize("kind", EDITED)
def test_sound_files_that_are_not_what_is_needed(small: Path, tmp_path: Path, kind: str) -> None:
    make, code, words = EDITED[kind]
    check(make(small, tmp_path / "file.gguf"), code, *words)


def test_the_same_number_in_every_layer_is_no_obstacle(small: Path, tmp_path: Path) -> None:
    want = inspect(small).config
    lists = {"attention.head_count": 2, "attention.head_count_kv": want.num_kv_heads, "feed_forward_length": 96}
    changes = {f"llama.{key}": [value] * 3 for key, value in lists.items()}
    assert inspect(rewrite(small, tmp_path / "lists.gguf", changes=changes)).config == want


def test_experts_are_not_run(small: Path, tmp_path: Path) -> None:
    path = rewrite(small, tmp_path / "m.gguf", changes={"llama.expert_count": 8})
    check(path, "model_feature_unsupported", "mixture of experts")


def test_a_head_is_its_share_of_the_hidden_size_unless_the_file_says_so(zoo: Zoo) -> None:
    assert inspect(zoo.gguf("llama")).config.head_dim == 16
    assert inspect(zoo.gguf("llama-wide-heads")).config.head_dim == 20
    tied, biases = inspect(zoo.gguf("llama-tied")).config, inspect(zoo.gguf("llama-biases")).config
    assert (tied.tied_embeddings, biases.tied_embeddings) == (True, False)
    assert (tied.qkv_bias, biases.qkv_bias, biases.out_bias, biases.mlp_bias) == (False, True, True, True)


# --------------------------------------------------------------------------- rope


def rope_of(path: Path, **keys: Any) -> RopeScaling:
    def edit(writer: Any) -> None:
        for name, value in keys.items():
            add = writer.add_string if isinstance(value, str) else writer.add_float32
            add(f"llama.rope.{name}", value)

    words = byte_names()
    return inspect(write_gguf(path / "m.gguf", words, [NORMAL] * 256, edit=edit)).config.rope


@pytest.mark.parametrize(
    ("keys", "rope"),
    [
        ({}, RopeScaling()),
        ({"scaling.factor": 4.0}, RopeScaling(type="linear", factor=4.0)),
        ({"scale_linear": 4.0}, RopeScaling(type="linear", factor=4.0)),
        ({"scaling.factor": 2.0, "scale_linear": 4.0}, RopeScaling(type="linear", factor=2.0)),
        ({"scaling.type": "linear", "scale_linear": 4.0}, RopeScaling(type="linear", factor=4.0)),
        ({"scaling.type": "none", "scaling.factor": 4.0}, RopeScaling()),
        ({"scaling.factor": 1.0}, RopeScaling()),
        ({"scaling.factor": 0.0}, RopeScaling()),
        ({"scaling.type": "yarn", "scaling.factor": 4.0}, RopeScaling(type="yarn", factor=4.0)),
    ],
)
def test_a_factor_without_a_type_is_linear(keys: dict[str, Any], rope: RopeScaling, tmp_path: Path) -> None:
    assert rope_of(tmp_path, **keys) == rope


def test_the_magnitude_of_yarn_is_multiplied_out(tmp_path: Path) -> None:
    """Files keep the factor beside YaRN's own magnitude, of which 1 + ln(4) / 10 is the one for four."""
    rope = rope_of(tmp_path, **{"scaling.type": "yarn", "scaling.factor": 4.0, "scaling.attn_factor": 0.5})
    assert rope.attention_factor == pytest.approx(0.5 * (1 + 0.1 * np.log(4)))


def test_a_scaling_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError) as caught:
        rope_of(tmp_path, **{"scaling.type": "longrope", "scaling.factor": 4.0})
    assert (caught.value.code, caught.value.fields["feature"]) == (
        "model_feature_unsupported",
        "longrope rotary scaling",
    )
