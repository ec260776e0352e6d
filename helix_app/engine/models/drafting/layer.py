"""A layer that drafts from a target's hidden states: one of the target's own, or that of a head made for it.

Slot j of its cache holds what it made of token j's embedding and the hidden state of token j - 1, so that no slot
depends on a token behind it: its keys and values are one more layer of the target's cache, in the same blocks, found by
the same prefixes, forked, cut and given up with them. The target's pass writes them (``write``); for that it needs no
attention, for no layer follows that would look at what comes out. A draft's step (``forward_many``) runs one row of a
sequence through all of it. Slot 0 has no token before it and is never looked at.

    slot           0        1            2               n          n + 1
    token          t0       t1           t2              tn         d1
    hidden state   -        of t0        of t1           of tn-1    its own, of the step before
                            written by the target's pass | drafted: predicts d1, d2, ...
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from helix_app.engine.cache.base import LayerView
from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import HiddenDecoder, bytes_of
from helix_app.engine.models.parts.attention import Attention
from helix_app.engine.models.parts.part import Part, Pass, Turn
from helix_app.engine.models.residual import Norm, Residual
from helix_app.engine.models.step_graphs import StepGraphs
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.config import ModelConfig

# what a step reads beside attention and feed-forward half; a layer may be without some
_READ = ("_embed_norm", "_state_norm", "_mixer_norm", "_feed_forward_norm", "_head_norm", "_project", "_head")


class DraftingLayer(ABC):
    """The layer, ready to run after ``load``; see ``models/base.py``. A pass runs one row of each sequence.

    Attributes:
        config: sizes of the layer.
        layers: where these layers of its target begin it takes the stream; () for what stands behind the last one.
        vocabulary: tokens of its target.
        state_size: numbers of a hidden state as it is kept between passes.
    """

    rounded = 0
    can_be_exact = False

    def __init__(self, target: HiddenDecoder, config: ModelConfig, layers: tuple[int, ...], dtype: torch.dtype) -> None:
        self.config, self.layers, self.state_size = config, layers, config.hidden_size
        self.dtype, self.device, self.cache_dtype = dtype, target.device, target.cache_dtype
        self.max_positions, self.bits, self.parameters = target.max_positions, 0, 0
        self.graphs: StepGraphs | None = None
        self._target, self._index, self.vocabulary = target, target.config.num_layers, target.config.vocab_size
        self._head: LinearFn
        self._head_norm: Norm
        self._mixer: Attention
        self._feed_forward: Part
        self._feed_forward_norm: Norm

    @abstractmethod
    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Raises as ``Decoder.load``."""

    @property
    @abstractmethod
    def format(self) -> str:
        """The number format by name."""

    @property
    @abstractmethod
    def kernels(self) -> tuple[str, ...]:
        """What it is, then kinds of its linear layers and the output head."""

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that a step reads, the output head with them."""
        held = sum(bytes_of(vars(self)[name]) for name in _READ if name in vars(self))
        return held + self._mixer.weight_bytes + self._feed_forward.weight_bytes

    def release(self) -> None:
        """Free the weights, whoever still holds this object; it cannot run then."""
        for name in ("_embed", "_head", "_project", "_mixer", "_feed_forward", "_fuse", "_shared"):
            vars(self).pop(name, None)

    # ----------------------------------------------------------------- what differs

    def kept(self, states: torch.Tensor) -> torch.Tensor:
        """What is kept of the hidden states that the target gave, ``[rows, state_size]``."""
        return states

    @abstractmethod
    def _begun(self, ids: torch.Tensor, before: torch.Tensor) -> tuple[Residual, torch.Tensor]:
        """The stream that the layer begins with, ``[rows, hidden]``, of tokens and the hidden states before them; and
        what its attention takes."""

    @abstractmethod
    def _turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        """The turns of the rows of all spans."""

    @abstractmethod
    def _told(self, x: Residual, normed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits in float32, and hidden states, of the stream at the end and the same normed."""

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
            _, given = self._begun(ids, torch.cat(before))
            views = [(self._view(span), span.rows) for span in spans]
            self._mixer.write(given, self._turns(spans), views)

    def forward_many(self, ids: torch.Tensor, spans: Sequence[Span]) -> torch.Tensor:
        """One row of each span through the layer and the output head; its hidden state is handed to the span.

        Args:
            ids: token ids ``[spans]``.

        Returns:
            Logits ``[spans, tokens that it drafts]`` in float32.

        Raises:
            ValueError: a span of more rows, or one that no hidden state was given to.
        """
        if any(span.rows != 1 or span.handed is None for span in spans):
            raise ValueError("a step of the layer that drafts is one row, with the hidden state before it")
        with untracked(self.device):
            states = [span.handed for span in spans if span.handed is not None]
            x, given = self._begun(ids, torch.cat([one.before for one in states]))
            paths = [_Behind(self.config, self._view(span)) for span in spans]
            step = Pass(self._turns(spans), paths)
            x.add(self._mixer(given, step))
            x.add(self._feed_forward(x.normed(self._feed_forward_norm), step))
            logits, after = self._told(x, x.normed(self._head_norm))
            for i, one in enumerate(states):
                one.after = after[i : i + 1]
            return logits

    def _view(self, span: Span) -> LayerView:
        """Where its keys and values are: in a layer of the target's cache, or apart."""
        view = span.view
        return view.at(self._index) if view.drafting is None else view.drafting


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
        if keys.dtype == torch.float16 and keys.device.type == "cpu":  # beside packed weights; not every build has it
            queries, keys, values = queries.float(), keys.float(), values.float()
        return F.scaled_dot_product_attention(queries, keys, values, scale=self._scale).reshape(1, -1)
