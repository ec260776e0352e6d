"""What a draft proposes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from helix_app.engine.sampling.grammar import GrammarMask
from helix_app.protocol.requests import GenerateRequest, SamplingParams


@dataclass(frozen=True)
class DraftRequest:
    """What a round wants of a draft.

    Attributes:
        tokens: the sequence to go on with.
        k: tokens to propose at most.
        uniform: independent numbers in [0, 1) to draw with.
        source: one that the draft offered.
        seed: draw with the noise of ``coupled.py`` instead, as the target will.
        max_tokens: in all that a second source may go on to; 0 stands for ``k``.
        begin: index of the reply's first token in ``tokens``.
        grammar: of the reply; what is drafted should keep to it.
        asked: the reply as it was asked for.
    """

    tokens: Sequence[int]
    k: int
    params: SamplingParams
    uniform: Callable[[], float]
    source: str = ""
    seed: int | None = None
    max_tokens: int = 0
    begin: int = 0
    grammar: GrammarMask | None = None
    asked: GenerateRequest | None = None


@dataclass(frozen=True)
class Proposal:
    """Drafted tokens and the distributions they were drawn from.

    ``probs`` is ``[len(ids), vocab]`` after the same filters as the target's; None says one-hot. Where a second source
    went on with the proposal of the first, ``own`` is how many tokens the first drew, ``then`` the name of the second.

    A ``pending`` one was drawn on the device and is not known here yet: only how many tokens it has.
    """

    ids: tuple[int, ...] = ()
    probs: torch.Tensor | None = None
    own: int | None = None
    then: str = ""
    pending: Pending | None = None

    @property
    def count(self) -> int:
        """How many tokens it has."""
        return len(self.ids) if self.pending is None else self.pending.ids.shape[0]


class Pending(Protocol):
    """A proposal that is still on the device.

    Attributes:
        ids: the drafted tokens ``[k]``.
        sent: what has to come home to know it.
        seconds: that the device is expected to take for it.
    """

    ids: torch.Tensor
    sent: tuple[torch.Tensor, ...]
    seconds: float

    def arrived(self, home: Sequence[torch.Tensor]) -> Proposal:
        """The proposal, from what was sent, now on the CPU in float32; shorter where the draft's numbers were none."""
        ...
