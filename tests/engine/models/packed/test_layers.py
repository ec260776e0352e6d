"""The program of a pass over packed weights: its phases in order, the pieces of its products, and its memory."""

from __future__ import annotations

import ctypes
from typing import Any, cast

import numpy as np
import pytest

from helix_app.engine.cache.layout import whole
from helix_app.engine.kernels.packed.formats import FORMATS, RECORD_BYTES
from helix_app.engine.kernels.packed.library import Library
from helix_app.engine.kernels.packed.program import JOB_WORDS, address
from helix_app.engine.models.packed.layers import PackedLayer, PackedProgram, PackedWeights, ProgramMaker
from helix_app.engine.models.packed.memory import RowMemory
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.gguf.packed_tensor import PackedTensor

CONFIG = ModelConfig("llama", 300, 256, 512, 2, 4, 2, 64, 128)
CAPACITY = 5


class Names:
    """A library whose functions are only names."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def address(self, name: str) -> int:
        if name not in self.names:
            self.names.append(name)
        return 1000 + self.names.index(name)

    def name(self, place: int) -> str:
        return self.names[place - 1000]


def tensor(rows: int, columns: int, name: str = "Q8_0") -> PackedTensor:
    form = FORMATS[name]
    return PackedTensor(name, np.zeros((rows, columns // form.columns * form.nbytes), dtype=np.uint8), columns)


def layer(biases: bool = False, down: str = "Q8_0") -> PackedLayer:
    ones = np.ones(256, dtype=np.float32)
    widths = (256, 128, 128)
    bias = tuple(np.zeros(width, dtype=np.float32) for width in widths) if biases else None
    qkv = cast(Any, tuple(tensor(width, 256) for width in widths))
    gate, up = tensor(512, 256), tensor(512, 256)
    return PackedLayer(ones, qkv, cast(Any, bias), tensor(256, 256), ones, gate, up, tensor(256, 512, down))


def made(*layers: PackedLayer, pairs: bool = True, head_rows: int = 300) -> tuple[PackedProgram, RowMemory, Names]:
    library, memory = Names(), RowMemory(CONFIG, CAPACITY, whole(len(layers)))
    turns = np.zeros((128, 32), dtype=np.float32)
    maker = ProgramMaker(cast(Library, library), CONFIG, pairs, [(turns, turns)])
    head = tensor(head_rows, 256)
    weights = PackedWeights(layers, np.ones(256, dtype=np.float32), head, head)
    return maker.make(weights, memory), memory, library


def jobs_of(program: PackedProgram) -> list[list[list[int]]]:
    """The words of every job of every phase: function, arguments, unit, address of a count, piece."""
    found = []
    for place in program.program.phases.tolist():
        count = ctypes.c_int64.from_address(place).value
        flat = (ctypes.c_int64 * (JOB_WORDS * count)).from_address(place + 8)
        found.append([list(flat[JOB_WORDS * i : JOB_WORDS * (i + 1)]) for i in range(count)])
    return found


@pytest.mark.parametrize("pairs", [True, False])
def test_phases_are_those_of_a_layer_and_the_head_comes_last(pairs: bool) -> None:
    program, _, library = made(layer(), layer(), pairs=pairs)
    phases = [[library.name(job[0]) for job in phase] for phase in jobs_of(program)]
    product = "product_Q8_0"
    one = [
        ["prepare"],
        [product] * 3,
        ["rotate_pairs" if pairs else "rotate_halves"],
        ["attention_64_2"],
        ["prepare"],
        [product],
        ["prepare"],
        [product] * 2,
        ["activate"],
        [product],
    ]
    assert phases == [*one, *one, ["prepare"], [product]]


def test_products_go_over_weight_rows_and_all_else_over_the_rows_of_the_pass() -> None:
    program, memory, library = made(layer())
    counts = {memory.count(0): "rows", memory.count(1): "wanted", memory.count(2): "one"}
    units = [
        (library.name(job[0]).split("_")[0], job[2], counts[job[3]]) for phase in jobs_of(program) for job in phase
    ]
    assert units == [
        ("prepare", 1, "rows"),
        *(("product", width, "one") for width in (256, 128, 128)),
        ("rotate", 1, "rows"),
        ("attention", 2, "rows"),
        ("prepare", 1, "rows"),
        ("product", 256, "one"),
        ("prepare", 1, "rows"),
        ("product", 512, "one"),
        ("product", 512, "one"),
        ("activate", 2, "rows"),
        ("product", 256, "one"),
        ("prepare", 1, "wanted"),
        ("product", 300, "one"),
    ]


@pytest.mark.parametrize(("rows", "pieces"), [(300, 16), (3, 3), (16_000, 22)])
def test_a_matrix_is_cut_into_few_pieces_and_a_large_one_by_its_size(rows: int, pieces: int) -> None:
    program, _, _ = made(head_rows=rows)
    ((_, _, unit, _, piece),) = jobs_of(program)[-1]
    assert unit == rows
    assert -(-unit // piece) == pieces
    assert piece * tensor(1, 256).raw.shape[1] <= 200_000


def test_records_are_made_only_as_some_product_wants_them() -> None:
    program, memory, library = made(layer(down="Q6_K"))
    (activation,) = next(phase for phase in jobs_of(program) if library.name(phase[0][0]) == "activate")
    words = (ctypes.c_int64 * 10).from_address(activation[1])
    assert list(words[6:]) == [address(memory.records[256]), 2 * RECORD_BYTES[256], 0, 0]
    (preparing,) = jobs_of(program)[0]
    words = (ctypes.c_int64 * 12).from_address(preparing[1])
    assert list(words[8:]) == [0, 0, address(memory.records[32]), 8 * RECORD_BYTES[32]]


def test_a_cache_is_placed_layer_by_layer() -> None:
    program, _, _ = made(layer(), layer(), layer())
    program.place_cache(10_000, layer_step=1000, head_step=50, kv_heads=2)
    for i, (rotation, attention) in enumerate(program.caches):
        first = 10_000 + 1000 * i
        assert rotation[9:12].tolist() == attention[5:8].tolist() == [first, first + 100, 50]


def test_memory_is_for_so_many_rows_and_the_widest_of_a_row() -> None:
    memory = RowMemory(CONFIG, CAPACITY, whole(2))
    assert memory.x.shape == memory.normed.shape == (CAPACITY, 256)
    assert memory.qkv.shape == (CAPACITY, 256 + 2 * 128)
    assert memory.gate_up.shape == (CAPACITY, 1024)
    for size, nbytes in RECORD_BYTES.items():
        assert len(memory.records[size]) == CAPACITY * 512 // size * nbytes
    assert memory.counts.tolist() == [0, 0, 1]
    assert memory.count(2) - memory.count(0) == 16
    assert (len(memory.zeros), memory.zeros.any()) == (1024, np.False_)


def test_biases_are_added_and_zeros_where_there_are_none() -> None:
    for biases in (False, True):
        own = layer(biases)
        program, memory, _ = made(own)
        bases = [(ctypes.c_int64 * 11).from_address(job[1])[7] for job in jobs_of(program)[1]]
        wanted = [address(bias) for bias in own.biases] if own.biases else [address(memory.zeros)] * 3
        assert bases == wanted
