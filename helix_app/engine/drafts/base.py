"""What a draft is to the engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch

from helix_app.engine.control.policy import Offer
from helix_app.protocol.requests import SamplingParams


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


class Draft(Protocol):
    """Proposes tokens. One draft serves one sequence at a time."""

    kind: str

    def fresh(self, repeatable: bool = False) -> Draft:
        """One of the same kind for another sequence; models and caches are shared.

        A ``repeatable`` one proposes nothing that depends on what was learnt from earlier replies.
        """
        ...

    def begin(self, sequence_id: str, label: str) -> None:
        """A new sequence starts."""
        ...

    def offers(self, tokens: Sequence[int]) -> tuple[Offer, ...]:
        """What it could propose after ``tokens``, the source it trusts most first; nothing is drawn yet."""
        ...

    def propose(
        self,
        tokens: Sequence[int],
        k: int,
        params: SamplingParams,
        uniform: Callable[[], float],
        source: str = "",
        seed: int | None = None,
    ) -> Proposal:
        """Up to ``k`` tokens to follow ``tokens``, from a source it offered; fewer or none where it cannot.

        Args:
            uniform: independent numbers in [0, 1) to draw with.
            seed: draw with the noise of ``coupled.py`` instead, as the target will.
        """
        ...

    def settle(self, tokens: Sequence[int]) -> None:
        """Verification is done and the sequence now is ``tokens``: forget what was rejected."""
        ...

    def end(self) -> None:
        """The sequence is over."""
        ...
