"""Experts beside a perceptron that every row is given to: what both give is normed, each by itself, and added.

The experts and the router look at the stream with norms of their own, not with the one of the perceptron. Source:
transformers, ``Gemma4TextDecoderLayer`` and ``Gemma4TextRouter``.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.models.base import bytes_of
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts.experts import ExpertMlps, load_experts
from helix_app.engine.models.parts.part import Linear, Pass
from helix_app.engine.models.residual import Norm, Residual
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


class ExpertBranch:
    """What a layer adds to its perceptron.

    Attributes:
        experts: of the branch, and their router.
        seen, routed: norms over the stream, as the experts and as the router see it.
        norm, dense_norm: over what the experts give, and over what the perceptron gives.
    """

    def __init__(
        self, config: ModelConfig, experts: ExpertMlps, seen: Norm, routed: Norm, norm: Norm, dense_norm: Norm
    ) -> None:
        self.experts, self.seen, self.routed, self.norm, self.dense_norm = experts, seen, routed, norm, dense_norm
        self._config = config

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        return self.experts.linears

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        norms = (self.seen, self.routed, self.norm, self.dense_norm)
        return self.experts.weight_bytes + sum(bytes_of(norm) for norm in norms)

    def __call__(self, dense: torch.Tensor, x: Residual, step: Pass) -> torch.Tensor:
        """What is added to the stream ``x``, ``[rows, hidden]``.

        Args:
            dense: what the perceptron gave, ``[rows, hidden]``.
        """
        given = self.experts(x.normed(self.seen), step, x.normed(self.routed))
        return self._normed(dense, self.dense_norm) + self._normed(given, self.norm)

    def _normed(self, y: torch.Tensor, norm: Norm) -> torch.Tensor:
        return F.rms_norm(y, (self._config.hidden_size,), norm.weight, self._config.norm_eps)


def load_branch(config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int) -> ExpertBranch | None:
    """What a layer adds to its perceptron, None where it adds nothing. Raises ModelFileError."""
    experts = config.experts_of(index)
    if experts is None or not experts.beside:
        return None
    # scores are of the normed stream times this scale over the root of its size
    scale = maker.wide(source, "router_scale", index) * config.hidden_size**-0.5
    seen, norm, dense_norm = (
        Norm(maker.tensor(source, role, layer=index)) for role in ("expert_norm", "expert_post_norm", "dense_post_norm")
    )
    return ExpertBranch(
        config, load_experts(config, maker, source, index), seen, Norm(scale.to(maker.dtype)), norm, dense_norm
    )
