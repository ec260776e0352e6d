"""One decoder for the Llama and Qwen2 families, driven by a config.

Rows of one sequence go in, logits come out; keys and values live in the paged cache. Query and key projections
are fused with the value projection, gate with up; grouped query heads are folded into the rows of one attention
call, so that keys and values are never expanded.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from helix_app.engine.cache.kv_cache import KVView
from helix_app.engine.models.linear import LinearFn, LinearKind, choose_linear, make_linear
from helix_app.engine.models.rope import rope_table, rotate
from helix_app.engine.models.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


@dataclass
class _Layer:
    attn_norm: torch.Tensor
    qkv: LinearFn
    out: LinearFn
    mlp_norm: torch.Tensor
    gate_up: LinearFn
    down: LinearFn


class Decoder:
    """A model, ready to run after ``load``.

    Attributes:
        config: its shape.
        dtype, device: of weights and activations.
        max_positions: positions that the rotary table covers.
        linear_kind: the linear implementation in use.
        parameters: number of weights.
    """

    def __init__(
        self,
        config: ModelConfig,
        *,
        dtype: torch.dtype,
        device: torch.device,
        max_positions: int,
        linear_kind: LinearKind | None = None,
    ) -> None:
        self.config, self.dtype, self.device, self.max_positions = config, dtype, device, max_positions
        self.linear_kind = linear_kind or choose_linear(dtype, device, 2 * config.intermediate_size, config.hidden_size)
        self.parameters = 0
        self._layers: list[_Layer] = []

    # ----------------------------------------------------------------- loading

    def load(self, source: WeightSource) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Nothing runs before the last one.

        Raises:
            ModelFileError: weights that are missing, damaged or of another shape.
            RuntimeError: the device's own errors (out of memory among them).
        """
        config = self.config

        def tensor(role: str, kind: str = "weight", layer: int = 0) -> torch.Tensor:
            loaded = source.get(role, kind, layer)
            self.parameters += loaded.numel()
            return loaded.to(self.dtype).to(self.device).contiguous()

        def linear(roles: tuple[str, ...], layer: int, bias: bool) -> LinearFn:
            weight = torch.cat([tensor(role, "weight", layer) for role in roles])
            biases = torch.cat([tensor(role, "bias", layer) for role in roles]) if bias else None
            return make_linear(self.linear_kind, weight, biases)

        self._embed = tensor("embed")
        self._head = make_linear(self.linear_kind, self._embed if config.tied_embeddings else tensor("head"))
        self._norm = tensor("norm")
        for i in range(config.num_layers):
            yield i / config.num_layers
            self._layers.append(
                _Layer(
                    attn_norm=tensor("attn_norm", layer=i),
                    qkv=linear(("q", "k", "v"), i, config.qkv_bias),
                    out=linear(("o",), i, config.out_bias),
                    mlp_norm=tensor("mlp_norm", layer=i),
                    gate_up=linear(("gate", "up"), i, config.mlp_bias),
                    down=linear(("down",), i, config.mlp_bias),
                )
            )
        # last, when the weights have shown that the sizes in the config are real
        self._cos, self._sin = rope_table(config, self.max_positions, self.dtype, self.device)
        yield 1.0

    # ----------------------------------------------------------------- running

    @torch.no_grad()
    def forward(self, ids: torch.Tensor, start: int, view: KVView, logit_rows: int) -> torch.Tensor:
        """Run ``rows`` tokens of one sequence at positions start..start+rows-1 and write their keys and values.

        Args:
            ids: token ids ``[rows]`` on this decoder's device.
            start: position of the first row; the cache holds everything before it.
            view: where this sequence's keys and values are, through position start+rows-1.
            logit_rows: how many of the last rows need logits.

        Returns:
            Logits ``[logit_rows, vocab_size]`` in float32.
        """
        config = self.config
        rows = ids.shape[0]
        cos, sin = self._cos[start : start + rows], self._sin[start : start + rows]
        mask = _causal_mask(rows, start, config.group_size, self.dtype, self.device)
        x = F.embedding(ids, self._embed)
        for i, layer in enumerate(self._layers):
            qkv = layer.qkv(self._rms_norm(x, layer.attn_norm))
            x = x + layer.out(self._attention(qkv, i, cos, sin, view, mask))
            gate_up = layer.gate_up(self._rms_norm(x, layer.mlp_norm))
            gate, up = gate_up.split(config.intermediate_size, dim=-1)
            x = x + layer.down(F.silu(gate) * up)
        return self._head(self._rms_norm(x[rows - logit_rows :], self._norm)).float()

    def _attention(
        self,
        qkv: torch.Tensor,
        layer: int,
        cos: torch.Tensor,
        sin: torch.Tensor,
        view: KVView,
        mask: torch.Tensor | None,
    ) -> torch.Tensor:
        config = self.config
        rows, dim, kv_heads, group = qkv.shape[0], config.head_dim, config.num_kv_heads, config.group_size
        heads = qkv.view(rows, -1, dim)  # [rows, heads + 2 * kv_heads, dim]
        turned = rotate(heads[:, : config.num_heads + kv_heads], cos, sin)
        q, k, v = turned[:, : config.num_heads], turned[:, config.num_heads :], heads[:, -kv_heads:]
        keys, values = view.write(layer, k.transpose(0, 1), v.transpose(0, 1))  # [kv_heads, tokens, dim]
        # fold the query heads that share a key/value head into rows: [1, kv_heads, group * rows, dim]
        q = q.reshape(rows, kv_heads, group, dim).permute(1, 2, 0, 3).reshape(1, kv_heads, group * rows, dim)
        out = F.scaled_dot_product_attention(q, keys.unsqueeze(0), values.unsqueeze(0), attn_mask=mask)
        return out.view(kv_heads, group, rows, dim).permute(2, 0, 1, 3).reshape(rows, -1)

    def _rms_norm(self, x: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, self.config.norm_eps)


def _causal_mask(rows: int, start: int, group: int, dtype: torch.dtype, device: torch.device) -> torch.Tensor | None:
    """Additive mask ``[group * rows, start + rows]``: row r sees positions 0..start+r. None for a single row."""
    if rows == 1:
        return None
    mask = torch.full((rows, start + rows), float("-inf"), dtype=dtype).triu_(start + 1)
    return mask.repeat(group, 1).to(device)
