"""New kernels are tried in a process of their own, and the trial has power."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from helix_app.engine.kernels.packed.formats import FORMATS
from helix_app.engine.kernels.packed.library import ADD, CORE, GELU, HEAD_NORMS, PARTIAL, SIGMOID, Library
from helix_app.engine.kernels.packed.reference import Arithmetic
from helix_app.engine.kernels.packed.trials import check

PART = "Q4_1"


def test_the_job_loads_what_was_made_or_makes_it(tmp_path: Path, library: Library) -> None:
    assert check.run(str(tmp_path), PART) == {"wrong": []}


@pytest.mark.parametrize("part", [PART, "Q6_K", "attention_16_2"])
def test_another_order_of_sums_is_found(library: Library, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    monkeypatch.setattr(
        check.reference, "lanes_summed", lambda lanes: lanes.sum(axis=-1, dtype=np.float64).astype(np.float32)
    )
    assert list(check.wrong_in(library, part))


@pytest.mark.parametrize("part", ["Q4_K", "Q6_K", "attention_16_2", CORE])
def test_another_rounding_is_found(library: Library, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    usual = Arithmetic.fma
    other = Arithmetic(not library.processor.fused)
    monkeypatch.setattr(Arithmetic, "fma", lambda _, a, b, c: usual(other, a, b, c))
    assert list(check.wrong_in(library, part))


@pytest.mark.parametrize("name", FORMATS)
def test_made_up_weights_are_of_a_sane_size(name: str) -> None:
    raw = check.made_up(np.random.default_rng(1), name, 7, 3)
    assert raw.shape == (7, 3 * FORMATS[name].nbytes)
    dense = check.reference.unpacked(name, raw).dense()
    assert np.isfinite(dense).all()
    assert 1e-3 < np.abs(dense).mean() < 100


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
        (HEAD_NORMS, "turned", {HEAD_NORMS}),
        (HEAD_NORMS, "normed", {HEAD_NORMS}),
        (ADD, "added", {ADD}),
        (GELU, "activated", {GELU}),
        (SIGMOID, "activated", {SIGMOID}),
        (PARTIAL, "turned", {PARTIAL}),
        ("attention_16_2", "attention", {"attention_16_2"}),
        ("windowed_16_2", "attention", {f"windowed_16_2 of {count} tokens" for count in (1, 16, 23, 54, 200)}),
        ("Q6_K", "product", {f"product_Q6_K of {rows} rows" for rows in (1, 2, 3, 4, 5, 6, 7, 8, 11)}),
    ],
)
def test_each_step_is_held_to_its_own_reference(
    library: Library, monkeypatch: pytest.MonkeyPatch, part: str, name: str, found: set[str]
) -> None:
    monkeypatch.setattr(Arithmetic, name, other(getattr(Arithmetic, name)))
    assert set(check.wrong_in(library, part)) == found
