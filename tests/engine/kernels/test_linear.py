"""Linear layers are the products they say, whichever kernel runs; which one is chosen, and what is asked about rows."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from helix_app.engine.kernels import linear
from helix_app.engine.kernels.linear import OneDnnLinear, PlainLinear, choose_linear, make_linear, same_rows
from tests.engine.machine.test_measured import another_program, home as home
from tests.engine.models.test_decoder import worst

CPU = torch.device("cpu")


@pytest.mark.parametrize("bias", [True, False])
def test_onednn_linear_equals_plain(bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    weight = torch.randn(40, 24, generator=generator)
    offset = torch.randn(40, generator=generator) if bias else None
    packed = make_linear("onednn", weight, offset)
    assert isinstance(packed, OneDnnLinear)
    for rows in (1, 2, 5, 33):
        x = torch.randn(rows, 24, generator=generator)
        assert worst(packed(x), PlainLinear(weight, offset)(x)) < 1e-5


def test_a_kind_that_does_not_exist_here_becomes_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: OneDnnLinear, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        raise RuntimeError("no such kernel")

    monkeypatch.setattr(OneDnnLinear, "__init__", refuse)
    assert isinstance(make_linear("onednn", torch.zeros(4, 4)), PlainLinear)


# --------------------------------------------------------------------------- the fastest


def test_the_kernel_of_each_shape_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []

    def seconds(layers: dict[str, object], weight: torch.Tensor) -> dict[str, float]:
        asked.append(tuple(weight.shape))
        return {kind: 1.0 if (kind == "plain") == (weight.shape[0] == 32) else 2.0 for kind in layers}

    monkeypatch.setattr(linear, "_seconds", seconds)
    for _ in range(2):
        assert choose_linear(torch.float32, CPU, 32, 64) == "plain"
        if torch.backends.mkldnn.is_available():
            assert choose_linear(torch.float32, CPU, 48, 64) == "onednn"
        another_program()
    assert asked == [(32, 64), (48, 64)]


def test_kernels_that_are_close_are_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def seconds(layers: dict[str, object], weight: torch.Tensor) -> dict[str, float]:
        asked.append(1)
        return {kind: 1.0 + 0.05 * i for i, kind in enumerate(layers)}

    if not torch.backends.mkldnn.is_available():
        pytest.skip("only one kind here")
    monkeypatch.setattr(linear, "_seconds", seconds)
    for _ in range(2):
        choose_linear(torch.float32, CPU, 32, 64)
        another_program()
    assert len(asked) == 2


def test_real_measurements() -> None:
    weight = torch.randn(64, 128)
    found = linear._seconds({"plain": PlainLinear(weight, None), "onednn": OneDnnLinear(weight, None)}, weight)
    assert set(found) == {"plain", "onednn"}
    assert all(0 < value < 1 for value in found.values())
    assert choose_linear(torch.float32, CPU, 64, 128) in linear.KINDS
    assert choose_linear(torch.float32, torch.device("meta"), 64, 128) == "plain"


# --------------------------------------------------------------------------- rows alike


class Shifted:
    """Its results are a little larger where more than so many rows run."""

    def __init__(self, most: int) -> None:
        self.most, self.calls = most, 0

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return x + (1e-3 if len(x) > self.most else 0.0)


@pytest.mark.parametrize(("most", "alike"), [(100, True), (1, False)])
def test_a_kernel_that_is_not_known_is_tried_with_one_row_and_two(most: int, alike: bool) -> None:
    layer = Shifted(most)
    assert same_rows(layer, 8, 8, torch.float32, CPU) == (alike, 0)
    calls = layer.calls
    another_program()
    assert same_rows(layer, 8, 8, torch.float32, CPU) == (alike, 0)
    assert layer.calls == calls  # remembered
    same_rows(layer, 8, 16, torch.float32, CPU)
    assert layer.calls > calls  # another shape is another question


@pytest.mark.parametrize("make", [PlainLinear, OneDnnLinear])
def test_dense_layers_are_asked_by_a_trial_of_their_shape(make: Callable[..., PlainLinear]) -> None:
    single, together = same_rows(make(torch.zeros(48, 33), None), 48, 33, torch.float32, CPU)
    assert isinstance(single, bool)
    assert together == 0 or together >= 2
