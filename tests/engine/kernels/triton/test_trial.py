"""The trial of a card's packed products, by Triton's interpreter, has power."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from tests.engine import interpreted as interpreted  # isort: skip  (before Triton)
from helix_app.engine.kernels.triton import trial
from helix_app.engine.kernels.triton.weights import PackedLinear, PackedWeight

NAME = "Q4_0"


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "_COLUMNS", 256)
    monkeypatch.setattr(trial, "_OUT", 40)
    monkeypatch.setattr(trial, "_ROWS", (5, 80))


def changed(real: Callable[..., torch.Tensor], factor: float) -> Callable[..., torch.Tensor]:
    return lambda *given: real(*given) * factor


def test_kernels_that_are_right_pass() -> None:
    assert trial.run("cpu", "float16", NAME) == {"wrong": {}, "seconds": {}}


@pytest.mark.parametrize(
    ("owner", "method", "said"),
    [(PackedLinear, "__call__", "wrong by"), (PackedWeight, "unpacked", "wrong by")],
)
@pytest.mark.parametrize("factor", [0.0, 1.05, float("nan")])
def test_wrong_numbers_are_seen(
    monkeypatch: pytest.MonkeyPatch, owner: Any, method: str, said: str, factor: float
) -> None:
    interpreted.plain_products(monkeypatch)
    monkeypatch.setattr(owner, method, changed(getattr(owner, method), factor))
    assert said in trial.run("cpu", "float16", NAME)["wrong"][NAME]


def test_an_error_of_the_card_is_the_jobs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(*_: object) -> None:
        raise RuntimeError("CUDA error: no kernel image is available")

    monkeypatch.setattr(PackedWeight, "product", launch)
    with pytest.raises(RuntimeError, match="no kernel image"):
        trial.run("cpu", "float16", NAME)
