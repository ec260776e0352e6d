"""The layer behind the last one, which drafts: multi-token prediction as in DeepSeek-V3 (arXiv 2412.19437, 2.2).

Slot j of its cache holds what it made of token j's embedding and the hidden state of token j - 1, so that no slot
depends on a token behind it: its keys and values are one more layer of the target's cache, in the same blocks, found by
the same prefixes, forked, cut and given up with them. The target's pass writes them (``write``); for that it needs no
attention, for no layer follows that would look at what comes out. A draft's step (``forward_many``) runs one row of a
sequence through all of it. Slot 0 has no token before it and is never looked at.

    slot           0        1            2               n          n + 1
    token          t0       t1           t2              tn         d1
    hidden state   -        of t0        of t1           of tn-1    its own, of the step before
                            written by the target's pass | drafted: predicts d1, d2, ...

Source of the order of operators: llama.cpp, ``graph_mtp`` in ``src/models/qwen35.cpp``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from helix_app.engine.cache.base import LayerView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import bent, bytes_of
from helix_app.engine.models.layer import load_feed_forward
from helix_app.engine.models.linears import Rows, Table
from helix_app.engine.models.parts.attention import load_attention
from helix_app.engine.models.parts.part import Pass
from helix_app.engine.models.residual import Norm, residual
from helix_app.engine.models.shared import Drafted, shared_of
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig


class NextTokenLayer:
    """The layer, ready to run after ``load``; see ``models/base.py``. A pass runs one row of each sequence.

    Attributes:
        target: whose layer it is.
        config: the target's, with this layer as the last one (``ModelConfig.extended``).
    """

    rounded = 0
    can_be_exact = False

    def __init__(self, target: Drafted) -> None:
        assert target.config.next_token is not None
        self.target, self._own, self.config = target, target.config.next_token, target.config.extended
        self.dtype, self.device, self.cache_dtype = target.dtype, target.device, target.cache_dtype
        self.max_positions, self.bits, self.parameters = target.max_positions, target.bits, 0
        self.graphs: StepGraphs | None = None
        self._index = target.config.num_layers

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Raises as ``Decoder.load``."""
        config, own, i = self.config, self._own, self._index
        self._shared = shared_of(self.target)
        maker = self._shared.linear_maker()
        yield 0.0
        with untracked(self.device):
            embed, norm, head = self._shared.ends
            self._embed: Rows = embed
            if own.own_embeddings:
                packed = maker.embedding(source, "next_embed", i)
                self._embed = packed or Table(maker.tensor(source, "next_embed", layer=i))
            self._head_norm = Norm(maker.tensor(source, "next_norm", layer=i)) if own.own_norm else norm
            self._head: LinearFn = maker.linear(source, ("next_head",), i, False) if own.own_head else head
            self._embed_norm, self._state_norm = (maker.tensor(source, role, layer=i) for role in ("enorm", "hnorm"))
            self._project = maker.linear(source, ("next_proj",), i, False)
            self._mixer_norm, self._feed_forward_norm = (
                Norm(maker.tensor(source, role, layer=i)) for role in ("attn_norm", "mlp_norm")
            )
            self._mixer = load_attention(config, maker, source, i, self.cache_dtype, apart=True)
            self._feed_forward = load_feed_forward(config, maker, source, i)
        self.parameters, self.rounded = maker.parameters, maker.rounded
        yield 1.0

    @property
    def format(self) -> str:
        """The number format by name: the target's."""
        return self.target.format

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kinds of its linear layers, then the output head, after what it is."""
        runs = (self._project, *(one.run for one in (*self._mixer.linears, *self._feed_forward.linears)), self._head)
        return ("next token", *(type(run).__name__ for run in runs))

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a step reads, the output head with them."""
        norms = (self._embed_norm, self._state_norm, self._mixer_norm, self._feed_forward_norm, self._head_norm)
        held = sum(bytes_of(one) for one in (*norms, self._project, self._head))
        return held + self._mixer.weight_bytes + self._feed_forward.weight_bytes

    @property
    def held_bytes(self) -> int:
        """Bytes of weights that it does not share with its target."""
        own, shared = self._own, 0 if self._own.own_head else bytes_of(self._head)
        table = bytes_of(self._embed) if own.own_embeddings else 0
        return self.weight_bytes - shared - (0 if own.own_norm else bytes_of(self._head_norm)) + table

    def release(self) -> None:
        """Free the weights, whoever still holds this object; it cannot run then."""
        for name in ("_embed", "_head", "_project", "_mixer", "_feed_forward", "_shared"):
            self.__dict__.pop(name, None)

    # ----------------------------------------------------------------- running

    def write(self, ids: torch.Tensor, spans: Sequence[Span]) -> None:
        """Write its keys and values of the rows of a pass of the target, whose hidden states the spans hold.

        Args:
            ids: token ids ``[rows of all spans]``.
        """
        with untracked(self.device):
            before: list[torch.Tensor] = []
            for span in spans:
                assert span.handed is not None
                assert span.handed.after is not None
                before += [span.handed.before, span.handed.after[:-1]]
            x = residual(self._joined(ids, torch.cat(before)), self._mixer_norm, self.config.norm_eps)
            views = [(span.view.at(self._index), span.rows) for span in spans]
            self._mixer.write(x.normed(self._mixer_norm), self._shared.turns(spans), views)

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """One row of each span through the layer and the output head; its hidden state is handed to the span.

        Args:
            ids: token ids ``[spans]``.

        Returns:
            Logits ``[spans, vocab_size]`` in float32.

        Raises:
            ValueError: a span of more rows, or one that no hidden state was given to.
        """
        if any(span.rows != 1 or span.handed is None for span in spans):
            raise ValueError("a step of the layer that drafts is one row, with the hidden state before it")
        with untracked(self.device):
            states = [span.handed for span in spans if span.handed is not None]
            x = residual(self._joined(ids, torch.cat([one.before for one in states])), self._mixer_norm, self._eps)
            paths = [_Behind(self.config, span.view.at(self._index)) for span in spans]
            step = Pass(self._shared.turns(spans), paths)
            x.add(self._mixer(x.normed(self._mixer_norm), step))
            x.add(self._feed_forward(x.normed(self._feed_forward_norm), step))
            normed = x.normed(self._head_norm)
            after = normed if self._own.normed else x.rows
            for i, one in enumerate(states):
                one.after = after[i : i + 1]
            return bent(self._head(normed).float(), self.config)

    @property
    def _eps(self) -> float:
        return self.config.norm_eps

    def _joined(self, ids: torch.Tensor, before: torch.Tensor) -> torch.Tensor:
        """The stream that the layer begins with, ``[rows, hidden]``, of tokens and the hidden states before them."""
        size, scale = (self.config.hidden_size,), self.config.embedding_scale
        embedded = self._embed(ids)
        embedded = embedded if scale == 1.0 else embedded * scale
        halves = (
            F.rms_norm(embedded, size, self._embed_norm, self._eps),
            F.rms_norm(before.to(self.dtype), size, self._state_norm, self._eps),
        )
        return self._project(torch.cat(halves, dim=-1))


class _Behind:
    """Attention of one row over all slots but the first (``attention.Path``)."""

    rows = 1

    def __init__(self, config: ModelConfig, view: LayerView) -> None:
        self._view, self._scale = view, config.attention_scale
        self._heads, self._kv_heads = config.num_heads, config.num_kv_heads

    def attend(self, layer: int, heads: torch.Tensor, sinks: torch.Tensor | None = None) -> torch.Tensor:
        assert sinks is None  # no model has both
        count, kv_heads = self._heads, self._kv_heads
        keys, values = self._view.write(layer, heads[:, count : count + 2 * kv_heads].transpose(0, 1))
        if keys.shape[2] > 1:
            keys, values = keys[:, :, 1:], values[:, :, 1:]
        queries = heads[:, :count].reshape(1, kv_heads, count // kv_heads, -1)
        return F.scaled_dot_product_attention(queries, keys, values, scale=self._scale).reshape(1, -1)
