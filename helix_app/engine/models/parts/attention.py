"""Attention over the paged cache as a half of a layer."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F

from helix_app.engine.cache.base import LayerView
from helix_app.engine.kernels.attention import Path
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models import rope
from helix_app.engine.models.linears import LinearMaker
from helix_app.engine.models.parts import part
from helix_app.engine.models.parts.part import Linear, Part, Pass, Turn
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


class Attention(Part):
    """Queries, keys, values and gates in one product; heads normed and turned where the model has that.

    Attributes:
        qk_norm: weights of the norm of each query and key head ``[heads + kv_heads, head_dim]``, None for none.
        sinks: of each head ``[heads]``, None for none; see ``kernels/attention.py``.
    """

    weights = "qkv", "out", "qk_norm", "sinks"

    def __init__(
        self,
        config: ModelConfig,
        index: int,
        qkv: LinearFn,
        out: LinearFn,
        qk_norm: torch.Tensor | None,
        cache_dtype: torch.dtype,
        sinks: torch.Tensor | None = None,
        keys_values: LinearFn | None = None,
    ) -> None:
        """``keys_values``: their part of ``qkv``, for one whose keys and values are also written by themselves."""
        self.qkv, self.out, self.qk_norm, self.sinks = qkv, out, qk_norm, sinks
        self._config, self._index, self._cache_dtype, self._keys_values = config, index, cache_dtype, keys_values
        rotary = config.rotary(index)
        self._turned_by = config.rotaries.index(rotary) if rotary else -1
        self._turning = config.num_heads + config.num_kv_heads
        self._gates = config.num_heads + 2 * config.num_kv_heads  # the first "head" that is one

    @property
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""
        c = self._config
        mixed, keys_values = c.num_heads * c.head_dim, 2 * c.num_kv_heads * c.head_dim
        return (
            Linear("qkv", self.qkv, mixed * (1 + c.gated_attention) + keys_values, c.hidden_size),
            Linear("out", self.out, c.hidden_size, mixed),
        )

    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``."""
        qkv = part.run_linear(self.qkv, x, "qkv" in step.paired, step.pieces)
        mixed = self._mixed(qkv, step)
        if self._config.gated_attention:
            mixed = mixed * torch.sigmoid(qkv[:, self._gates * self._config.head_dim :])
        return part.run_linear(self.out, mixed, "out" in step.paired, step.pieces)

    def write(self, x: torch.Tensor, turns: Sequence[Turn], views: Sequence[tuple[LayerView, int]]) -> None:
        """Write keys and values of normed rows ``[rows, hidden]``, and nothing else.

        Args:
            views: where those of each sequence go, and how many rows are its own.
        """
        assert self._keys_values is not None
        config, kv_heads = self._config, self._config.num_kv_heads
        heads = self._keys_values(x).view(x.shape[0], 2 * kv_heads, config.head_dim)
        if self.qk_norm is not None:
            keys = heads[:, :kv_heads]
            normed = F.rms_norm(keys, (config.head_dim,), None, config.norm_eps)
            torch.mul(normed, self.qk_norm[config.num_heads :], out=keys)
        if self._turned_by >= 0:
            rope.rotate_(heads, kv_heads, *turns[self._turned_by])
        kv, at = heads.to(self._cache_dtype).transpose(0, 1), 0
        for view, rows in views:
            view.put(self._index, kv[:, at : at + rows])
            at += rows

    def _mixed(self, qkv: torch.Tensor, step: Pass) -> torch.Tensor:
        config, cache_dtype, turning, paths = self._config, self._cache_dtype, self._turning, step.paths
        heads = qkv.view(qkv.shape[0], -1, config.head_dim)  # [rows, heads + 2 * kv_heads + gates, dim]
        if self.qk_norm is not None:
            queries_keys = heads[:, :turning]
            normed = F.rms_norm(queries_keys, (config.head_dim,), None, config.norm_eps)
            torch.mul(normed, self.qk_norm, out=queries_keys)
        if self._turned_by >= 0:
            rope.rotate_(heads, turning, *step.turns[self._turned_by])
        if step.growth is not None:
            heads[:, : config.num_heads].mul_(step.growth)
        same = cache_dtype == qkv.dtype
        heads = heads if same else heads.to(cache_dtype)
        if len(paths) == 1:
            mixture = self._attended(paths[0], heads)
            return mixture if same else mixture.to(qkv.dtype)
        mixed, at = [], 0
        for path in paths:
            mixed.append(self._attended(path, heads[at : at + path.rows]))
            at += path.rows
        return torch.cat(mixed).to(qkv.dtype)

    def _attended(self, path: Path, heads: torch.Tensor) -> torch.Tensor:
        if self.sinks is None:
            return path.attend(self._index, heads)
        return path.attend(self._index, heads, self.sinks)


def load_attention(
    config: ModelConfig,
    maker: LinearMaker,
    source: WeightSource,
    index: int,
    cache_dtype: torch.dtype,
    apart: bool = False,
) -> Attention:
    """The attention of a layer. Raises ModelFileError.

    Args:
        apart: keys and values are also written by themselves.
    """
    qk_norm = None
    if config.qk_norm:
        weights = [maker.tensor(source, role, layer=index) for role in ("q_norm", "k_norm")]
        qk_norm = torch.cat([w.expand(n, -1) for w, n in zip(weights, (config.num_heads, config.num_kv_heads))])
    gates = ("q_gate",) if config.gated_attention else ()
    keys_values: LinearFn | None = None
    qkv: LinearFn
    if apart:
        queries, keys_values = (maker.linear(source, r, index, config.qkv_bias) for r in (("q", *gates), ("k", "v")))
        qkv = JoinedLinear(queries, keys_values, config.num_heads * config.head_dim)
    else:
        qkv = maker.linear(source, ("q", "k", "v", *gates), index, config.qkv_bias)
    out = maker.linear(source, ("o",), index, config.out_bias)
    sinks = maker.tensor(source, "sinks", layer=index) if config.sinks else None
    return Attention(config, index, qkv, out, qk_norm, cache_dtype, sinks, keys_values)


class JoinedLinear:
    """Queries and gates, and keys and values, as the one product that attention takes: values before gates.

    Attributes:
        joined: the two.
    """

    def __init__(self, queries: LinearFn, keys_values: LinearFn, width: int) -> None:
        """``width``: of the queries alone."""
        self.joined, self._width = (queries, keys_values), width

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        first, second = (linear(x) for linear in self.joined)
        return torch.cat((first[:, : self._width], second, first[:, self._width :]), dim=1)
