"""Four-bit weights as integers: with scale and offset they are what gguf itself makes of the file."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from helix_app.base.errors import ModelFileError
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.gguf.gguf_file import read_header
from helix_app.modelfiles.gguf.groups4 import GROUP, Groups4, is_groups4, unpack
from helix_app.modelfiles.model_path import inspect
from tests.engine.made.tiny import Zoo

KINDS = ["Q4_0", "Q4_1"]
ROLES = ["q", "k", "v", "o", "gate", "up", "down"]


@pytest.fixture(scope="module")
def zoo(tmp_path_factory: pytest.TempPathFactory) -> Zoo:
    return Zoo(tmp_path_factory.mktemp("groups4-zoo"))


def packed(kind: str, rows: int, columns: int, offset: float = 0.0) -> np.ndarray:
    """Random weights of any size and sign as the file's bytes ``[rows, bytes]``."""
    chance = np.random.default_rng(rows * columns)
    sizes = 10.0 ** chance.uniform(-3, 2, (rows, columns // GROUP, 1))
    weights = (chance.standard_normal((rows, columns // GROUP, GROUP)) + offset) * sizes
    return gguf.quantize(weights.reshape(rows, columns).astype(np.float32), gguf.GGMLQuantizationType[kind])


def dense(groups: Groups4) -> np.ndarray:
    """The weights by the definition, in float64: only the file's own numbers are rounded."""
    rows, columns = groups.integers.shape
    integers = groups.integers.reshape(rows, -1, GROUP).astype(np.float64) - 8
    return (integers * groups.scale[..., None] + groups.zero[..., None]).reshape(rows, columns)


def check_dense(groups: Groups4, want: np.ndarray) -> None:
    """Equal, but for the rounding of a product and a sum that gguf does in float32."""
    assert (groups.integers.dtype, groups.scale.dtype, groups.zero.dtype) == (np.uint8, np.float32, np.float32)
    assert groups.integers.max() <= 15
    rows, columns = groups.integers.shape
    assert groups.scale.shape == groups.zero.shape == (rows, columns // GROUP)
    size = np.repeat(np.abs(groups.zero) + 8 * np.abs(groups.scale), GROUP, axis=1)
    assert np.all(np.abs(dense(groups) - want) <= 2 * np.finfo(np.float32).eps * size)


# --------------------------------------------------------------------------- bytes


@pytest.mark.parametrize("offset", [0.0, 3.0, -3.0])
@pytest.mark.parametrize(("rows", "columns"), [(1, 32), (16, 64), (7, 96), (48, 320)])
@pytest.mark.parametrize("kind", KINDS)
def test_groups_are_what_gguf_dequantises(kind: str, rows: int, columns: int, offset: float) -> None:
    raw = packed(kind, rows, columns, offset)
    want = gguf.dequantize(raw, gguf.GGMLQuantizationType[kind]).reshape(rows, columns)
    groups = unpack(raw.reshape(-1), kind, (rows, columns))
    check_dense(groups, want)
    if kind == "Q4_0":  # one product of two float16 numbers: nothing to round
        assert np.array_equal(dense(groups), want.astype(np.float64))
        assert not groups.zero.any()


def test_low_halves_of_the_bytes_come_first() -> None:
    """By hand: scale 0.5, bytes 0x10, 0x32, ...: low halves are columns 0 to 15, high halves 16 to 31."""
    low, high = np.arange(16) % 8, np.arange(16)[::-1]
    body = (low | high << 4).astype(np.uint8).tobytes()
    raw = np.frombuffer(np.float16(0.5).tobytes() + body, np.uint8)
    groups = unpack(raw, "Q4_0", (1, 32))
    assert groups.integers[0].tolist() == [*low, *high]
    assert dense(groups)[0].tolist() == [0.5 * (n - 8) for n in (*low, *high)]
    raw = np.frombuffer(np.float16(0.5).tobytes() + np.float16(-3).tobytes() + body, np.uint8)
    assert dense(unpack(raw, "Q4_1", (1, 32)))[0].tolist() == [0.5 * n - 3 for n in (*low, *high)]


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_that_do_not_fit_the_shape_are_refused(kind: str) -> None:
    raw = packed(kind, 4, 64).reshape(-1)
    for wrong in (raw[:-1], raw[: raw.size // 2], np.concatenate((raw, raw[:2]))):
        with pytest.raises(ValueError):
            unpack(wrong, kind, (4, 64))


def test_rows_in_another_order() -> None:
    groups = unpack(packed("Q4_1", 6, 64).reshape(-1), "Q4_1", (6, 64))
    order = np.array([3, 0, 5, 1, 2, 4])
    assert np.array_equal(dense(groups.take_rows(order)), dense(groups)[order])


def test_only_two_kinds_are_such_groups() -> None:
    assert [kind.name for kind in gguf.GGMLQuantizationType if is_groups4(kind.name)] == KINDS


# --------------------------------------------------------------------------- files


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", ["llama-q4", "qwen2"])
def test_every_weight_of_a_file_in_the_order_that_the_decoder_wants(zoo: Zoo, name: str, kind: str) -> None:
    """``get`` is compared with transformers elsewhere; here the integers must stand for the same rows."""
    files = inspect(zoo.gguf(name, quant=kind))
    with open_weights(files) as source:
        for role in ROLES:
            for layer in range(files.config.num_layers):
                groups = source.groups4(role, layer)
                assert groups is not None
                check_dense(groups, source.get(role, "weight", layer).double().numpy())


@pytest.mark.parametrize("quant", ["F32", "F16", "BF16", "Q8_0"])
def test_weights_held_otherwise_have_no_groups(zoo: Zoo, quant: str) -> None:
    with open_weights(inspect(zoo.gguf("llama-q4", quant=quant))) as source:
        assert all(source.groups4(role) is None for role in ROLES)
        assert source.get("q").shape == (64, 64)


def test_vectors_and_safetensors_have_no_groups(zoo: Zoo) -> None:
    assert read_header(zoo.gguf("llama-q4", quant="Q4_0")).groups4("blk.0.attn_norm.weight") is None
    with open_weights(inspect(zoo.folder("llama-q4"))) as source:
        assert source.groups4("q") is None


# --------------------------------------------------------------------------- damage


@pytest.fixture
def spoilt(zoo: Zoo, tmp_path: Path) -> Path:
    path = tmp_path / "spoilt.gguf"
    path.write_bytes(zoo.gguf("llama-q4", quant="Q4_1").read_bytes())
    return path


def test_a_file_cut_after_its_header_was_read_is_corrupt(spoilt: Path) -> None:
    """As when a download is replaced while the program runs; the header itself is checked against the size."""
    header = read_header(spoilt)
    name = max(header.tensors, key=lambda name: header.tensors[name].offset)
    name = name if is_groups4(header.tensors[name].type) else "blk.1.ffn_down.weight"
    end = header.tensors[name].offset + header.tensors[name].nbytes
    for size in (end - 1, header.tensors[name].offset, 10, 0):
        spoilt.write_bytes(spoilt.read_bytes()[:size])
        with pytest.raises(ModelFileError) as caught:
            header.groups4(name)
        assert caught.value.code == "model_corrupt"
        assert name in caught.value.detail


def test_a_file_that_is_gone_is_corrupt_and_a_missing_tensor_is_named(spoilt: Path) -> None:
    header = read_header(spoilt)
    with pytest.raises(ModelFileError) as caught:
        header.groups4("blk.9.attn_q.weight")
    assert caught.value.code == "model_weights_mismatch"
    assert "blk.9.attn_q.weight" in caught.value.fields["what"]
    spoilt.unlink()
    with pytest.raises(ModelFileError) as caught:
        header.groups4("blk.0.attn_q.weight")
    assert caught.value.code == "model_corrupt"
