"""The law of whole replies by a real decoder with experts beside perceptrons: that of an independent forward pass in
float64. And the bugs that such layers invite: each must show in that law.

A factor that all experts of a row share drops out in the norm behind them, so weights that do not add up to one are no
bug here; weights that are made to add up to it by a second softmax are.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.engine import Engine
from helix_app.engine.models.parts import experts as production
from helix_app.engine.models.parts.expert_branch import ExpertBranch
from helix_app.engine.models.parts.experts import ExpertMlps
from helix_app.modelfiles.config import Experts
from tests.engine.proof.experts.test_experts import _BASE, EXACT, VOCAB, Reference, expert_runner
from tests.engine.proof.instruments.checks import Patch, install, reply_law
from tests.engine.proof.instruments.enumerate_paths import Context, OneHotDraft, Table, difference, target_law
from tests.engine.proof.test_exact import PARAMS, PROMPT

Tensor = torch.Tensor
CONFIG = replace(_BASE, post_norms=True, activation="gelu_tanh", experts=Experts(5, 2, 8, beside=True))


class Beside(Reference):
    """Its layers, each row by itself."""

    def _logits(self, context: Context) -> Tensor:
        x = self._get("embed")[list(context)]
        for layer in range(self._config.num_layers):
            attended = self._attention(self._norm(x, "attn_norm", layer), layer)
            x = x + self._norm(attended, "attn_post_norm", layer)
            halves = torch.stack([self._both(row, layer) for row in x])
            x = x + self._norm(halves, "mlp_post_norm", layer)
        return self._norm(x, "norm")[-1] @ self._get("head").T

    def _both(self, row: Tensor, layer: int) -> Tensor:
        seen = self._norm(row, "mlp_norm", layer)
        gate, up, down = (self._get(role, layer) for role in ("gate", "up", "down"))
        dense = down @ (F.gelu(gate @ seen, approximate="tanh") * (up @ seen))
        given = self._routed(row, layer)
        return self._norm(dense, "dense_post_norm", layer) + self._norm(given, "expert_post_norm", layer)

    def _routed(self, row: Tensor, layer: int) -> Tensor:
        one = self._config.experts
        assert one is not None
        x, scale = self._norm(row, "expert_norm", layer), self._get("router_scale", layer)
        size = (row.pow(2).mean() + self._config.norm_eps).sqrt()
        scores = self._get("router", layer) @ (row / size * scale / row.numel() ** 0.5)
        chosen = scores.topk(one.used).indices.tolist()
        shares = scores[chosen].softmax(0) * self._get("expert_scale", layer)[chosen]
        total = torch.zeros_like(row)
        for share, expert in zip(shares, chosen):
            matrices = (
                self._weights.expert(role, layer, expert).double() for role in ("expert_gate_up", "expert_down")
            )
            gate_up, down = matrices
            gate, up = (gate_up @ x).chunk(2)
            total = total + share * (down @ (F.gelu(gate, approximate="tanh") * up))
        return total


@functools.cache
def formula() -> Beside:
    """Made once: no mutant reaches it, and it remembers what it said."""
    return Beside(CONFIG)


def law_error(engine: Engine, patch: Patch, length: int) -> float:
    """How far the law of drafted replies is from the formula's."""
    target: Any = formula()
    install(engine, patch, expert_runner(CONFIG), OneHotDraft(Table(11, VOCAB, order=2)))
    law = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=length, k="fixed:2")
    return difference(law, target_law(target, PARAMS["plain"], PROMPT, length))


def test_the_law_is_that_of_an_independent_forward_pass(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    assert law_error(engine, monkeypatch, 3) < EXACT


real_choose, real_call, real_branch = production.choose, ExpertMlps.__call__, ExpertBranch.__call__


def renormalised_wrongly(patch: Patch) -> None:
    """By a second softmax, over the shares of those that were chosen."""

    def choose(scores: Tensor, one: Experts) -> Any:
        chosen, weights = real_choose(scores, replace(one, renormalised=False))
        return chosen, weights.softmax(dim=-1)

    patch.setattr(production, "choose", choose)


def scores_are_scaled(patch: Patch) -> None:
    """Scales of experts take part in the softmax, and in the choice."""

    def call(self: ExpertMlps, x: Tensor, step: Any, routed: Tensor | None = None) -> Tensor:
        scales, self.scales = self.scales, None
        patch.setattr(production, "choose", lambda scores, one: real_choose(scores * scales, one))
        try:
            return real_call(self, x, step, routed)
        finally:
            self.scales = scales

    patch.setattr(ExpertMlps, "__call__", call)


def without_scales(patch: Patch) -> None:
    def call(self: ExpertMlps, x: Tensor, step: Any, routed: Tensor | None = None) -> Tensor:
        self.scales = None
        return real_call(self, x, step, routed)

    patch.setattr(ExpertMlps, "__call__", call)


def scales_of_the_first_experts(patch: Patch) -> None:
    """The scales of experts by their places among those of a row, not by their numbers."""

    def choose(scores: Tensor, one: Experts) -> Any:
        chosen, weights = real_choose(scores, one)
        return chosen, _Placed(weights)

    class _Placed:
        def __init__(self, weights: Tensor) -> None:
            self._weights = weights

        def __mul__(self, scales: Tensor) -> Tensor:
            return self._weights * scales.roll(1, dims=1)

    patch.setattr(production, "choose", choose)


def router_sees_what_the_experts_see(patch: Patch) -> None:
    patch.setattr(ExpertMlps, "__call__", lambda self, x, step, routed: real_call(self, x, step))


def norms_of_each_other(patch: Patch) -> None:
    def call(self: ExpertBranch, dense: Tensor, x: Any, step: Any) -> Tensor:
        norms = self.norm, self.dense_norm
        self.dense_norm, self.norm = norms
        try:
            return real_branch(self, dense, x, step)
        finally:
            self.norm, self.dense_norm = norms

    patch.setattr(ExpertBranch, "__call__", call)


def perceptron_left_out(patch: Patch) -> None:
    patch.setattr(
        ExpertBranch, "__call__", lambda self, dense, x, step: real_branch(self, torch.zeros_like(dense), x, step)
    )


@pytest.mark.parametrize(
    "mutate",
    [
        renormalised_wrongly,
        scores_are_scaled,
        without_scales,
        scales_of_the_first_experts,
        router_sees_what_the_experts_see,
        norms_of_each_other,
        perceptron_left_out,
    ],
)
def test_a_mutant_shows_in_the_law(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, mutate: Callable[[Patch], None]
) -> None:
    mutate(monkeypatch)
    assert law_error(engine, monkeypatch, 2) > 100 * EXACT
