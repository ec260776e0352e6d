"""The trial of the kernels of recurrent layers has power: each is held to its own reference."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from helix_app.engine.kernels.packed.delta import reference
from helix_app.engine.kernels.packed.delta.sizes import WIDTHS
from helix_app.engine.kernels.packed.library import DELTA, Library
from helix_app.engine.kernels.packed.reference import Arithmetic
from helix_app.engine.kernels.packed.trials import check

STEPS = {f"delta_steps_{width}" for width in WIDTHS}
GATED = {f"delta_gated for groups of {size}" for size in (32, 256)}


def test_they_compute_what_their_references_do(library: Library) -> None:
    assert not list(check.wrong_in(library, DELTA))


def last_place(real: Callable[..., Any]) -> Callable[..., Any]:
    """The same but for the last places of some numbers."""

    def changed(*given: Any) -> Any:
        found = real(*given)
        return np.where(np.arange(found.shape[-1]) % 3 == 0, found * np.float32(1 + 1e-6), found).astype(np.float32)

    return changed


@pytest.mark.parametrize(
    ("owner", "name", "found"),
    [
        (reference, "decays", {"delta_rows"}),
        (reference, "convolved", {"delta_rows"}),
        (reference, "of_length_one", {"delta_rows"}),
        (reference, "gated", GATED),
        (reference.Heads, "key_of", STEPS),
        (reference.Rule, "advance", STEPS),
    ],
)
def test_another_result_is_found(
    library: Library, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, found: set[str]
) -> None:
    changed: Any = last_place(getattr(owner, name))
    if name == "key_of":
        changed = lambda self, head: 0  # noqa: E731
    if name == "advance":
        real = reference.Rule.advance

        def changed(self: reference.Rule, keys: Any, decays: Any, deltas: Any) -> None:
            real(self, keys, decays * np.float32(1 + 1e-6), deltas)

    monkeypatch.setattr(owner, name, changed)
    assert set(check.wrong_in(library, DELTA)) == found


def test_another_rounding_is_found(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    usual, other = Arithmetic.fma, Arithmetic(not library.processor.fused)
    monkeypatch.setattr(Arithmetic, "fma", lambda _, a, b, c: usual(other, a, b, c))
    assert set(check.wrong_in(library, DELTA)) >= {"delta_rows", *STEPS}
