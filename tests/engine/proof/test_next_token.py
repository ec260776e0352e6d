"""The law of replies that a target's own layer drafted is that of the target alone, over every path of its draws."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import replace

import pytest
import torch

from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import Span
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.next_token import NextTokenLayer
from helix_app.engine.models.tensors.weights import expected_shape
from helix_app.modelfiles.config import Experts, ModelConfig, NextToken
from tests.engine.proof.instruments.checks import install, reply_law
from tests.engine.proof.instruments.enumerate_paths import Law, difference
from tests.engine.proof.instruments.mutants import accept_everything
from tests.engine.proof.test_exact import PARAMS, PROMPT
from tests.engine.runs.next_token_runs import CPU, drafter, joined

_PLAIN = ModelConfig("qwen3", 2, 16, 24, 1, 2, 1, 8, 64, rope_theta=50.0, qk_norm=True, next_token=NextToken())
CONFIGS = {"perceptrons": _PLAIN, "experts": replace(_PLAIN, experts=Experts(4, 2, 8, shared_size=8))}
ROUNDED = 1e-5  # of probabilities in float32


class _Random:
    """Weights by role (a ``WeightSource``)."""

    def __init__(self, config: ModelConfig) -> None:
        self._config = config

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        generator = torch.Generator().manual_seed(zlib.crc32(f"{role} {layer}".encode()))
        shape = expected_shape(self._config, role, kind)
        noise = torch.randn(shape, generator=generator)
        return 1 + 0.2 * noise if role.endswith("norm") else 1.5 * noise / shape[-1] ** 0.5

    def expert(self, role: str, layer: int, index: int, kind: str = "weight") -> torch.Tensor:
        return self.get(role, kind, 100 * (1 + index) + layer)

    groups4 = packed = lambda *_: None


class _Wide(Decoder):
    """Logits in float64, so that draws have exact borders."""

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        return super().forward_many(ids, spans).double()


class _WideLayer(NextTokenLayer):
    """The same for the layer."""

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        return super().forward_many(ids, spans).double()


@pytest.fixture(scope="module", params=CONFIGS)
def parts(request: pytest.FixtureRequest) -> tuple[Decoder, NextTokenLayer]:
    config = CONFIGS[request.param]
    decoder = _Wide(config, dtype=torch.float32, device=CPU, max_positions=64, linear_kind="plain")
    layer = _WideLayer(decoder)
    for one in (decoder, layer):
        assert list(one.load(_Random(config)))[-1] == 1.0  # type: ignore[arg-type]
    return decoder, layer


def law(engine: Engine, patch: pytest.MonkeyPatch, parts: tuple[Decoder, NextTokenLayer], name: str, k: int) -> Law:
    runner, layer = joined(parts, 8, [3, 1, 4, 0, 5, 2, 7, 6], size=2)
    install(engine, patch, runner, drafter(layer))
    return reply_law(engine, patch, PROMPT, PARAMS[name], max_tokens=4, k=f"fixed:{k}")


@pytest.mark.parametrize("name", ["plain", "all"])
def test_exact_law_of_whole_replies(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, parts: tuple[Decoder, NextTokenLayer], name: str
) -> None:
    alone = law(engine, monkeypatch, parts, name, 0)
    assert difference(law(engine, monkeypatch, parts, name, 2), alone) < ROUNDED


def test_a_wrong_verification_shows(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, parts: tuple[Decoder, NextTokenLayer]
) -> None:
    alone = law(engine, monkeypatch, parts, "plain", 0)
    accept_everything(monkeypatch)
    assert difference(law(engine, monkeypatch, parts, "plain", 2), alone) > 100 * ROUNDED
