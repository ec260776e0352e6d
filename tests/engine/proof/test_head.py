"""The law of replies that a draft head drafted, from a part of the vocabulary, is that of the target alone, over every
path of its draws."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from helix_app.engine.drafts.ask import Ask
from helix_app.engine.drafts.proposal import Proposal
from helix_app.engine.engine import Engine
from helix_app.engine.kernels.attention import Span
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.drafting.eagle import EagleHead
from helix_app.engine.models.tensors.head_weights import HeadWeights
from helix_app.engine.models.tensors.weights import expected_shape
from helix_app.engine.sampling import verification
from helix_app.modelfiles.config import ModelConfig
from helix_app.modelfiles.draft_head import HeadFiles
from tests.engine.proof.instruments.checks import Patch, install, reply_law
from tests.engine.proof.instruments.enumerate_paths import BrokenPromise, Law, difference
from tests.engine.proof.instruments.mutants import accept_everything
from tests.engine.proof.test_exact import PARAMS, PROMPT
from tests.engine.proof.test_next_token import ROUNDED
from tests.engine.runs.head_runs import CPU, Parts, drafter, joined

CONFIG = ModelConfig("qwen3", 3, 16, 24, 2, 2, 1, 8, 64, rope_theta=50.0, qk_norm=True)
LAYER = ModelConfig("llama", 3, 16, 24, 1, 2, 1, 8, 64, rope_theta=70.0)
TOKENS = [0, 2]  # of the target's three that the head drafts
HEAD = HeadFiles(Path("head"), LAYER, len(TOKENS), 16, (0, 1, 2), False, {"d2t": "d2t"}, (), "head")


def _noise(name: str, shape: Sequence[int]) -> torch.Tensor:
    noise = torch.randn(tuple(shape), generator=torch.Generator().manual_seed(zlib.crc32(name.encode())))
    return 1 + 0.2 * noise if "norm" in name else 1.5 * noise / shape[-1] ** 0.5


class _Random:
    """Weights by role (a ``WeightSource``)."""

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        return _noise(f"{role} {layer}", expected_shape(CONFIG, role, kind))

    groups4 = packed = lambda *_: None


class _RandomHead(HeadWeights):
    """The same for the head."""

    def get(self, role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
        return _noise(f"head {role}", self._shape(role, kind))

    def named(self, name: str) -> torch.Tensor:
        return torch.tensor(TOKENS) - torch.arange(len(TOKENS))


class _Wide(Decoder):
    """Logits in float64, so that draws have exact borders."""

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        return super().forward_many(ids, spans).double()


class _WideHead(EagleHead):
    """The same for the head."""

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        return super().forward_many(ids, spans).double()


@pytest.fixture(scope="module")
def parts() -> Parts:
    decoder = _Wide(CONFIG, dtype=torch.float32, device=CPU, max_positions=64, linear_kind="plain")
    assert list(decoder.load(_Random()))[-1] == 1.0  # type: ignore[arg-type]
    head = _WideHead(HEAD, decoder, torch.float32)
    assert list(head.load(_RandomHead(HEAD, 3)))[-1] == 1.0
    return decoder, head


@pytest.fixture(scope="module")
def alone(engine: Engine, parts: Parts) -> Law:
    """The law of the target alone, with no filter."""
    with pytest.MonkeyPatch.context() as patch:
        return law(engine, patch, parts, "plain", 0)


def law(engine: Engine, patch: Patch, parts: Parts, name: str, k: int) -> Law:
    runner, layer = joined(parts, 8, [3, 1, 4, 0, 5, 2, 7, 6], size=2)
    install(engine, patch, runner, drafter(layer))
    return reply_law(engine, patch, PROMPT, PARAMS[name], max_tokens=3, k=f"fixed:{k}")


@pytest.mark.parametrize("name", ["plain", pytest.param("all", marks=pytest.mark.soak)])
def test_exact_law_of_whole_replies(engine: Engine, monkeypatch: Patch, parts: Parts, alone: Law, name: str) -> None:
    alone = alone if name == "plain" else law(engine, monkeypatch, parts, name, 0)
    assert any(1 in text for text in alone)  # what the head never drafts is said all the same
    assert difference(law(engine, monkeypatch, parts, name, 2), alone) < ROUNDED


def tokens_outside_left_out(patch: Patch) -> None:
    """What is left after a rejection is sought among the tokens that the head drafts."""
    real = verification.residual

    def residual(target: torch.Tensor, token: int, draft: torch.Tensor | None) -> torch.Tensor:
        left = real(target, token, draft)
        return left if draft is None else torch.where(draft > 0, left + 1e-9, 0.0)

    patch.setattr(verification, "residual", residual)


def places_said_of_other_tokens(patch: Patch) -> None:
    """As if what the draft says were in its own numbering, and its tokens in the target's."""
    real = Ask.proposal

    def proposal(self: Ask) -> Proposal:
        made = real(self)
        return made if made.probs is None else replace(made, probs=made.probs.roll(1, 1))

    patch.setattr(Ask, "proposal", proposal)


MUTANTS = [accept_everything, tokens_outside_left_out, places_said_of_other_tokens]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_wrong_verification_shows(
    engine: Engine, monkeypatch: Patch, parts: Parts, alone: Law, mutant: Callable[[Patch], None]
) -> None:
    mutant(monkeypatch)
    try:
        found = law(engine, monkeypatch, parts, "plain", 2)
    except BrokenPromise:
        return
    assert difference(found, alone) > 100 * ROUNDED
