"""The bytes of a model's parts, as its memory and its speed are told by."""

from __future__ import annotations

import pytest
import torch

from helix_app.engine.kernels.linear import PlainLinear
from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.residual import Norm


@pytest.mark.parametrize(
    ("dtype", "size"), [(torch.float32, 4), (torch.bfloat16, 2), (torch.float16, 2), (torch.uint8, 1)]
)
def test_a_tensor_has_the_bytes_of_its_format(dtype: torch.dtype, size: int) -> None:
    assert bytes_of(torch.zeros(3, 5, dtype=dtype)) == 15 * size
    assert bytes_of(torch.zeros(0, dtype=dtype)) == 0


def test_a_part_has_the_bytes_of_all_its_tensors() -> None:
    weight, bias = torch.zeros(6, 4), torch.zeros(6)
    assert bytes_of(PlainLinear(weight, None)) == 6 * 4 * 4
    assert bytes_of(PlainLinear(weight, bias)) == (6 * 4 + 6) * 4


def test_a_part_counts_what_it_made_of_a_tensor_too() -> None:
    """A norm in 16 bits keeps its mirror image beside itself."""
    norm = Norm(torch.ones(8, dtype=torch.bfloat16))
    assert norm.mirrored is not None
    assert bytes_of(norm) == bytes_of(norm.weight) + bytes_of(norm.mirrored)
