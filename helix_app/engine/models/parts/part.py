"""What a half of a layer is to the decoder, and how its linear layers run.

A half whose linear layers must give a row the same bits however many rows run beside it (``exact``, see
``kernels/attention.py``) asks kernels that sum in another order for one row, or from some number on, for two rows, or
for so many at a time.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from helix_app.engine.cache.state_cache import StateView
from helix_app.engine.kernels.attention import EXACT_ROWS, Path, Span
from helix_app.engine.kernels.linear import LinearFn
from helix_app.engine.models.base import bytes_of

Turn = tuple[torch.Tensor, torch.Tensor]  # cosines and sines of a pass's rows, each [rows, 1, 2, turned / 2]


@dataclass(frozen=True)
class Pass:
    """What the layers of a pass have in common.

    Attributes:
        turns: of each rotary embedding of the model.
        paths: where attention looks, sequence by sequence.
        paired: names of linear layers that run a single row as the first of two.
        pieces: how the rows of linear layers are split; () for not at all.
        together: rows that linear layers compute alike, where rows are split.
        growth: what queries are multiplied with by their position ``[rows, 1, 1]``, None for nothing.
        states: of recurrent layers, sequence by sequence; () in a model without.
        exact: of each of these, whether a row's bits must not depend on how many rows run beside it.
        alike: that holds for all rows, those of prompts too.
    """

    turns: Sequence[Turn]
    paths: Sequence[Path]
    paired: frozenset[str] = frozenset()
    pieces: Sequence[int] = ()
    together: int = 0
    growth: torch.Tensor | None = None
    states: Sequence[StateView] = ()
    exact: Sequence[bool] = ()
    alike: bool = False


@dataclass(frozen=True)
class Linear:
    """A linear layer of a half.

    Attributes:
        name: as profiles call it, such as ``qkv``.
        rows, columns: of its weight.
    """

    name: str
    run: LinearFn
    rows: int
    columns: int


class Part(ABC):
    """A half of a layer.

    Attributes:
        weights: names of what holds its weights: tensors, norms, linear layers; each may be None.
    """

    weights: tuple[str, ...]

    @property
    @abstractmethod
    def linears(self) -> Sequence[Linear]:
        """Its linear layers in the order in which they run."""

    @property
    def weight_bytes(self) -> int:
        """Bytes of weights that one row reads."""
        held = [self.__dict__[name] for name in self.weights]
        return sum(bytes_of(one) for one in held if one is not None)

    @abstractmethod
    def __call__(self, x: torch.Tensor, step: Pass) -> torch.Tensor:
        """From normed rows ``[rows, hidden]`` to what is added to the stream, ``[rows, hidden]``."""


def run_linear(linear: LinearFn, x: torch.Tensor, paired: bool, pieces: Sequence[int] = ()) -> torch.Tensor:
    """A linear layer, its rows in pieces; with ``paired`` a single row runs as the first of two. One that says itself
    that it computes all rows alike is asked once."""
    if rows_alike(linear):
        return linear(x)
    if len(pieces) > 1:
        return torch.cat([run_linear(linear, part, paired) for part in x.split(list(pieces))])
    return linear(torch.cat((x, x)))[:1] if paired and x.shape[0] == 1 else linear(x)


def rows_alike(linear: LinearFn) -> bool:
    """Whether a linear layer says that no row's bits depend on the rows beside it, however many they are."""
    return bool(getattr(linear, "rows_alike", False))


def pieces_of(spans: Sequence[int], together: int, prompts: bool = False) -> Sequence[int]:
    """How the rows of spans are split for linear layers that compute at most so many alike; () for not at all.

    Prompts, which are no function of the number of rows, stay whole, each by itself, unless ``prompts`` are to be split
    like all others.
    """
    if not together or sum(spans) <= together:
        return ()
    if prompts:
        return evenly(sum(spans), together)
    pieces: list[int] = []
    few = 0
    for rows in (*spans, EXACT_ROWS + 1):
        if rows <= EXACT_ROWS:
            few += rows
        else:
            pieces += [*evenly(few, together), rows]
            few = 0
    return pieces[:-1]


def evenly(rows: int, together: int) -> Sequence[int]:
    """So many rows in parts of at most so many."""
    count = -(-rows // together)
    return [rows // count + (i < rows % count) for i in range(count)]


def turns_of(tables: Sequence[Turn], spans: Sequence[Span]) -> Sequence[Turn]:
    """The turns of the rows of all spans, of each rotary embedding.

    Args:
        tables: cosines and sines of all positions, each ``[positions, 1, turned]``.
    """
    cut = [slice(span.start, span.start + span.rows) for span in spans]
    return halved([(joined([cos[rows] for rows in cut]), joined([sin[rows] for rows in cut])) for cos, sin in tables])


def halved(turns: Sequence[Turn]) -> Sequence[Turn]:
    """Cosines and sines ``[rows, 1, turned]`` as ``rotate_`` takes them."""
    return [(cos.view(-1, 1, 2, cos.shape[-1] // 2), sin.view(-1, 1, 2, sin.shape[-1] // 2)) for cos, sin in turns]


def joined(parts: Sequence[torch.Tensor]) -> torch.Tensor:
    """Rows of several sequences in one tensor."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts))
