"""The decoder for devices where every operator costs, however small: DirectML.

The same function as ``Decoder``, of fewer and only of registered operators, computed in this order for one layer:

    norm        [float32,] baddbmm: eps + x . x / hidden; rsqrt; mul[, float16]; its weights are in the next layer's
    projection  mm (addmm with a bias); weights are stored transposed; queries come scaled
    rotation    cat of the swapped halves, mul, addcmul: of queries, keys and values in one go (values by no angle)
    cache       copy_ of keys and values
    attention   baddbmm on the mask, softmax, bmm, over whole blocks, so that shapes repeat from token to token
    output      addmm on the residual
    MLP         norm, mm, silu, mul_, addmm on the residual

A model that norms its queries and keys, or what a half of a layer gives, takes the operators for that beside these.

Where the device's library has an RMS norm or an MLP in one operator that proves to compute the same, that is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from helix_app.engine.cache.joined_cache import JoinedView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.models.base import bent, bytes_of
from helix_app.engine.models.on_device.fused import agreeing
from helix_app.engine.models.rope import rope_table
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

KIND = "privateuseone"  # what PyTorch calls DirectML
_MASK_ROWS = 33  # spans up to so many rows read their mask from a table on the device
_MASK_UNIT = 16  # of positions: at least the slots of a block


@dataclass
class _Linear:
    """``x @ weight (+ bias)``; weight ``[in, out]``, its rows scaled by the norm before it."""

    weight: torch.Tensor
    bias: torch.Tensor | None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return torch.mm(x, self.weight) if self.bias is None else torch.addmm(self.bias, x, self.weight)

    def onto(self, residual: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """``residual`` plus the result."""
        total = torch.addmm(residual, x, self.weight)
        return total if self.bias is None else total.add_(self.bias)


@dataclass
class _Apart:
    """Gate and up projection as the library's own MLP takes them, ``[out, in]`` each."""

    gate: torch.Tensor
    up: torch.Tensor


@dataclass
class _Gain:
    """Weights of the last norm where the head cannot take them in."""

    weight: torch.Tensor | None


@dataclass
class _DeviceLayer:
    """``down`` is ``[out, in]`` beside ``_Apart``; what a model has not is None.

    Attributes:
        qk_norm: weights of the norm of each query and key head ``[heads + kv_heads, 1, head_dim]``, queries scaled.
        posts: weights of the norms over what each half gives.
    """

    qkv: _Linear
    out: _Linear
    gate_up: _Linear | _Apart
    down: _Linear
    qk_norm: torch.Tensor | None = None
    posts: tuple[torch.Tensor, torch.Tensor] | None = None


