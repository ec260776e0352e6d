"""The law of whole replies by real decoders with experts: that of an independent forward pass in float64.

And the bugs that such models invite: each must show in that law.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
import torch

from helix_app.engine.cache.kv_cache import KVCache
from helix_app.engine.cache.layout import layout_of
from helix_app.engine.cache.pool.block_pool import BlockPool
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import SpanPath
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.parts import experts as production
from helix_app.engine.models.parts.experts import ExpertMlps
from helix_app.engine.models.rope import rope_table
from helix_app.engine.models.runner import ModelRunner
from helix_app.engine.models.tensors.weights import expected_shape
from helix_app.modelfiles.config import Experts, Layer, ModelConfig
from tests.engine.proof.instruments.checks import Patch, install, reply_law
from tests.engine.proof.instruments.enumerate_paths import Context, OneHotDraft, Table, difference, target_law
from tests.engine.proof.test_exact import PARAMS, PROMPT

Tensor = torch.Tensor
CPU = torch.device("cpu")
VOCAB, CONTEXT, EXACT = 3, 64, 1e-5  # decoders compute in float32
_BASE = ModelConfig("qwen2moe", VOCAB, 16, 24, 2, 2, 1, 8, context_length=CONTEXT)
CONFIGS = {
    "shared": replace(_BASE, experts=Experts(5, 2, 8, shared_size=8)),
    "not renormalised": replace(_BASE, experts=Experts(4, 3, 8, renormalised=False)),
    "sinks": replace(
        _BASE,
        qkv_bias=True,
        out_bias=True,
        sinks=True,
        layers=(Layer(window=4), Layer()),
        experts=Experts(4, 2, 8, softmax_of_chosen=True, biased=True, swiglu_limit=1.5),
    ),
}


class Weights:
    """Random weights of a config, the same whenever they are asked for."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config

    def get(self, role: str, kind: str = "weight", layer: int = 0, salt: int = 0) -> Tensor:
        shape = expected_shape(self._config, role, kind)
        seed = 10_000 * salt + 100 * layer + sum(map(ord, role + kind))
        noise = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
        if "norm" in role:
            return 1 + 0.1 * noise
        return noise * (1.0 if len(shape) == 1 or role in ("embed", "head") else 2.0 / shape[-1] ** 0.5)

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> Tensor:
        return self.get(role, kind, layer, 1 + index)


class InDouble:
    """A decoder whose logits are in float64, so that what is made of them is exact."""

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder

    def __getattr__(self, name: str) -> Any:
        return getattr(self._decoder, name)

    def forward_many(self, ids: Tensor, spans: Sequence[Any]) -> Tensor:
        return self._decoder.forward_many(ids, spans).double()


def expert_runner(config: ModelConfig) -> ModelRunner:
    """The production decoder on a pool of blocks of two tokens."""
    decoder = Decoder(config, dtype=torch.float32, device=CPU, max_positions=CONTEXT, linear_kind="plain")
    for _ in decoder.load(Weights(config)):  # type: ignore[arg-type]
        pass
    layout = layout_of(config, CONTEXT)
    cache = KVCache(config, 40, 2, torch.float32, CPU, layout)
    return ModelRunner(InDouble(decoder), BlockPool(40, 2, windows=layout.windows), cache)  # type: ignore[arg-type]


