"""The layer behind the last one, which drafts: multi-token prediction as in DeepSeek-V3 (arXiv 2412.19437, 2.2).

Source of the order of operators: llama.cpp, ``graph_mtp`` in ``src/models/qwen35.cpp``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import Mapped, bent
from helix_app.engine.models.drafting.layer import DraftingLayer
from helix_app.engine.models.drafting.shared import Drafted, shared_of
from helix_app.engine.models.layer import load_feed_forward
from helix_app.engine.models.linears import Embeddings, Table
from helix_app.engine.models.parts.attention import load_attention
from helix_app.engine.models.parts.part import Turn
from helix_app.engine.models.residual import Norm, Residual, residual
from helix_app.engine.models.tensors.weights import WeightSource


class NextTokenLayer(DraftingLayer):
    """The layer, ready to run after ``load``.

    Attributes:
        target: whose layer it is.
        config: the target's, with this layer as the last one (``ModelConfig.extended``).
        mapped: those of its weights that stay where their file is mapped.
    """

    def __init__(self, target: Drafted) -> None:
        assert target.config.next_token is not None
        super().__init__(target, target.config.extended, (), target.dtype)
        self.target, self.bits, self._own = target, target.bits, target.config.next_token
        self.mapped = Mapped()

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Raises as ``Decoder.load``."""
        config, own, i = self.config, self._own, self._index
        self._shared = shared_of(self.target)
        maker = self._shared.linear_maker()
        yield 0.0
        with untracked(self.device):
            embed, norm, head = self._shared.ends
            self._embed: Embeddings = embed
            if own.own_embeddings:
                packed = maker.embedding(source, "next_embed", i)
                self._embed = packed or Table(maker.tensor(source, "next_embed", layer=i))
            self._head_norm = Norm(maker.tensor(source, "next_norm", layer=i)) if own.own_norm else norm
            self._head = maker.linear(source, ("next_head",), i, False) if own.own_head else head
            self._embed_norm, self._state_norm = (maker.tensor(source, role, layer=i) for role in ("enorm", "hnorm"))
            self._project: LinearFn = maker.linear(source, ("next_proj",), i, False)
            self._mixer_norm, self._feed_forward_norm = (
                Norm(maker.tensor(source, role, layer=i)) for role in ("attn_norm", "mlp_norm")
            )
            self._mixer = load_attention(config, maker, source, i, self.cache_dtype, apart=True)
            self._feed_forward = load_feed_forward(config, maker, source, i)
        self.parameters, self.rounded, self.mapped = maker.parameters, maker.rounded, maker.mapped
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

    # ----------------------------------------------------------------- running

    def _begun(self, ids: torch.Tensor, before: torch.Tensor) -> tuple[Residual, torch.Tensor]:
        size, scale, eps = (self.config.hidden_size,), self.config.embedding_scale, self.config.norm_eps
        embedded = self._embed(ids)
        embedded = embedded if scale == 1.0 else embedded * scale
        halves = (
            F.rms_norm(embedded, size, self._embed_norm, eps),
            F.rms_norm(before.to(self.dtype), size, self._state_norm, eps),
        )
        x = residual(self._project(torch.cat(halves, dim=-1)), self._mixer_norm, eps)
        return x, x.normed(self._mixer_norm)

    def _turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        return self._shared.turns(spans)

    def _told(self, x: Residual, normed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return bent(self._head(normed).float(), self.config), normed if self._own.normed else x.rows
