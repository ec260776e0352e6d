"""What a layer that drafts (``next_token.py``) shares with its target, whichever decoder that has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from helix_app.engine.kernels.attention import Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.decoder import Decoder
from helix_app.engine.models.linears import Embeddings, LinearMaker
from helix_app.engine.models.packed.decoder import PackedDecoder
from helix_app.engine.models.packed.linears import PackedEmbedding, PackedLinears
from helix_app.engine.models.parts.part import Turn
from helix_app.engine.models.residual import Norm

Drafted = Decoder | PackedDecoder  # a layer of whose model may draft for them


class Shared(Protocol):
    """Parts of a target."""

    @property
    def ends(self) -> tuple[Embeddings, Norm, LinearFn]:
        """Embeddings by ids, final norm and output head."""
        ...

    def linear_maker(self) -> LinearMaker:
        """Makes linear layers as its own are."""
        ...

    def turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        """The turns of the rows of all spans, of each rotary embedding."""
        ...


def shared_of(target: Drafted) -> Shared:
    """Those of a decoder, whose weights are loaded."""
    return _OfPacked(target) if isinstance(target, PackedDecoder) else target


class _OfPacked:
    """Those of a decoder for packed files: linear layers on the same blocks, a program each."""

    def __init__(self, target: PackedDecoder) -> None:
        self._target, self._linears = target, PackedLinears(target.library, target.pool)

    @property
    def ends(self) -> tuple[Embeddings, Norm, LinearFn]:
        embed, norm, head = self._target.ends
        embedding = PackedEmbedding(embed, self._target.dtype)
        return embedding, Norm(torch.from_numpy(norm)), self._linears.linear([head])

    def linear_maker(self) -> LinearMaker:
        return LinearMaker("plain", self._target.dtype, self._target.device, packed=self._linears)

    def turns(self, spans: Sequence[Span]) -> Sequence[Turn]:
        positions = np.concatenate([np.arange(span.start, span.start + span.rows) for span in spans])
        found = []
        for table in self._target.turns:
            cos, sin = (torch.from_numpy(half[positions]).unsqueeze(1) for half in table)
            found.append((torch.stack((cos, cos), dim=2), torch.stack((-sin, sin), dim=2)))
        return found