class Reference:
    """The same model as a formula: logits ``[vocab]`` after a context, each row by itself, in float64."""

    vocab = VOCAB

    def __init__(self, config: ModelConfig) -> None:
        self._config, self._weights = config, Weights(config)
        self._known: dict[Context, Tensor] = {}

    def __call__(self, context: Context) -> Tensor:
        if context not in self._known:
            self._known[context] = self._logits(context)
        return self._known[context]

    def rows(self, context: Context, ids: Context) -> Tensor:
        return torch.stack([self((*context, *ids[:j])) for j in range(len(ids) + 1)])

    def _get(self, role: str, layer: int = 0, kind: str = "weight") -> Tensor:
        return self._weights.get(role, kind, layer).double()

    def _linear(self, x: Tensor, role: str, layer: int, biased: bool = False) -> Tensor:
        y = x @ self._get(role, layer).T
        return y + self._get(role, layer, "bias") if biased else y

    def _norm(self, x: Tensor, role: str, layer: int = 0) -> Tensor:
        return x / (x.pow(2).mean(-1, keepdim=True) + self._config.norm_eps).sqrt() * self._get(role, layer)

    def _logits(self, context: Context) -> Tensor:
        x = self._get("embed")[list(context)]
        for layer in range(self._config.num_layers):
            x = x + self._attention(self._norm(x, "attn_norm", layer), layer)
            x = x + torch.stack([self._mixture(row, layer) for row in self._norm(x, "mlp_norm", layer)])
        return self._norm(x, "norm")[-1] @ self._get("head").T

    def _attention(self, x: Tensor, layer: int) -> Tensor:
        c, rows = self._config, len(x)
        cos, sin = (table[:rows].double() for table in rope_table(c, rows, torch.float32, CPU))
        q, k, v = (self._linear(x, role, layer, c.qkv_bias).view(rows, -1, c.head_dim) for role in ("q", "k", "v"))
        q, k = (one * cos + one.roll(c.head_dim // 2, -1) * sin for one in (q, k))
        scores = torch.einsum("ihd,jd->hij", q, k[:, 0]) / c.head_dim**0.5
        behind = torch.arange(rows)[:, None] - torch.arange(rows)[None]
        hidden = (behind < 0) | ((behind >= c.layer(layer).window) if c.layer(layer).window else behind < 0)
        scores = scores.masked_fill(hidden, float("-inf"))
        if c.sinks:
            sinks = self._get("sinks", layer)[:, None, None].expand(-1, rows, 1)
            scores = torch.cat((scores, sinks), dim=-1)
        seen = scores.softmax(-1)[..., :rows]
        return self._linear(torch.einsum("hij,jd->ihd", seen, v[:, 0]).flatten(1), "o", layer, c.out_bias)

    def _mixture(self, x: Tensor, layer: int) -> Tensor:
        one = self._config.experts
        assert one is not None
        scores = self._linear(x, "router", layer, one.biased)
        chosen = scores.topk(one.used).indices.tolist()
        over = scores[chosen] if one.softmax_of_chosen or one.renormalised else scores
        total = torch.zeros_like(x)
        for expert in chosen:
            weight = scores[expert].exp() / over.exp().sum()
            total = total + weight * self._expert(x, layer, expert, one)
        if one.shared_size:
            gate, up, down = (self._get(f"shared_{name}", layer) for name in ("gate", "up", "down"))
            share = (self._get("shared_scale", layer) @ x).sigmoid()
            total = total + share * (down @ (torch.nn.functional.silu(gate @ x) * (up @ x)))
        return total

    def _expert(self, x: Tensor, layer: int, expert: int, one: Experts) -> Tensor:
        def linear(role: str, y: Tensor) -> Tensor:
            product = self._weights.expert(role, layer, expert).double() @ y
            return product + self._weights.expert(role, layer, expert, "bias").double() if one.biased else product

        gate, up = linear("expert_gate_up", x).chunk(2)
        if one.swiglu_limit:
            gate, up = gate.clamp(max=one.swiglu_limit), up.clamp(-one.swiglu_limit, one.swiglu_limit)
            return linear("expert_down", gate * (1.702 * gate).sigmoid() * (up + 1))
        return linear("expert_down", torch.nn.functional.silu(gate) * up)


@functools.cache
def formula(name: str) -> Reference:
    """Made once: no mutant reaches it, and it remembers what it said."""
    return Reference(CONFIGS[name])


def law_error(engine: Engine, patch: Patch, name: str, length: int) -> float:
    """How far the law of drafted replies is from the formula's."""
    target: Any = formula(name)
    install(engine, patch, expert_runner(CONFIGS[name]), OneHotDraft(Table(11, VOCAB, order=2)))
    law = reply_law(engine, patch, PROMPT, PARAMS["plain"], max_tokens=length, k="fixed:2")
    return difference(law, target_law(target, PARAMS["plain"], PROMPT, length))


@pytest.mark.parametrize("name", CONFIGS)
def test_the_law_is_that_of_an_independent_forward_pass(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    assert law_error(engine, monkeypatch, name, 3 if name == "shared" else 2) < EXACT


real_choose, real_given, real_attend = production.choose, ExpertMlps._given, SpanPath.attend


def renormalised_wrongly(patch: Patch) -> None:
    def choose(scores: Tensor, experts: Experts) -> Any:
        return real_choose(scores, replace(experts, renormalised=not experts.renormalised))

    patch.setattr(production, "choose", choose)


def softmax_of_all(patch: Patch) -> None:
    """Weights are shares of all experts, where they should be of those that were chosen."""

    def choose(scores: Tensor, experts: Experts) -> Any:
        return real_choose(scores, replace(experts, softmax_of_chosen=False, renormalised=False))

    patch.setattr(production, "choose", choose)


def weights_in_another_order(patch: Patch) -> None:
    def choose(scores: Tensor, experts: Experts) -> Any:
        chosen, weights = real_choose(scores, experts)
        return chosen, weights.sort(dim=-1, descending=True).values

    patch.setattr(production, "choose", choose)


def drafted_rows_take_the_experts_of_the_first(patch: Patch) -> None:
    def choose(scores: Tensor, experts: Experts) -> Any:
        chosen, weights = real_choose(scores, experts)
        return chosen[:1].repeat(len(chosen), 1), weights

    patch.setattr(production, "choose", choose)


def rows_are_not_put_back(patch: Patch) -> None:
    def given(self: ExpertMlps, x: Tensor, chosen: Tensor, step: Any) -> Tensor:
        made = real_given(self, x, chosen, step)
        return made if len(x) == 1 else made.flatten(0, 1)[chosen.flatten().argsort(stable=True)].view_as(made)

    patch.setattr(ExpertMlps, "_given", given)


def sinks_are_forgotten(patch: Patch) -> None:
    patch.setattr(SpanPath, "attend", lambda self, layer, heads, sinks=None: real_attend(self, layer, heads))


def sinks_of_other_heads(patch: Patch) -> None:
    patch.setattr(SpanPath, "attend", lambda self, layer, heads, sinks: real_attend(self, layer, heads, sinks.flip(0)))


MUTANTS: dict[str, tuple[str, Callable[[Patch], None]]] = {
    "weights not renormalised": ("shared", renormalised_wrongly),
    "weights renormalised": ("not renormalised", renormalised_wrongly),
    "weights of all experts": ("sinks", softmax_of_all),
    "weights in another order": ("not renormalised", weights_in_another_order),
    "experts of the first row": ("shared", drafted_rows_take_the_experts_of_the_first),
    "rows not put back": ("shared", rows_are_not_put_back),
    "no sinks": ("sinks", sinks_are_forgotten),
    "sinks of other heads": ("sinks", sinks_of_other_heads),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_shows_in_the_law(engine: Engine, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    config, mutate = MUTANTS[name]
    mutate(monkeypatch)
    assert law_error(engine, monkeypatch, config, 2) > 100 * EXACT
