"""The layer of an EAGLE-3 head (arXiv 2503.01840), over its target's cache.

Three states of the target's stream become one (``fc``). Queries, keys and values are made of the embedding of a token
beside the state of the token before it, each normed; the stream of the layer begins with that state, and what comes out
before the final norm is the state of its next step. Its output head knows a part of the vocabulary (``tokens``).

Source of the order of operators: SafeAILab/EAGLE, ``eagle/model/cnets.py``. Rotary embeddings see differences of
positions alone, so that slot j of ``DraftingLayer`` stands for EAGLE's position j - 1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
import torch.nn.functional as F

from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.machine.untracked import untracked
from helix_app.engine.models.base import HiddenDecoder
from helix_app.engine.models.drafting.layer import DraftingLayer
from helix_app.engine.models.linears import Embeddings, LinearMaker, Table
from helix_app.engine.models.packed.linears import PackedLinears
from helix_app.engine.models.parts.attention import load_attention
from helix_app.engine.models.parts.feed_forward import load_mlp
from helix_app.engine.models.parts.part import Turn, turns_of
from helix_app.engine.models.residual import Norm, Residual, residual
from helix_app.engine.models.rope import rope_table
from helix_app.engine.models.tensors.head_weights import HeadWeights
from helix_app.engine.models.tensors.weights import WeightSource
from helix_app.modelfiles.draft_head import HeadFiles


class EagleHead(DraftingLayer):
    """The layer, ready to run after ``load``.

    Attributes:
        files: what it was read from.
        tokens: the target's token of each of its logits ``[draft vocab]``; None where they are the same in order.
        tokens_on_host: the same on the CPU.
    """

    def __init__(
        self, files: HeadFiles, target: HiddenDecoder, dtype: torch.dtype, packed: PackedLinears | None = None
    ) -> None:
        """
        Args:
            dtype: of its weights and activations.
            packed: makes its linear layers, of matrices in eight bits; beside packed weights of its target.
        """
        super().__init__(target, files.config, files.taken(target.config.num_layers), dtype)
        self.files = files
        self.bits, self._packed = 0 if packed is None else 8, packed
        self.tokens: torch.Tensor | None = None
        self.tokens_on_host: torch.Tensor | None = None
        self._embed: Embeddings | None = None

    def load(self, source: WeightSource, like: Any = None) -> Iterator[float]:
        """Load the weights; yields the fraction done, 0..1. Raises as ``Decoder.load``.

        Args:
            source: of the head (``HeadWeights``).
        """
        assert isinstance(source, HeadWeights)
        config, files = self.config, self.files
        maker = LinearMaker(None, self.dtype, self.device, packed=self._packed)
        yield 0.0
        with untracked(self.device):
            self._embed = None
            if files.own_embeddings:
                self._embed = maker.embedding(source) or Table(maker.tensor(source, "embed"))
            self._fuse: LinearFn = maker.linear(source, ("head_fc",), 0, False)
            self._embed_norm, self._state_norm = (maker.tensor(source, role) for role in ("enorm", "hnorm"))
            self._feed_forward_norm = Norm(maker.tensor(source, "mlp_norm"))
            self._head_norm = Norm(maker.tensor(source, "norm"))
            self._mixer = load_attention(config, maker, source, self._index, self.cache_dtype, apart=True)
            self._feed_forward = load_mlp(config, maker, source, self._index)
            self._head = maker.linear(source, ("head",), 0, False)
            self.tokens_on_host = tokens = source.tokens(self.vocabulary)
            self.tokens = None if tokens is None else tokens.to(self.device)
            self._tables = [rope_table(config, self.max_positions, self.dtype, self.device)]
        self.parameters = maker.parameters
        yield 1.0

    @property
    def format(self) -> str:
        """The number format by name."""
        return "int8" if self.bits else str(self.dtype).removeprefix("torch.")

    @property
    def kernels(self) -> tuple[str, ...]:
        """Kinds of its linear layers, then the output head, after what it is."""
        runs = (*(one.run for one in (*self._mixer.linears, *self._feed_forward.linears)), self._head)
        return (f"eagle head of {self.files.draft_vocab}", *(type(run).__name__ for run in runs))

    # ----------------------------------------------------------------- running

    def kept(self, states: torch.Tensor) -> torch.Tensor:
        """One state ``[rows, hidden]`` of those that the target gave, ``[rows, taken * target_hidden]``."""
        with untracked(self.device):
            return self._fuse(states.to(self.dtype))

    def _begun(self, ids: torch.Tensor, before: torch.Tensor) -> tuple[Residual, torch.Tensor]:
        size, eps = (self.config.hidden_size,), self.config.norm_eps
        embedded = F.rms_norm(self._embedded(ids), size, self._embed_norm, eps)
        before = before.to(self.dtype)
        normed = F.rms_norm(before, size, self._state_norm, eps)
        x = residual(normed if self.files.norm_before_residual else before, self._feed_forward_norm, eps)
        return x, torch.cat((embedded, normed), dim=-1)

    def _embedded(self, ids: torch.Tensor) -> torch.Tensor:
        if self._embed is None:
            return self._target.embedded(ids).to(self.dtype)
        # a target padded to more tokens may write one that it does not know
        return self._embed(torch.where(ids < self.config.vocab_size, ids, 0)).to(self.dtype)

    def _turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        return turns_of(self._tables, spans)

    def _told(self, x: Residual, normed: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self._head(normed).float(), x.rows
