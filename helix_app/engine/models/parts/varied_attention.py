"""Attention in models whose layers differ: in the size of their heads, in what values are, in whose keys they read.

A layer that shares the keys and values of an earlier one has queries alone, and writes nothing into the cache.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models import rope
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Part, Pass
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


class VariedAttention(Part):
    """Queries, and the keys and values that the layer has of its own, in one product; all heads normed.

    Attributes:
        norm: weights of the norm of each head ``[heads of the product, head_dim]``.
    """

    weights = "qkv", "out", "norm"

    def __init__(
        self,
        config: ModelConfig,
        index: int,
        qkv: LinearFn,
        out: LinearFn,
        norm: torch.Tensor,
        cache_dtype: torch.dtype,
    ) -> None:
        self.qkv, self.out, self.norm = qkv, out, norm
        self._config, self._index, self._cache_dtype = config, index, cache_dtype
        self._heads, layer = config.heads(index), config.layer(index)
        self._as_values = layer.keys_as_values
        rotary = config.rotary(index)
        self._turned_by = config.rotaries.index(rotary) if rotary else -1
        self._turning = self._heads.queries + (0 if layer.shares is not None else self._heads.kv)

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        heads, hidden = self._heads, self._config.hidden_size
        made = self.norm.shape[0] - (heads.kv if self._as_values else 0)
        return (
            Linear("qkv", self.qkv, made * heads.dim, hidden),
            Linear("out", self.out, hidden, heads.queries * heads.dim),
        )

    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``."""
        heads = self._normed(part.run_linear(self.qkv, x, "qkv" in step.paired, step.pieces))
        if self._turned_by >= 0:
            rope.rotate_(heads, self._turning, *step.turns[self._turned_by])
        dtype, heads = heads.dtype, heads.to(self._cache_dtype)
        mixed, at = [], 0
        for path in step.paths:
            mixed.append(path.attend(self._index, heads[at : at + path.rows]))
            at += path.rows
        together = mixed[0] if len(mixed) == 1 else torch.cat(mixed)
        return part.run_linear(self.out, together.to(dtype), "out" in step.paired, step.pieces)

    def _normed(self, qkv: torch.Tensor) -> torch.Tensor:
        """Queries, then keys and values where the layer has its own, ``[rows, heads, head_dim]``."""
        dim = self._heads.dim
        heads = qkv.view(qkv.shape[0], -1, dim)
        if self._as_values:
            heads = torch.cat((heads, heads[:, self._heads.queries :]), dim=1)
        return F.rms_norm(heads, (dim,), None, self._config.norm_eps) * self.norm


def load_varied_attention(
    config: ModelConfig, maker: LinearMaker, source: WeightSource, index: int, cache_dtype: torch.dtype
) -> VariedAttention:
    """The attention of a layer. Raises ModelFileError."""
    layer, heads = config.layer(index), config.heads(index)
    norms = [maker.tensor(source, "q_norm", layer=index).expand(heads.queries, -1)]
    if layer.shares is None:
        keys = maker.tensor(source, "k_norm", layer=index).expand(heads.kv, -1)
        norms += [keys, torch.ones_like(keys)]
    roles = ("q",) if layer.shares is not None else ("q", "k") if layer.keys_as_values else ("q", "k", "v")
    qkv = maker.linear(source, roles, index, config.qkv_bias)
    out = maker.linear(source, ("o",), index, config.out_bias)
    return VariedAttention(config, index, qkv, out, torch.cat(norms), cache_dtype)
