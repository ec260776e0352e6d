"""The law of whole replies by a real decoder with recurrent layers, gated attention and a shared expert beside others
(Qwen3.5 MoE): that of an independent forward pass in float64; and the bugs that such models invite show in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from helix_app.engine.engine import Engine
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.parts.experts import SharedExpert
from helix_app.engine.models.runner import ModelRunner
from helix_app.modelfiles.config import Experts, Layer, ModelConfig, Recurrent
from tests.engine.proof.experts import test_experts
from tests.engine.proof.experts.test_experts import (
    CONTEXT,
    CPU,
    EXACT,
    VOCAB,
    InDouble,
    Reference,
    renormalised_wrongly,
)
from tests.engine.proof.instruments.checks import Patch, install, reply_law
from tests.engine.proof.instruments.enumerate_paths import OneHotDraft, Table, difference, target_law
from tests.engine.proof.test_exact import PARAMS, PROMPT
from tests.engine.proof.test_recurrent import rejected_rows_stay
from tests.engine.runs.paged import paged

Tensor = torch.Tensor
_THETA, _TURNED = 50.0, 4
CONFIG = ModelConfig(
    *("qwen35moe", VOCAB, 16, 8, 2, 2, 1, 8),
    context_length=CONTEXT,
    rope_theta=_THETA,
    rotary_size=_TURNED,
    qk_norm=True,
    gated_attention=True,
    layers=(Layer(recurrent=True, turned=False), Layer()),
    recurrent=Recurrent(key_heads=1, value_heads=2, key_dim=4, value_dim=3, kernel=2),
    experts=Experts(5, 2, 8, shared_size=8),
)


class Weights(test_experts.Weights):
    """Heads forget, as ``-exp(A_log)`` has them."""

    def get(self, role: str, kind: str = "weight", layer: int = 0, salt: int = 0) -> Tensor:
        found = super().get(role, kind, layer, salt)
        return -found.exp() if role == "delta_decay" else found


class Formula(Reference):
    """The model as a formula; see ``test_experts.py`` for what is alike."""

    def __init__(self) -> None:
        super().__init__(CONFIG)
        self._weights = Weights(CONFIG)

    def _attention(self, x: Tensor, layer: int) -> Tensor:
        return self._recurrence(x, layer) if layer == 0 else self._gated(x, layer)

    def _recurrence(self, x: Tensor, layer: int) -> Tensor:
        """Token by token, head by head."""
        sizes = CONFIG.recurrent
        assert sizes is not None
        width, heads = sizes.key_heads * sizes.key_dim, sizes.value_heads
        inputs = F.pad(self._linear(x, "delta_qkv", layer), (0, 0, sizes.kernel - 1, 0))
        kernel = self._get("delta_conv", layer)  # [channels, kernel]
        mixed = F.silu(sum(inputs[i : i + len(x)] * kernel[:, i] for i in range(sizes.kernel)))  # type: ignore[arg-type]
        rates = self._linear(x, "delta_rate", layer).sigmoid()
        speeds = F.softplus(self._linear(x, "delta_speed", layer) + self._get("delta_bias", layer))
        kept = (speeds * self._get("delta_decay", layer)).exp()
        states = [torch.zeros(sizes.key_dim, sizes.value_dim, dtype=torch.float64) for _ in range(heads)]
        rows = []
        for at, row in enumerate(mixed):
            query, key = (one / (one @ one + 1e-6).sqrt() for one in row[: 2 * width].chunk(2))
            values = row[2 * width :].view(heads, -1)
            for head in range(heads):
                state = states[head] * kept[at, head]
                states[head] = state + torch.outer(key, rates[at, head] * (values[head] - key @ state))
            rows.append(torch.stack([query @ state / sizes.key_dim**0.5 for state in states]))
        y = torch.stack(rows)  # [rows, heads, value_dim]
        y = y / (y.pow(2).mean(-1, keepdim=True) + CONFIG.norm_eps).sqrt() * self._get("delta_gain", layer)
        return self._linear(y.flatten(1) * F.silu(self._linear(x, "delta_gate", layer)), "delta_out", layer)

    def _gated(self, x: Tensor, layer: int) -> Tensor:
        rows, dim = len(x), CONFIG.head_dim
        q, k, v = (self._linear(x, role, layer).view(rows, -1, dim) for role in ("q", "k", "v"))
        q, k = (self._turned(self._norm(one, f"{name}_norm", layer)) for one, name in ((q, "q"), (k, "k")))
        scores = torch.einsum("ihd,jd->hij", q, k[:, 0]) / dim**0.5
        behind = torch.ones(rows, rows).triu(1).bool()
        seen = scores.masked_fill(behind, float("-inf")).softmax(-1)
        mixed = torch.einsum("hij,jd->ihd", seen, v[:, 0]).flatten(1)
        return self._linear(mixed * self._linear(x, "q_gate", layer).sigmoid(), "o", layer)

    def _turned(self, heads: Tensor) -> Tensor:
        half = _TURNED // 2
        angles = torch.arange(len(heads)).double()[:, None] * _THETA ** (-torch.arange(half).double() / half)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        a, b, rest = heads.split((half, half, CONFIG.head_dim - _TURNED), dim=-1)
        return torch.cat((a * cos - b * sin, b * cos + a * sin, rest), dim=-1)


def runner() -> ModelRunner:
    """The production decoder on blocks of two tokens."""
    decoder = Decoder(CONFIG, dtype=torch.float32, device=CPU, max_positions=CONTEXT, linear_kind="plain")
    for _ in decoder.load(Weights(CONFIG)):  # type: ignore[arg-type]
        pass
    return paged(InDouble(decoder), 20, 2)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def formula() -> Formula:
    return Formula()


def law_error(engine: Engine, patch: Patch, formula: Formula, length: int) -> float:
    """How far the law of drafted replies is from the formula's."""
    target: Any = formula
    install(engine, patch, runner(), OneHotDraft(Table(11, VOCAB, order=2)))
    law = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=length, k="fixed:2")
    return difference(law, target_law(target, PARAMS["plain"], PROMPT, length))


def test_the_law_is_that_of_an_independent_forward_pass(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, formula: Formula
) -> None:
    assert law_error(engine, monkeypatch, formula, 3) < EXACT


real_shared = SharedExpert.__call__


def shared_expert_without_its_gate(patch: Patch) -> None:
    patch.setattr(SharedExpert, "__call__", lambda self, x, step: self.mlp(x, step))


def gate_of_another_row(patch: Patch) -> None:
    def shared(self: SharedExpert, x: Tensor, step: Any) -> Tensor:
        gates = self.gate(x).double().sigmoid().roll(1, 0)
        return self.mlp(x, step) * gates.to(x.dtype)

    patch.setattr(SharedExpert, "__call__", shared)


def shared_expert_left_out(patch: Patch) -> None:
    patch.setattr(SharedExpert, "__call__", lambda self, x, step: real_shared(self, x, step) * 0)


MUTANTS: dict[str, Callable[[Patch], None]] = {
    "no gate of the shared expert": shared_expert_without_its_gate,
    "gate of another row": gate_of_another_row,
    "no shared expert": shared_expert_left_out,
    "weights not renormalised": renormalised_wrongly,
    "states of rejected rows stay": rejected_rows_stay,
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_shows_in_the_law(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, formula: Formula, name: str
) -> None:
    MUTANTS[name](monkeypatch)
    assert law_error(engine, monkeypatch, formula, 3) > 100 * EXACT
