"""The trial of new kernels has power: whatever part computes something else than its reference is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gguf
import numpy as np
import pytest

from helix_app.engine.kernels.packed import check
from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import CORE, Library
from helix_app.engine.kernels.packed.reference import Arithmetic


@pytest.mark.parametrize("name", FORMATS)
def test_made_up_weights_are_numbers_of_a_sane_size(name: str) -> None:
    raw = check.made_up(np.random.default_rng(1), name, 5, 3)
    assert raw.shape == (5, 3 * FORMATS[name].nbytes)
    numbers = gguf.dequantize(raw, gguf.GGMLQuantizationType[name])
    assert numbers.shape == (5, 3 * FORMATS[name].columns)
    assert 1e-3 < np.abs(numbers).max() < 1e3
    assert np.isfinite(numbers).all()


@pytest.mark.parametrize("value", [0.0, 1.0, -1.5, 1e-5])
def test_a_float_travels_in_the_low_half_of_a_word(value: float) -> None:
    word = check.floats(value)
    assert 0 <= word < 2**32
    assert np.array(word, dtype="<u4").view("<f4") == np.float32(value)


def other(real: Callable[..., Any]) -> Callable[..., Any]:
    """The same, but for the last place of some of its numbers."""

    def changed(*args: Any) -> Any:
        found = real(*args)
        return np.where(np.arange(found.shape[-1]) % 7 == 0, found * np.float32(1 + 1e-3), found).astype(np.float32)

    return changed


@pytest.mark.parametrize(
    ("part", "name", "found"),
    [
        (CORE, "normed", {"prepare for groups of 256", "prepare for groups of 32"}),
        (CORE, "activated", {"activate for groups of 256", "activate for groups of 32"}),
        (CORE, "turned", {"rotation"}),
        ("attention_16_2", "attention", {"attention_16_2"}),
        ("Q6_K", "product", {f"product_Q6_K of {rows} rows" for rows in (1, 2, 3, 4, 5, 6, 7, 8, 11)}),
    ],
)
def test_each_step_is_held_to_its_own_reference(
    library: Library, monkeypatch: pytest.MonkeyPatch, part: str, name: str, found: set[str]
) -> None:
    monkeypatch.setattr(Arithmetic, name, other(getattr(Arithmetic, name)))
    assert set(check.wrong_in(library, part)) == found
