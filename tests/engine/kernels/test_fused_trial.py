"""The trial of a fused attention kernel, with the CPU's in place of a card's."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.kernels import fused_trial

REAL = F.scaled_dot_product_attention


def test_a_kernel_that_is_right_passes() -> None:
    said = fused_trial.run("cpu", "flash")
    assert said == {"works": True, "reason": "", "tried": 18}


def test_a_kernel_that_takes_no_call_is_no_fault() -> None:
    assert fused_trial.run("cpu", "efficient") == {"works": True, "reason": "", "tried": 0}  # the CPU has none


@pytest.mark.parametrize("factor", [0.0, 1.5, float("nan")])
def test_wrong_numbers_are_seen(factor: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda *a, **k: REAL(*a, **k) * factor)
    said = fused_trial.run("cpu", "flash")
    assert not said["works"]
    assert "wrong by" in said["reason"]


def test_a_mask_that_is_ignored_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(F, "scaled_dot_product_attention", lambda q, k, v, attn_mask: REAL(q, k, v))
    assert not fused_trial.run("cpu", "flash")["works"]


def test_what_runs_after_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fused_trial, "_products", lambda device, dtype: iter([float("inf")]))
    assert "the product after it" in fused_trial.run("cpu", "flash")["reason"]


def test_an_error_of_the_card_is_the_jobs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    def launch(*_: object, **__: object) -> torch.Tensor:
        raise RuntimeError("HIP error: invalid device function")

    monkeypatch.setattr(F, "scaled_dot_product_attention", launch)
    with pytest.raises(RuntimeError, match="invalid device function"):
        fused_trial.run("cpu", "flash")