class DeviceDecoder:
    """A ``Decoder`` for DirectML.

    Its logits come in its own number format: the host widens them, half the bytes cross.
    """

    bits = rounded = 0  # its weights are dense
    can_be_exact = False
    graphs: StepGraphs | None = None

    def __init__(self, config: ModelConfig, *, dtype: torch.dtype, device: torch.device, max_positions: int) -> None:
        self.config, self.dtype, self.device, self.max_positions = config, dtype, device, max_positions
        self.cache_dtype, self.parameters = dtype, 0
        self._layers: list[_DeviceLayer] = []
        self._tables: list[tuple[torch.Tensor, torch.Tensor]] = []  # cos, sin [positions, dim] of each rotary embedding
        self._mask_tables: dict[int, torch.Tensor] = {}  # by window
        self._embed: torch.Tensor

    def load(self, source: WeightSource, like: object = None) -> Iterator[float]:
        config = self.config
        self._fused = agreeing(self.dtype, self.device, config.hidden_size, config.intermediate_size, config.norm_eps)
        if config.activation != "silu":  # the library's MLP knows no other
            self._fused = self._fused.without_mlp()
        self._embed = self._put(self._host(source, "embed"))
        norm = self._host(source, "norm")
        if config.tied_embeddings:  # shared with the embeddings, so it cannot take the norm's weights in
            self._gain, self._head = _Gain(self._put(norm)), _Linear(self._embed.t(), None)
        else:
            self._gain, self._head = _Gain(None), self._linear(self._host(source, "head") * norm, None)
        for i in range(config.num_layers):
            yield i / config.num_layers
            self._layers.append(self._layer(source, i))
        self._prepare_tables()
        yield 1.0

    @property
    def format(self) -> str:
        """The number format by name."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def kernels(self) -> tuple[str, ...]:
        first = self._layers[0]
        return tuple(type(part).__name__ for part in (first.qkv, first.out, first.gate_up, first.down, self._head))

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a plain decode step reads: all layers, the output head, one row of the embeddings."""
        layers = sum(_layer_bytes(layer) for layer in self._layers)
        row = self.config.hidden_size * self._embed.dtype.itemsize
        return layers + bytes_of(self._gain) + bytes_of(self._head) + row

    def release(self) -> None:
        self._layers = []
        self._embed, self._tables, self._mask_tables = torch.empty(0), [], {}
        self._head, self._gain = _Linear(self._embed, None), _Gain(None)

    def _layer(self, source: WeightSource, i: int) -> _DeviceLayer:
        config = self.config
        attn_norm, mlp_norm = self._host(source, "attn_norm", i), self._host(source, "mlp_norm", i)
        scale = 1.0 if config.qk_norm else config.score_scale  # of queries; the norm takes it in where there is one
        biased = config.qkv_bias
        weights = [self._host(source, role, i) * attn_norm for role in ("q", "k", "v")]
        biases = [self._host(source, role, i, "bias") for role in ("q", "k", "v")] if biased else []
        weights[0] = weights[0] * scale
        if biased:
            biases[0] = biases[0] * scale
        qkv = self._linear(torch.cat(weights), torch.cat(biases) if biased else None)
        out_bias = self._host(source, "o", i, "bias") * config.residual_scale if config.out_bias else None
        out = self._linear(self._host(source, "o", i) * config.residual_scale, out_bias)
        qk_norm, posts = self._norms(source, i)
        gate, up = (self._host(source, role, i) * mlp_norm for role in ("gate", "up"))
        down = self._host(source, "down", i) * config.residual_scale
        if self._fused.has_mlp and not config.mlp_bias:
            apart = _Apart(self._put(gate), self._put(up))
            return _DeviceLayer(qkv, out, apart, _Linear(self._put(down), None), qk_norm, posts)
        first = second = None
        if config.mlp_bias:
            first = torch.cat([self._host(source, role, i, "bias") for role in ("gate", "up")])
            second = self._host(source, "down", i, "bias") * config.residual_scale
        both = self._linear(torch.cat((gate, up)), first)
        return _DeviceLayer(qkv, out, both, self._linear(down, second), qk_norm, posts)

    def _norms(
        self, source: WeightSource, i: int
    ) -> tuple[torch.Tensor | None, tuple[torch.Tensor, torch.Tensor] | None]:
        """``qk_norm`` and ``posts`` of a layer."""
        config, qk_norm, posts = self.config, None, None
        if config.qk_norm:
            weights = self._host(source, "q_norm", i) * config.score_scale, self._host(source, "k_norm", i)
            counts = config.num_heads, config.num_kv_heads
            qk_norm = self._put(torch.cat([w.expand(n, 1, -1) for w, n in zip(weights, counts)]))
        if config.post_norms:
            scale = config.residual_scale
            first, second = (self._host(source, role, i) * scale for role in ("attn_post_norm", "mlp_post_norm"))
            posts = self._put(first), self._put(second)
        return qk_norm, posts

    def _host(self, source: WeightSource, role: str, layer: int = 0, kind: str = "weight") -> torch.Tensor:
        """A tensor on the host in float32, so that weights are joined before they are rounded."""
        tensor = source.get(role, kind, layer)
        self.parameters += tensor.numel()
        return tensor.float()

    def _put(self, tensor: torch.Tensor) -> torch.Tensor:
        return tensor.to(self.dtype).contiguous().to(self.device)

    def _linear(self, weight: torch.Tensor, bias: torch.Tensor | None) -> _Linear:
        return _Linear(self._put(weight.t()), None if bias is None else self._put(bias))

    def _prepare_tables(self) -> None:
        config, cpu = self.config, torch.device("cpu")
        for rotary in config.rotaries:
            both = rope_table(config, self.max_positions, torch.float32, cpu, rotary)
            cos, sin = (self._put(table.squeeze(1)) for table in both)
            self._tables.append((cos, sin))
        self._turned_by = [
            config.rotaries.index(r) if (r := config.rotary(i)) else -1 for i in range(config.num_layers)
        ]
        shape = (config.num_kv_heads, 1, config.head_dim)
        self._still = self._put(torch.ones(shape)), self._put(torch.zeros(shape))  # cos and sin of no angle
        self._eps = torch.full((1, 1, 1), config.norm_eps, dtype=torch.float32).to(self.device)
        # row j from column `unit - 1 - start` on is the mask of position start + j: 0 for what it sees, -inf behind
        # and before its window
        self._mask_unit = -(-self.max_positions // _MASK_UNIT) * _MASK_UNIT
        for window in set(config.windows) or {0}:
            table = _banded(_MASK_ROWS, 2 * self._mask_unit, self._mask_unit, window)
            self._mask_tables[window] = self._put(table)

    # ----------------------------------------------------------------- running

    @torch.no_grad()
    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        config = self.config
        paths = [_Path(self, span) for span in spans]
        angles = [self._angles(spans, *table) for table in self._tables]
        x = F.embedding(ids, self._embed)
        x = x if config.embedding_scale == 1.0 else x * config.embedding_scale
        for i, layer in enumerate(self._layers):
            qkv = layer.qkv(self._normed(x))
            heads = qkv.view(x.shape[0], -1, config.head_dim).transpose(0, 1)  # [heads + 2 * kv_heads, rows, dim]
            heads = heads if layer.qk_norm is None else self._heads_normed(heads, layer.qk_norm)
            mixed = self._mixed(self._turned(heads, i, angles), i, paths)
            if layer.posts is None:
                x = layer.out.onto(x, mixed)
                x = self._with_mlp(layer, x, self._normed(x))
            else:
                x = torch.addcmul(x, self._normed(layer.out(mixed)), layer.posts[0])
                x = torch.addcmul(x, self._normed(self._mlp(layer, self._normed(x))), layer.posts[1])
        x = self._normed(self._last_rows(x, spans))
        return bent(self._head(x if self._gain.weight is None else x * self._gain.weight), config)

    def _heads_normed(self, heads: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """``heads`` ``[heads + 2 * kv_heads, rows, dim]``, its queries and keys normed."""
        turning, rows, dim = weights.shape[0], heads.shape[1], heads.shape[2]
        wide = heads.narrow(0, 0, turning).float()
        flat = wide.reshape(turning * rows, dim)
        normed = (flat * self._root(flat)).to(heads.dtype).view(turning, rows, dim) * weights
        return torch.cat((normed, heads.narrow(0, turning, heads.shape[0] - turning)))

    def _turned(
        self, heads: torch.Tensor, layer: int, angles: Sequence[tuple[torch.Tensor, torch.Tensor]]
    ) -> torch.Tensor:
        """``heads`` ``[heads + 2 * kv_heads, rows, dim]``, its queries and keys turned as the layer turns them."""
        if self._turned_by[layer] < 0:
            return heads
        cos, sin = angles[self._turned_by[layer]]
        half = self.config.head_dim // 2
        swapped = torch.cat((heads.narrow(2, half, half), heads.narrow(2, 0, half)), dim=2)
        return torch.addcmul(swapped * sin, heads, cos)

    def _mlp(self, layer: _DeviceLayer, x: torch.Tensor) -> torch.Tensor:
        """The layer's MLP of ``x``, nothing added."""
        if isinstance(layer.gate_up, _Apart):
            return self._fused.mlp(x, layer.gate_up.gate, layer.gate_up.up, layer.down.weight)
        return layer.down(self._gated(layer.gate_up, x))

    def _gated(self, gate_up: _Linear, x: torch.Tensor) -> torch.Tensor:
        both = gate_up(x)
        inner = both.shape[1] // 2
        gate, up = both.narrow(1, 0, inner), both.narrow(1, inner, inner)
        activated = F.silu(gate) if self.config.activation == "silu" else F.gelu(gate, approximate="tanh")
        return activated.mul_(up)

    def _with_mlp(self, layer: _DeviceLayer, residual: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        """``residual`` plus the layer's MLP of ``x``."""
        if isinstance(layer.gate_up, _Apart):
            return residual + self._mlp(layer, x)
        return layer.down.onto(residual, self._gated(layer.gate_up, x))

    def _normed(self, x: torch.Tensor) -> torch.Tensor:
        """``x`` ``[rows, hidden]`` over its root mean square, in float32 within."""
        wide = x.float()
        if self._fused.has_norm:
            return self._fused.norm(wide).to(x.dtype)
        return (wide * self._root(wide)).to(x.dtype)

    def _root(self, wide: torch.Tensor) -> torch.Tensor:
        """One over the root mean square of each row of ``wide`` ``[rows, n]``: ``[rows, 1]``."""
        mean_square = torch.baddbmm(self._eps, wide.unsqueeze(1), wide.unsqueeze(2), alpha=1.0 / wide.shape[1])
        return mean_square.rsqrt().view(-1, 1)

    def _mixed(self, turned: torch.Tensor, layer: int, paths: Sequence[_Path]) -> torch.Tensor:
        """Attention over ``turned`` ``[heads + 2 * kv_heads, rows, dim]``: ``[rows, heads * dim]``."""
        if len(paths) == 1:
            return paths[0].attend(layer, turned)
        parts, at = [], 0
        for path in paths:
            parts.append(path.attend(layer, turned.narrow(1, at, path.rows)))
            at += path.rows
        return torch.cat(parts)

    def _angles(self, spans: Sequence[Span], cos: torch.Tensor, sin: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """cos and sin ``[heads + 2 * kv_heads, rows, dim]`` of a pass; values stay as they are."""
        config = self.config
        turning = config.num_heads + config.num_kv_heads
        made = []
        for table, still in zip((cos, sin), self._still):
            pieces = [table.narrow(0, span.start, span.rows) for span in spans]
            rows = pieces[0] if len(pieces) == 1 else torch.cat(pieces)
            made.append(torch.cat((rows.expand(turning, -1, -1), still.expand(-1, rows.shape[0], -1))))
        return made[0], made[1]

    def mask(self, span: Span, padded: int, window: int = 0) -> torch.Tensor:
        """What the rows of a span may see of ``padded`` slots: 0 or -inf ``[group * rows, padded]``, or ``[1, padded]``
        for one row."""
        if span.rows <= _MASK_ROWS:
            first = self._mask_unit - 1 - span.start
            mask = self._mask_tables[window].narrow(0, 0, span.rows).narrow(1, first, padded)
        else:
            mask = self._put(_banded(span.rows, padded, span.start + 1, window))
        group = self.config.group_size
        return mask if span.rows == 1 or group == 1 else mask.repeat(group, 1)

    @staticmethod
    def _last_rows(x: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        parts, at = [], 0
        for span in spans:
            at += span.rows
            parts.append(x.narrow(0, at - span.logit_rows, span.logit_rows))
        return parts[0] if len(parts) == 1 else torch.cat(parts)


def _banded(rows: int, columns: int, behind: int, window: int) -> torch.Tensor:
    """A mask of rows, the first of which may not see column ``behind`` and later ones, nor any but the ``window``
    columns before that one (0: all)."""
    table = torch.full((rows, columns), float("-inf")).triu_(behind)
    return table + torch.full_like(table, float("-inf")).tril_(behind - 1 - window) if window else table


def _layer_bytes(layer: _DeviceLayer) -> int:
    norms = (layer.qk_norm, *(layer.posts or ()))
    linears = (layer.qkv, layer.out, layer.gate_up, layer.down)
    return sum(bytes_of(part) for part in (*linears, *norms) if part is not None)


class _Path:
    """Attention of one span."""

    def __init__(self, decoder: DeviceDecoder, span: Span) -> None:
        assert isinstance(span.view, JoinedView)
        config = decoder.config
        self.rows, self._view = span.rows, span.view
        self._heads, self._kv_heads, self._group = config.num_heads, config.num_kv_heads, config.group_size
        self._windows = config.windows
        self._masks = {
            window: decoder.mask(span, span.view.padded_length, window).expand(
                self._kv_heads, self._group * span.rows, -1
            )
            for window in set(config.windows) or {0}
        }

    def attend(self, layer: int, turned: torch.Tensor) -> torch.Tensor:
        """Write keys and values of ``turned`` ``[heads + 2 * kv_heads, rows, dim]``; the mixture for its queries,
        ``[rows, heads * dim]``."""
        rows, kv_heads, dim = self.rows, self._kv_heads, turned.shape[2]
        both = self._view.write_joined(layer, turned.narrow(0, self._heads, 2 * kv_heads))
        keys, values = both.narrow(0, 0, kv_heads), both.narrow(0, kv_heads, kv_heads)
        # the query heads that share a key/value head become rows: [kv_heads, group * rows, dim]
        q = turned.narrow(0, 0, self._heads).reshape(kv_heads, self._group * rows, dim)
        mask = self._masks[self._windows[layer] if self._windows else 0]
        scores = torch.baddbmm(mask, q, keys.transpose(1, 2))
        mixed = torch.bmm(scores.softmax(dim=-1), values)
        if rows == 1:
            return mixed.view(1, -1)
        return mixed.view(self._heads, rows, dim).transpose(0, 1).reshape(rows, -1)
