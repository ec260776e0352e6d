"""Linear layers from a weight file: joined roles, packed where their shape can be, and every weight counted once."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.kernels.linear import make_linear
from helix_app.engine.kernels.low_bit import Int4Linear, Int8Linear
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.tensors.weights import open_weights
from helix_app.modelfiles.gguf.groups4 import Groups4
from helix_app.modelfiles.model_path import inspect
from tests.engine.kernels.test_low_bit import needs, noise
from tests.engine.made.tiny import Zoo

CPU = torch.device("cpu")


class Weights:
    """A source of one float32 weight, its bias and no groups."""

    def __init__(self, rows: int, columns: int) -> None:
        self.tensors = {"weight": noise(rows, columns), "bias": noise(rows, seed=9)}

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        return self.tensors[kind]

    def groups4(self, role: str, layer: int = 0) -> Groups4 | None:
        return None


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("rows", "columns"), [(20, 40), (16, 24), (24, 30)])
def test_a_shape_that_cannot_be_packed_stays_dense(bits: int, rows: int, columns: int) -> None:
    source = Weights(rows, columns)
    maker = LinearMaker("plain", torch.bfloat16, CPU, bits, head_bits=bits)
    x = noise(3, columns, seed=4).to(torch.bfloat16)
    weight, bias = (source.tensors[kind].to(torch.bfloat16) for kind in ("weight", "bias"))
    made = maker.linear(source, ("down",), 0, True)  # type: ignore[arg-type]
    assert torch.equal(made(x), make_linear("plain", weight, bias)(x))
    head = maker.head(source, None)  # type: ignore[arg-type]
    assert torch.equal(head(x), make_linear("plain", weight)(x))
    assert (maker.rounded, maker.parameters) == (0, 2 * weight.numel() + bias.numel())


@pytest.mark.parametrize("bits", [pytest.param(4, marks=needs(4)), pytest.param(8, marks=needs(8))])
def test_a_shape_that_can_be_packed_is(bits: int) -> None:
    source = Weights(32, 64)
    maker = LinearMaker("plain", torch.bfloat16, CPU, bits, head_bits=8)
    made = maker.linear(source, ("gate", "up"), 0, True)  # type: ignore[arg-type]
    assert isinstance(made, {4: Int4Linear, 8: Int8Linear}[bits])
    x = noise(3, 64, seed=4).to(torch.bfloat16)
    weight = torch.cat([source.tensors["weight"]] * 2)
    want = x.float() @ weight.T + torch.cat([source.tensors["bias"]] * 2)
    assert made(x).shape == (3, 64)
    assert (made(x).float() - want).norm() < (0.1 if bits == 4 else 0.02) * want.norm()
    assert (maker.rounded, maker.parameters) == (2, 2 * (32 * 64 + 32))


# --------------------------------------------------------------------------- of a file


@pytest.mark.parametrize("name", ["qwen2", "llama-biases"])
def test_roles_of_one_input_are_one_layer(zoo: Zoo, name: str) -> None:
    maker = LinearMaker("plain", torch.float32, CPU)
    with open_weights(inspect(zoo.gguf(name))) as source:
        made = maker.linear(source, ("q", "k", "v"), 1, True)
        weight = torch.cat([source.get(role, "weight", 1) for role in ("q", "k", "v")])
        bias = torch.cat([source.get(role, "bias", 1) for role in ("q", "k", "v")])
    x = noise(3, weight.shape[1])
    assert torch.equal(made(x), make_linear("plain", weight, bias)(x))
    assert (maker.parameters, maker.rounded) == (weight.numel() + bias.numel(), 0)


def test_a_head_that_is_the_embedding_is_counted_once(zoo: Zoo) -> None:
    maker = LinearMaker("plain", torch.bfloat16, CPU)
    with open_weights(inspect(zoo.gguf("llama-tied"))) as source:
        embed = maker.tensor(source, "embed")
        before = maker.parameters
        head = maker.head(source, embed)
    assert (embed.dtype, embed.is_contiguous(), before) == (torch.bfloat16, True, embed.numel())
    assert maker.parameters == before
    x = noise(2, embed.shape[1]).bfloat16()
    assert torch.equal(head(x), make_linear("plain", embed)(x))


@needs(4)
@pytest.mark.parametrize(("quant", "rounded"), [("Q4_0", 0), ("Q4_1", 0), ("Q8_0", 2), ("F32", 2)])
def test_four_bits_of_the_file_are_taken_as_they_are_and_others_rounded(zoo: Zoo, quant: str, rounded: int) -> None:
    maker = LinearMaker("plain", torch.bfloat16, CPU, bits=4)
    with open_weights(inspect(zoo.gguf("llama-q4", quant=quant))) as source:
        made = maker.linear(source, ("gate", "up"), 0, False)
        shape = source.get("gate").shape
    assert isinstance(made, Int4Linear)
    assert (maker.rounded, maker.parameters) == (rounded, 2 * shape.numel())
